import type { ClientBase } from 'pg';

/** Names of (at least) these vehicles, by id. */
export type VehicleNames = (vehicleIds: Iterable<number>) => Promise<ReadonlyMap<number, string>>;

/** Names as they were when first asked for; a vehicle is seldom renamed, and history keeps its old name. */
export function vehicleNames(client: ClientBase): VehicleNames {
  const known = new Map<number, string>();
  return async (vehicleIds) => {
    const missing = [...new Set(vehicleIds)].filter((id) => !known.has(id));
    if (missing.length > 0) {
      const { rows } = await client.query<{ vehicle_id: number; name: string }>(
        'select vehicle_id, name from vehicles where vehicle_id = any($1)',
        [missing],
      );
      for (const { vehicle_id, name } of rows) known.set(vehicle_id, name);
    }
    return known;
  };
}
