import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { OwnMessage } from '../../schemas/fix.ts';
import { distance } from '../../schemas/position.ts';
import { type FixFlag, fixFlags } from '../../schemas/reasons.ts';
import { instantFromMs, mpsFromKmh } from '../../schemas/units.ts';
import { judged } from './judged.ts';

export type JudgedRecording = {
  readonly count: number;
  readonly flagged: readonly { readonly flags: number; readonly line: string }[];
};

export const flagNames = (flags: number): string =>
  (Object.keys(fixFlags) as FixFlag[]).filter((name) => (flags & fixFlags[name]) !== 0).join('+');

type Row = { readonly vehicle: string; readonly message: OwnMessage; readonly received: number };

/** What is flagged of a recording (`gps/*.csv.gz`), with what its neighbours in time say. */
export function judgedRecording(file: string): JudgedRecording {
  const byVehicle = new Map<string, Row[]>();
  for (const row of rowsOf(file)) {
    const own = byVehicle.get(row.vehicle);
    if (own) own.push(row);
    else byVehicle.set(row.vehicle, [row]);
  }
  let count = 0;
  const flagged: { flags: number; line: string }[] = [];
  for (const [vehicle, rows] of byVehicle) {
    // Stored once, as ingest does: a row that repeats is the same fix.
    const once = new Map(rows.map((row) => [JSON.stringify(row.message), row]));
    const own = [...once.values()].sort((a, b) => a.message.ts - b.message.ts);
    const flags = judged(own);
    count += own.length;
    for (const [i, { message }] of own.entries()) {
      if (flags[i] === 0) continue;
      const line = `${vehicle} ${described(message)}: ${flagNames(flags[i]!)}; ${around(own, flags, i)}`;
      flagged.push({ flags: flags[i]!, line });
    }
  }
  return { count, flagged };
}

function described({ ts, lat, lng, speed, accuracy }: OwnMessage): string {
  return `${new Date(ts).toISOString()} ${lat},${lng} ${speed?.toFixed(1) ?? '–'} m/s ±${accuracy ?? '–'} m`;
}

/** Metres and seconds from the good fix before and to the one after. */
function around(rows: readonly Row[], flags: readonly number[], i: number): string {
  const step = (from: OwnMessage | undefined, to: OwnMessage | undefined): string =>
    from && to
      ? `${Math.round(distance(from, to))} m in ${((to.ts - from.ts) / 1000).toFixed(1)} s`
      : 'no neighbour';
  const before = rows.findLast((_, k) => k < i && flags[k] === 0)?.message;
  const after = rows.find((_, k) => k > i && flags[k] === 0)?.message;
  const own = rows[i]!.message;
  return `from before ${step(before, own)}, to after ${step(own, after)}, without it ${step(before, after)}`;
}

function rowsOf(file: string): Row[] {
  const [, ...lines] = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split(/\r?\n/);
  return lines.map((line) => {
    // What may hold a comma comes last, and is not needed.
    const [, vehicle = '', fixed = '', arrived = '', lat, lng, speed, heading, accuracy] = line.split(',');
    const ts = Date.parse(fixed);
    const number = (text: string | undefined): number | null => (text ? Number(text) : null);
    const message = {
      ...{ ts, lat: Number(lat), lng: Number(lng) },
      speed: speed ? mpsFromKmh(Number(speed)) : null,
      heading: number(heading),
      accuracy: number(accuracy),
    };
    return { vehicle, message, received: instantFromMs(arrived ? Date.parse(arrived) : ts) };
  });
}
