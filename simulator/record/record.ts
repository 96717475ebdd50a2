import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { asError, Fault } from '../../schemas/fault.ts';
import type { OwnMessage } from '../../schemas/fix.ts';
import { type Upload, uploads } from '../device/radio.ts';
import { dayMaker } from '../fleet.ts';
import type { PreparedShift } from '../main.ts';

/**
 * Writes what the devices of a shift say into a file that `replay` reads again: `.ndjson` with
 * everything, `.csv` with what recordings of others have, `.gpx` with the tracks alone; packed when
 * the name ends in .gz. Van by van, so that memory holds one van's day. Returns the number of fixes.
 */
export async function record(path: string, shift: PreparedShift): Promise<number> {
  const kind = /\.(ndjson|csv|gpx)(\.gz)?$/.exec(path)?.[1];
  if (kind === undefined) {
    throw new Fault('input/invalid', `${path} must end in .ndjson, .csv or .gpx (or .gz) to be recorded to`);
  }
  const count = { fixes: 0 };
  const text = kind === 'ndjson' ? ndjson : kind === 'csv' ? csv : gpx;
  try {
    await mkdir(dirname(path), { recursive: true });
    const pack = path.endsWith('.gz') ? [createGzip()] : [];
    await pipeline([Readable.from(text(shift, count)), ...pack, createWriteStream(path)]);
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    const detail = `cannot write ${path}: ${asError(thrown).message}`;
    throw new Fault('data/unusable', detail, { cause: thrown });
  }
  return count.fixes;
}

type Count = { fixes: number };

/** The uploads of each van with fixes; presses of the app are no part of a recording. */
function* telemetryOf({ scenario, ...shift }: PreparedShift) {
  const dayOf = dayMaker({ scenario, ...shift });
  for (const [routeIndex, { vehicle }] of shift.plan.routes.entries()) {
    yield { vehicle, sent: sentOf(uploads(dayOf(routeIndex), scenario)) };
  }
}

type Sent = { readonly message: OwnMessage; readonly due: number };

function* sentOf(all: Iterable<Upload>): Generator<Sent> {
  for (const upload of all) {
    if (upload.channel !== 'telemetry') continue;
    for (const message of upload.messages) yield { message, due: upload.due };
  }
}

function* ndjson(shift: PreparedShift, count: Count): Generator<string> {
  for (const { vehicle, sent } of telemetryOf(shift)) {
    for (const { message, due } of sent) {
      count.fixes++;
      yield `${JSON.stringify({ device: vehicle, ...message, sent: Math.round(due * 1000) })}\n`;
    }
  }
}

function* csv(shift: PreparedShift, count: Count): Generator<string> {
  yield 'source,vehicle_id,t_fix,t_recv,lat,lon,speed_kmh,heading_deg,accuracy_m,extra_json\n';
  for (const { vehicle, sent } of telemetryOf(shift)) {
    for (const { message, due } of sent) {
      count.fixes++;
      const { ts, lat, lng, speed, heading, accuracy } = message;
      const kmh = typeof speed === 'number' ? Math.round(speed * 360) / 100 : '';
      const times = [new Date(ts).toISOString(), new Date(due * 1000).toISOString()];
      yield `${[shift.scenario.name, vehicle, ...times, lat, lng, kmh, heading ?? '', accuracy ?? '', ''].join(',')}\n`;
    }
  }
}

/** GPX 1.1, a track a van, in order of time. */
function* gpx(shift: PreparedShift, count: Count): Generator<string> {
  yield '<?xml version="1.0" encoding="UTF-8"?>\n';
  yield '<gpx version="1.1" creator="Paceline" xmlns="http://www.topografix.com/GPX/1/1">\n';
  for (const { vehicle, sent } of telemetryOf(shift)) {
    yield `<trk><name>${vehicle}</name><trkseg>\n`;
    for (const { message } of [...sent].sort((a, b) => a.message.ts - b.message.ts)) {
      count.fixes++;
      const { ts, lat, lng } = message;
      yield `<trkpt lat="${lat}" lon="${lng}"><time>${new Date(ts).toISOString()}</time></trkpt>\n`;
    }
    yield '</trkseg></trk>\n';
  }
  yield '</gpx>\n';
}
