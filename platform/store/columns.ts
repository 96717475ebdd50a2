import type { VehicleInstant } from '../../schemas/engine-store.ts';

/** An instant of a timestamptz expression. */
export const instant = (sql: string, name: string) => `extract(epoch from ${sql})::float8 as "${name}"`;

/** Columns $1, $2: vehicles and instants. */
export const asked = `unnest($1::integer[], $2::float8[]) as ask (vehicle_id, since)`;
export const asking = (asks: readonly VehicleInstant[]) => [
  asks.map(({ vehicleId }) => vehicleId),
  asks.map(({ at }) => at),
];
