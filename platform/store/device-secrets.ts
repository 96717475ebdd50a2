import { readFile, writeFile } from 'node:fs/promises';
import type { ClientBase } from 'pg';
import { newSecret } from '../../dashboards/server/secret.ts';
import { Fault } from '../../schemas/fault.ts';
import { fleetIdOf } from './fleet-store.ts';

/** Secrets by device. */
export type DeviceSecrets = ReadonlyMap<string, string>;

/**
 * A secret for each of the simulated devices, made once and kept in a file, so that a later run logs in
 * with the same. A device that has a secret which is not of this file is a real one, and left alone.
 */
export async function simulatedSecrets(
  client: ClientBase,
  fleet: string,
  devices: readonly string[],
  file: string,
): Promise<DeviceSecrets> {
  const kept = new Map<string, string>(Object.entries(await readSecrets(file)));
  const made = devices.filter((device) => !kept.has(device)).map((device) => ({ device, ...newSecret() }));
  if (made.length > 0) {
    const fleetId = await fleetIdOf(client, fleet);
    const { rowCount } = await client.query(
      `update devices d set secret_hash = t.hash, broker_hash = t.broker_hash
       from unnest($2::text[], $3::text[], $4::text[]) as t (name, hash, broker_hash)
       where d.fleet_id = $1 and d.name = t.name and d.secret_hash is null`,
      [
        fleetId,
        made.map(({ device }) => device),
        made.map(({ hash }) => hash),
        made.map(({ brokerHash }) => brokerHash),
      ],
    );
    if (rowCount !== made.length) {
      throw new Fault(
        'input/invalid',
        `of ${made.length} devices of ${fleet} only ${rowCount} are known and have no secret yet: leave --no-plan away, or name another fleet`,
      );
    }
    await client.query('select pg_notify($1, $2)', ['paceline_directory', String(fleetId)]);
    for (const { device, secret } of made) kept.set(device, secret);
    await writeFile(file, JSON.stringify(Object.fromEntries(kept)), { mode: 0o600 });
  }
  return kept;
}

async function readSecrets(file: string): Promise<Record<string, string>> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    // The first run has none.
    return {};
  }
}
