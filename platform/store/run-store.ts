import type { ClientBase } from 'pg';
import type { LoadRun } from '../runs/run.ts';

export type StoredRun = LoadRun & { readonly loadRunId: number };

/** Writes a run into the book of its fleet; its number, or undefined when there is no such fleet. */
export async function storeRun(client: ClientBase, run: LoadRun): Promise<number | undefined> {
  const { rows } = await client.query<{ id: string }>(
    `insert into load_runs (fleet_id, kind, scenario, seed, vans, started_at, ended_at, platform_version, git_version,
       machine, figures)
     select fleet_id, $2, $3, $4, $5, to_timestamp($6), to_timestamp($7), $8, $9, $10, $11 from fleets where name = $1
     returning load_run_id as id`,
    [
      run.fleet,
      run.kind,
      run.scenario,
      run.seed,
      run.vans,
      run.startedAt,
      run.endedAt,
      run.platformVersion,
      run.gitVersion,
      JSON.stringify(run.machine),
      JSON.stringify(run.figures),
    ],
  );
  return rows[0] === undefined ? undefined : Number(rows[0].id);
}

const columns = `r.load_run_id::float8 as "loadRunId", r.kind, r.scenario, r.seed, f.name as fleet, r.vans,
  extract(epoch from r.started_at)::float8 as "startedAt", extract(epoch from r.ended_at)::float8 as "endedAt",
  r.platform_version as "platformVersion", r.git_version as "gitVersion", r.machine, r.figures`;

/** The newest runs first, of one fleet or of all. */
export async function readRuns(
  client: ClientBase,
  { fleet, limit }: { readonly fleet: string | undefined; readonly limit: number },
): Promise<StoredRun[]> {
  const { rows } = await client.query<StoredRun>(
    `select ${columns} from load_runs r join fleets f using (fleet_id)
     where $1::text is null or f.name = $1
     order by r.started_at desc, r.load_run_id desc limit $2`,
    [fleet, limit],
  );
  return rows;
}

export async function readRun(client: ClientBase, loadRunId: number): Promise<StoredRun | undefined> {
  const { rows } = await client.query<StoredRun>(
    `select ${columns} from load_runs r join fleets f using (fleet_id) where r.load_run_id = $1`,
    [loadRunId],
  );
  return rows[0];
}
