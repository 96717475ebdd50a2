import { setTimeout as delay } from 'node:timers/promises';
import { withClient } from '../with-database.ts';
import type { LoadSetup } from './setup.ts';

/** How long an outside broker may take to hand on what it has acknowledged. */
const PATIENCE_MS = 15_000;
/** Seconds by which the first fix may be older than the run. */
const SLACK = 1;

/**
 * How many fixes of the load's own vans the table has from a run: asked again until all that was
 * acknowledged is there, or nothing more comes.
 */
export async function storedOfRun(
  databaseUrl: string,
  { fleet }: Pick<LoadSetup, 'fleet'>,
  { startedAt, acknowledged }: { readonly startedAt: number; readonly acknowledged: number },
): Promise<number> {
  return withClient(databaseUrl, async (client) => {
    let stored = 0;
    for (let waited = 0; ; waited += 500) {
      const { rows } = await client.query<{ stored: number }>(
        `select count(*)::float8 as stored
         from fixes x join vehicles v using (vehicle_id) join fleets f on f.fleet_id = v.fleet_id
         where f.name = $1 and v.name ~ '^load-[0-9]+$' and x.at >= to_timestamp($2)`,
        [fleet, startedAt - SLACK],
      );
      stored = rows[0]?.stored ?? 0;
      if (stored >= acknowledged || waited >= PATIENCE_MS) return stored;
      await delay(500);
    }
  });
}
