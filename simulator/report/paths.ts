import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { asError, Fault } from '../../schemas/fault.ts';
import type { VanDay } from '../van/day.ts';
import type { Column } from '../van/track.ts';

/** Digits behind the point: enough to find the van again within half a metre at any instant. */
const digits = { t: 5, s: 3, v: 5, d: 3, lng: 8, lat: 8 } as const;

/**
 * Writes where each van exactly was, one JSON object a line: `vehicle`, then the columns of `Track`
 * (knots t, s, v; vertices d, lng, lat). Packed when the name ends in .gz. How many vans.
 */
export function writePaths(path: string, days: Iterable<VanDay>): number {
  const lines: string[] = [];
  for (const { vehicle, track } of days) {
    const columns = Object.entries(digits).map(([name, count]) => [
      name,
      rounded(track[name as keyof typeof digits], count),
    ]);
    lines.push(JSON.stringify({ vehicle, ...Object.fromEntries(columns) }));
  }
  const text = `${lines.join('\n')}\n`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, path.endsWith('.gz') ? gzipSync(text) : text);
  } catch (thrown) {
    throw new Fault('data/unusable', `cannot write the paths to ${path}: ${asError(thrown).message}`);
  }
  return lines.length;
}

const rounded = (column: Column, count: number): number[] =>
  Array.from(column, (x) => Number(x.toFixed(count)));
