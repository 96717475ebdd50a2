import type { ClientBase } from 'pg';

/**
 * Has the engine derive every vehicle of a fleet again from an instant on (−∞: from its first fix), with the
 * fences and depots of now; gives how many. Who commits it tells `paceline_world`, which the engine hears.
 */
export async function orderRederivation(client: ClientBase, fleetId: number, from: number): Promise<number> {
  const { rowCount } = await client.query(
    `insert into rederivations (vehicle_id, from_at)
     select v.vehicle_id, to_timestamp($2) from vehicles v
     where v.fleet_id = $1
       and exists (select from fixes f where f.vehicle_id = v.vehicle_id and f.at >= to_timestamp($2))
     on conflict (vehicle_id) do update set from_at = least(rederivations.from_at, excluded.from_at)`,
    [fleetId, from],
  );
  return rowCount ?? 0;
}
