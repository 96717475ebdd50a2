import { barChart, dashboard, stat, table } from './panels.ts';

const inTime = '$__timeFilter(started_at)';

const count = (title: string, description: string, kinds: string, x: number) =>
  stat({
    title,
    description,
    at: [x, 0, 6, 4],
    sql: `select count(*) as events from v_behaviour where ${inTime} and kind in (${kinds})`,
    field: { unit: 'short', decimals: 0 },
  });

/** How do our drivers drive, and what does that rest on? */
export const driving = dashboard({
  uid: 'driving',
  title: 'Driving behaviour',
  description: 'What drivers did: harsh, too fast, unbelted, with the engine on; each with its evidence.',
  tags: ['drivers'],
  from: 'now-24h',
  refresh: '1m',
  variables: [],
  panels: [
    count(
      'Harsh',
      'Braking, pulling away and cornering beyond the policy of the fleet.',
      `'harsh_braking', 'harsh_acceleration', 'harsh_cornering'`,
      0,
    ),
    count('Speeding', 'A minute or more beyond the limit of the fleet.', `'speeding'`, 6),
    count('Unbelted', 'Stretches driven faster than walking without a belt.', `'unbelted'`, 12),
    count('Idling', 'A minute or more of standing with the engine on.', `'idling'`, 18),
    barChart({
      title: 'By kind',
      description: 'So many of each kind.',
      at: [0, 4, 9, 9],
      sql: `select kind, count(*) as events from v_behaviour where ${inTime} group by kind order by events desc`,
      field: { unit: 'short', decimals: 0 },
    }),
    table({
      title: 'By driver',
      description: 'Most first; a van without a driver in the plan stands by its own name.',
      at: [9, 4, 15, 9],
      sql: `
select coalesce(driver, vehicle) as who,
  count(*) filter (where kind like 'harsh%') as harsh, count(*) filter (where kind = 'speeding') as speeding,
  count(*) filter (where kind = 'unbelted') as unbelted, count(*) filter (where kind = 'idling') as idling,
  count(*) filter (where kind = 'parking_sequence') as "door first"
from v_behaviour
where ${inTime}
group by 1
order by count(*) desc, 1
limit 200`,
    }),
    table({
      title: 'Evidence',
      description:
        'Newest first: from when, how long, the worst and what it was held against (g, m/s or seconds).',
      at: [0, 13, 24, 11],
      sql: `
select started_at as "time", vehicle, driver, route, kind, seconds, value as worst, limit_value as "limit", source,
  policy_version as policy
from v_behaviour
where ${inTime}
order by started_at desc
limit 500`,
      fields: { seconds: { unit: 's', decimals: 0 }, worst: { decimals: 2 }, limit: { decimals: 2 } },
    }),
  ],
});
