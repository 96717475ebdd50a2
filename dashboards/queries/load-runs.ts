import type { LoadRunRow } from '../api.ts';
import type { Query } from '../server/query.ts';

/** The book of load runs, newest first. */
export function loadRuns(query: Query, limit: number): Promise<LoadRunRow[]> {
  return query<LoadRunRow>(
    `select load_run_id as "loadRunId", kind, scenario, seed, vans,
       extract(epoch from started_at)::float8 as "startedAt", extract(epoch from ended_at)::float8 as "endedAt",
       platform_version as "platformVersion", git_version as "gitVersion", machine, figures
     from v_load_run
     order by started_at desc, load_run_id desc
     limit $1`,
    [limit],
  );
}
