import { type FixColumns, fixAt } from '../../schemas/batch.ts';
import type { Fix } from '../../schemas/fix.ts';
import { msFromInstant } from '../../schemas/units.ts';
import { clickHouseTime } from './rows.ts';

/** Columns of ClickHouse's `fixes`, in the order of `fixRow`. */
export const fixRowColumns: [string, ...string[]] = [
  'fleet_id',
  'vehicle_id',
  'vehicle',
  'device_id',
  'at',
  'key',
  'delay_ms',
  'lng_e7',
  'lat_e7',
  'speed_cms',
  'heading_cdeg',
  'accuracy_dm',
  'altitude_dm',
  'satellites',
  'ignition',
  'odometer_dm',
  'fuel_e4',
  'soc_e4',
  'rpm',
  'door',
  'belt',
  'buffered',
  'flags',
  'version',
];

export type FixRow = readonly (string | number | boolean | null)[];

/** What a fix of the log becomes; `version` is the engine commit that set `flags`, 0 while none has. */
export function fixRow(fix: Fix, vehicle: string, version: number): FixRow {
  const heading = fix.heading === undefined ? undefined : ((fix.heading % 360) + 360) % 360;
  return [
    fix.fleetId,
    fix.vehicleId,
    vehicle,
    fix.deviceId,
    clickHouseTime(fix.at),
    fix.key,
    msFromInstant(fix.received) - msFromInstant(fix.at),
    Math.round(fix.lng * 1e7),
    Math.round(fix.lat * 1e7),
    scaled(fix.speed, 100, 0, UINT32_MAX),
    scaled(heading, 100, 0, 36_000),
    scaled(fix.accuracy, 10, 0, UINT32_MAX),
    scaled(fix.altitude, 10, INT32_MIN, INT32_MAX),
    scaled(fix.satellites, 1, 0, 255),
    fix.ignition ?? null,
    scaled(fix.odometer, 10, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    scaled(fix.fuel, 1e4, INT32_MIN, INT32_MAX),
    scaled(fix.soc, 1e4, INT32_MIN, INT32_MAX),
    scaled(fix.rpm, 1, 0, UINT32_MAX),
    fix.door ?? null,
    fix.belt ?? null,
    fix.buffered ?? null,
    fix.flags,
    version,
  ];
}

/** Every fix of a packed batch, as a row. */
export function fixRows(columns: FixColumns, vehicles: ReadonlyMap<number, string>): FixRow[] {
  const rows: FixRow[] = [];
  for (let i = 0; i < columns.count; i++) {
    const fix = fixAt(columns, i);
    rows.push(fixRow(fix, vehicles.get(fix.vehicleId) ?? '', 0));
  }
  return rows;
}

const UINT32_MAX = 2 ** 32 - 1;
const INT32_MAX = 2 ** 31 - 1;
const INT32_MIN = -(2 ** 31);

/** Fixed point, kept inside the column's type: what a broken sensor says must not stop the feed. */
function scaled(value: number | undefined, scale: number, min: number, max: number): number | null {
  if (value === undefined || Number.isNaN(value)) return null;
  return Math.min(max, Math.max(min, Math.round(value * scale)));
}
