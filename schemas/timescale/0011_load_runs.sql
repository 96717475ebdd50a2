-- The load-run book: what was run, of which version, on which machine, and what came of it, so that two
-- runs can be laid side by side.

alter table load_runs
  add column kind text not null default 'simulate'
    constraint load_runs_kind_known check (kind in ('simulate', 'demo', 'http', 'live', 'mqtt')),
  add column vans integer,
  add column platform_version text,
  add column git_version text,
  add column machine jsonb not null default '{}';
create index load_runs_newest on load_runs (fleet_id, started_at desc);

comment on column load_runs.kind is 'who made the load: simulate, demo (start --exit-after), or k6 as http, live, mqtt';
comment on column load_runs.vans is 'how many vans the scenario has';
comment on column load_runs.platform_version is 'version of Paceline';
comment on column load_runs.git_version is 'commit it was built from, “-dirty” with changes; null outside of a checkout';
comment on column load_runs.machine is 'where it ran: cpus, cpuModel, memoryMb, node, os';
comment on column load_runs.figures is 'what was measured, by name; numbers only, with their unit in the name';

drop view v_load_run;
create view v_load_run with (security_barrier) as
select load_run_id, kind, scenario, seed, vans, started_at, ended_at, platform_version, git_version,
  (machine->>'cpus')::integer as cpus,
  (machine->>'memoryMb')::float8 as memory_mb,
  machine->>'node' as node,
  (figures->>'offered')::float8 as offered,
  (figures->>'acknowledged')::float8 as acknowledged,
  (figures->>'stored')::float8 as stored,
  (figures->>'lost')::float8 as lost,
  (figures->>'twice')::float8 as twice,
  (figures->>'repeated')::float8 as repeated,
  (figures->>'late')::float8 as late,
  (figures->>'rejected')::float8 as rejected,
  (figures->>'fixes_per_second')::float8 as fixes_per_second,
  (figures->>'latency_p50_ms')::float8 as latency_p50_ms,
  (figures->>'latency_p95_ms')::float8 as latency_p95_ms,
  (figures->>'latency_p99_ms')::float8 as latency_p99_ms,
  (figures->>'platform_cpu_seconds')::float8 as platform_cpu_seconds,
  (figures->>'platform_memory_max_mb')::float8 as platform_memory_max_mb,
  machine, figures
from load_runs
where fleet_id = current_fleet();
comment on view v_load_run is 'Runs of a load, with the figures that most of them have.';
comment on column v_load_run.load_run_id is 'number of the run';
comment on column v_load_run.kind is 'who made the load: simulate, demo (start --exit-after), or k6 as http, live, mqtt';
comment on column v_load_run.scenario is 'what the vans did';
comment on column v_load_run.seed is 'the same seed makes the same vans do the same';
comment on column v_load_run.vans is 'how many vans the scenario has';
comment on column v_load_run.started_at is 'when it began, by the wall clock';
comment on column v_load_run.ended_at is 'when it ended';
comment on column v_load_run.platform_version is 'version of Paceline';
comment on column v_load_run.git_version is 'commit it was built from; null outside of a checkout';
comment on column v_load_run.cpus is 'processors of the machine';
comment on column v_load_run.memory_mb is 'memory of the machine, megabytes';
comment on column v_load_run.node is 'version of Node';
comment on column v_load_run.offered is 'fixes given to the broker, copies counted each time; for k6 messages';
comment on column v_load_run.acknowledged is 'of them, those with a PUBACK';
comment on column v_load_run.stored is 'distinct fixes acknowledged and found in the table';
comment on column v_load_run.lost is 'distinct fixes acknowledged and not found in the table';
comment on column v_load_run.twice is 'rows that say the same as another';
comment on column v_load_run.repeated is 'fixes that came again and changed nothing, ever, of the fleet';
comment on column v_load_run.late is 'fixes behind a newer one, ever, of the fleet';
comment on column v_load_run.rejected is 'payloads that were no fixes, ever, of the fleet';
comment on column v_load_run.fixes_per_second is 'fixes acknowledged in a second, in the mean of the run';
comment on column v_load_run.latency_p50_ms is 'from when it was due to its PUBACK, or to the answer: half were faster, milliseconds';
comment on column v_load_run.latency_p95_ms is 'likewise, 95 of 100 were faster';
comment on column v_load_run.latency_p99_ms is 'likewise, 99 of 100 were faster';
comment on column v_load_run.platform_cpu_seconds is 'processor time of all processes of the platform during the run, seconds';
comment on column v_load_run.platform_memory_max_mb is 'most private memory of all of them together, megabytes';
comment on column v_load_run.machine is 'where it ran: cpus, cpuModel, memoryMb, node, os';
comment on column v_load_run.figures is 'everything that was measured, by name';

create view v_load_run_figure with (security_barrier) as
select r.load_run_id, f.key as figure, (f.value #>> '{}')::float8 as value
from load_runs r cross join lateral jsonb_each(r.figures) f
where r.fleet_id = current_fleet() and jsonb_typeof(f.value) = 'number';
comment on view v_load_run_figure is 'Figures of load runs, a row each, to lay two runs side by side.';
comment on column v_load_run_figure.load_run_id is 'number of the run';
comment on column v_load_run_figure.figure is 'what was measured, with its unit';
comment on column v_load_run_figure.value is 'how much';

grant select on v_load_run, v_load_run_figure to paceline_web;
