import { atMost, barChart, dashboard, stat, table, timeSeries } from './panels.ts';

/** Minutes that are over: the one in hand is not full yet and would look like a drop. */
const fullMinutes = `$__timeFilter(minute) and minute < date_trunc('minute', now())`;

const perSecond = (column: string) => `sum(${column}) * 1000.0 / $__interval_ms as ${column}`;

function counted(column: string): string {
  return `select coalesce(sum(${column}), 0) as ${column} from v_ingest_minute where $__timeFilter(minute)`;
}

/** Does what the devices send arrive, all of it, once, and soon? */
export const ingestHealth = dashboard({
  uid: 'ingest-health',
  title: 'Ingest health',
  description: 'Does what the devices send arrive: all of it, once, and soon?',
  tags: ['ingest'],
  from: 'now-1h',
  refresh: '10s',
  variables: [
    {
      name: 'rows',
      type: 'custom',
      label: 'Rows',
      query: '20,100,500',
      current: { text: '20', value: '20' },
    },
  ],
  panels: [
    stat({
      title: 'Accepted',
      description: 'Fixes stored in this time.',
      at: [0, 0, 4, 4],
      sql: counted('accepted'),
      field: { unit: 'short', decimals: 0 },
    }),
    stat({
      title: 'Duplicate',
      description: 'Fixes that came again and changed nothing: retries and repeated uploads.',
      at: [4, 0, 4, 4],
      sql: counted('duplicate'),
      field: { unit: 'short', decimals: 0 },
    }),
    stat({
      title: 'Late',
      description: 'Fixes that came behind a newer one of their vehicle.',
      at: [8, 0, 4, 4],
      sql: counted('late'),
      field: { unit: 'short', decimals: 0 },
    }),
    stat({
      title: 'Rejected',
      description: 'Payloads that are no fixes. The reasons are below.',
      at: [12, 0, 4, 4],
      sql: counted('rejected'),
      field: { unit: 'short', decimals: 0, ...atMost(1, 100) },
    }),
    stat({
      title: 'Missing',
      description: 'Gaps in the numbering of the devices: fixes that were made and never came.',
      at: [16, 0, 4, 4],
      sql: 'select coalesce(sum(missing), 0) as missing from v_device_health',
      field: { unit: 'short', decimals: 0, ...atMost(1, 1000) },
    }),
    stat({
      title: 'Silent devices',
      description:
        'Devices that were heard once, and not in the last ten minutes before the newest fix of the fleet.',
      at: [20, 0, 4, 4],
      sql: `
select count(*) as silent
from v_device_health
where last_at < (select max(last_at) from v_device_health) - interval '10 minutes'`,
      field: { unit: 'short', decimals: 0, ...atMost(1, 50) },
    }),
    timeSeries({
      title: 'Fixes per second',
      description: 'What arrived, by what became of it.',
      at: [0, 4, 12, 9],
      sql: `
select $__timeGroupAlias(minute,$__interval),
  ${['accepted', 'duplicate', 'late', 'filtered', 'rejected'].map(perSecond).join(',\n  ')}
from v_ingest_minute
where ${fullMinutes}
group by 1
order by 1`,
      field: { unit: 'short', min: 0 },
    }),
    timeSeries({
      title: 'Commit time',
      description:
        'How long the database took to make a batch durable. A device waits this long for its acknowledgement.',
      at: [12, 4, 12, 9],
      sql: `
select $__timeGroupAlias(minute,$__interval),
  sum(commit_ms_mean * commits) / nullif(sum(commits), 0) as mean,
  max(commit_ms_max) as longest
from v_ingest_minute
where ${fullMinutes}
group by 1
order by 1`,
      field: { unit: 'ms', min: 0 },
    }),
    barChart({
      title: 'Rejections by reason',
      description: 'What was wrong with payloads that are no fixes.',
      at: [0, 13, 8, 9],
      sql: `
select reason, sum(times) as payloads
from v_rejection
where $__timeFilter(received)
group by reason
order by payloads desc, reason`,
      field: { unit: 'short', decimals: 0 },
    }),
    table({
      title: 'Newest rejections',
      description: 'The payload itself is kept; this is its beginning.',
      at: [8, 13, 16, 9],
      sql: `
select received as "time", device, topic, reason, detail, times, payload
from v_rejection
where $__timeFilter(received)
order by received desc
limit \${rows:sqlstring}`,
    }),
    table({
      title: 'Devices',
      description: 'Those with losses first. Latency is from the newest fix to its receipt.',
      at: [0, 22, 24, 12],
      sql: `
select device, vehicle, last_received as "last heard", last_latency as latency, missing, accepted, duplicate,
  late, filtered, rejected
from v_device_health
order by missing desc, rejected desc, last_received
limit \${rows:sqlstring}`,
      fields: { latency: { unit: 's', decimals: 1 }, 'last heard': { unit: 'dateTimeFromNow' } },
    }),
  ],
});
