import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { distanceOf } from '../../schemas/position.ts';
import { dayMaker } from '../fleet.ts';
import { prepareShift } from '../main.ts';
import { openTrackReader, type Track } from '../van/track.ts';
import { writePaths } from './paths.ts';

test('writePaths() writes where a van was, so that it can be read at any instant', () => {
  const folder = mkdtempSync(join(tmpdir(), 'paceline-paths-'));
  try {
    const broker = { url: 'mqtt://127.0.0.1:1' };
    const shift = prepareShift(
      { scenario: 'quiet-day', vans: 1, startAt: 1_790_000_000, broker, ledgerFile: join(folder, 'none') },
      1_790_050_000,
    );
    const day = dayMaker(shift)(0);
    const file = join(folder, 'paths.ndjson.gz');
    expect(writePaths(file, [day])).toBe(1);
    const read = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as Track & { vehicle: string };
    expect(read.vehicle).toBe(day.vehicle);
    const [written, true_] = [openTrackReader(read), openTrackReader(day.track)];
    for (let at = day.leftAt; at < day.returnedAt; at += 97) {
      const [a, b] = [written(at), true_(at)];
      expect(distanceOf(a.lng, a.lat, b.lng, b.lat)).toBeLessThan(0.5);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
