import { atMost, barChart, dashboard, stat, table } from './panels.ts';

const inTime = '$__timeFilter(started_at)';

/** A figure of the newest run that has it. */
function newest(column: string): string {
  return `
select ${column}
from v_load_run
where ${inTime} and ${column} is not null
order by started_at desc, load_run_id desc
limit 1`;
}

/** The number that somebody wrote into a box; null when it is none. */
const written = (box: string) => `substring(\${${box}:sqlstring}::text from '^[0-9]{1,15}$')::bigint`;

/** Bars for the newest twelve runs that have a figure, oldest first. */
function perRun(column: string): string {
  return `
with newest as (
  select load_run_id, kind, scenario, ${column}
  from v_load_run
  where ${inTime} and ${column} is not null
  order by load_run_id desc
  limit 12
)
select load_run_id || ' ' || kind || ' ' || scenario as run, ${column}
from newest
order by load_run_id`;
}

const box = (name: string, label: string) => ({
  name,
  type: 'textbox' as const,
  label,
  query: '',
  current: { text: '', value: '' },
});

/** What does the platform hold, on this machine, and is this version better than the last? */
export const loadRuns = dashboard({
  uid: 'load-runs',
  title: 'Load runs',
  description: 'What the platform holds: every run of simulate and load, and two of them side by side.',
  tags: ['load'],
  from: 'now-30d',
  refresh: '1m',
  variables: [box('a', 'Run A'), box('b', 'Run B')],
  panels: [
    stat({
      title: 'Runs',
      description: 'Load runs that began in this time.',
      at: [0, 0, 4, 4],
      sql: `select count(*) as runs from v_load_run where ${inTime}`,
      field: { unit: 'short', decimals: 0 },
    }),
    stat({
      title: 'Lost',
      description:
        'Fixes acknowledged and not stored, in the newest run that counted them. One is one too many.',
      at: [4, 0, 4, 4],
      sql: newest('lost'),
      field: { unit: 'short', decimals: 0, ...atMost(1, 1) },
    }),
    stat({
      title: 'Offered',
      description: 'Fixes given to the broker in the newest run; messages when k6 made it.',
      at: [8, 0, 4, 4],
      sql: newest('offered'),
      field: { unit: 'short', decimals: 0 },
    }),
    stat({
      title: 'Latency p99',
      description:
        'Of the newest run: from when a message was due to its PUBACK, or of a request to its answer.',
      at: [12, 0, 4, 4],
      sql: newest('latency_p99_ms'),
      field: { unit: 'ms', decimals: 0 },
    }),
    stat({
      title: 'Processors',
      description: 'Of the machine of the newest run. Runs of different machines do not compare.',
      at: [16, 0, 4, 4],
      sql: newest('cpus'),
      field: { unit: 'short', decimals: 0 },
    }),
    stat({
      title: 'Vans',
      description: 'Of the scenario of the newest run.',
      at: [20, 0, 4, 4],
      sql: newest('vans'),
      field: { unit: 'short', decimals: 0 },
    }),
    table({
      title: 'Runs',
      description: 'Newest first. Version is the commit where there was one.',
      at: [0, 4, 24, 9],
      sql: `
select load_run_id as run, started_at as "time", kind, scenario, seed, vans, offered, acknowledged, stored, lost,
  twice, repeated, late, rejected, fixes_per_second as "fixes/s", latency_p50_ms as p50, latency_p99_ms as p99,
  platform_cpu_seconds as cpu, platform_memory_max_mb as "memory MB", coalesce(git_version, platform_version) as version,
  cpus, node
from v_load_run
where ${inTime}
order by started_at desc, load_run_id desc
limit 200`,
      fields: {
        p50: { unit: 'ms', decimals: 1 },
        p99: { unit: 'ms', decimals: 1 },
        cpu: { unit: 's', decimals: 0 },
        'memory MB': { unit: 'short', decimals: 0 },
        lost: atMost(1, 1),
        twice: atMost(1, 1),
      },
    }),
    table({
      title: 'Side by side',
      description:
        'Every figure of runs A and B (their numbers above; empty: the newest, and the one of its kind and scenario before it), and B over A.',
      at: [0, 13, 12, 14],
      sql: `
with newest as (
  select load_run_id from v_load_run order by started_at desc, load_run_id desc limit 1
), b_run as (
  select r.load_run_id, r.kind, r.scenario
  from v_load_run r cross join newest
  where r.load_run_id = coalesce(${written('b')}, newest.load_run_id)
), chosen as (
  select b_run.load_run_id as b,
    coalesce(${written('a')}, (
      select max(r.load_run_id) from v_load_run r
      where r.kind = b_run.kind and r.scenario = b_run.scenario and r.load_run_id < b_run.load_run_id
    )) as a
  from b_run
), ones as (
  select figure, value from v_load_run_figure join chosen on load_run_id = chosen.a
), others as (
  select figure, value from v_load_run_figure join chosen on load_run_id = chosen.b
)
select figure, ones.value as "A", others.value as "B", others.value / nullif(ones.value, 0) as "B/A"
from ones full join others using (figure)
order by figure`,
      fields: { 'B/A': { decimals: 3 } },
    }),
    barChart({
      title: 'Fixes per second',
      description: 'Acknowledged in a second, in the mean of each run.',
      at: [12, 13, 12, 7],
      sql: perRun('fixes_per_second'),
      field: { unit: 'short', decimals: 0 },
    }),
    barChart({
      title: 'Latency p99 of each run',
      description: 'From due to PUBACK, or from request to answer.',
      at: [12, 20, 12, 7],
      sql: perRun('latency_p99_ms'),
      field: { unit: 'ms', decimals: 0 },
    }),
  ],
});
