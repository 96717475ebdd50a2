import { basename } from 'node:path';
import { Fault } from '../../schemas/fault.ts';
import type { OwnMessage } from '../../schemas/fix.ts';
import { hash32 } from '../../schemas/random.ts';
import { topicName } from '../../schemas/topics.ts';
import { mpsFromKmh } from '../../schemas/units.ts';
import { readText } from '../city/road-file.ts';
import { records } from '../report/csv.ts';

/** One report as recorded, in the own format, and when it arrived (ms; its own time where unknown). */
export type Recorded = {
  readonly device: string;
  readonly message: OwnMessage;
  readonly arrivedMs: number;
};

export type Recording = {
  /** In order of arrival. */
  readonly rows: readonly Recorded[];
  /** Rows without a time or a place. */
  readonly unusable: number;
};

/** Reads `.csv`, `.ndjson` or `.gpx`, packed with gzip or not. */
export function readRecording(path: string): Recording {
  const kind = /\.(csv|ndjson|gpx)(\.gz)?$/.exec(path)?.[1];
  if (kind === undefined) {
    throw new Fault(
      'input/invalid',
      `${path} is no recording: it must end in .csv, .ndjson or .gpx (or .gz)`,
    );
  }
  const text = readText(path);
  const rows =
    kind === 'csv' ? csvRows(text, path) : kind === 'gpx' ? gpxRows(text, path) : jsonRows(text, path);
  const good = rows.filter((row) => row !== undefined);
  return { rows: good, unusable: rows.length - good.length };
}

const columns = [
  'vehicle_id',
  't_fix',
  't_recv',
  'lat',
  'lon',
  'speed_kmh',
  'heading_deg',
  'accuracy_m',
  'extra_json',
] as const;

/**
 * Numbers are taken over as written; kilometres per hour become metres per second. Nothing is invented: what the row does not say, the message does
 * not either.
 */
function csvRows(text: string, path: string): (Recorded | undefined)[] {
  return [...records(text, columns, path)].map((row) => {
    const ts = Date.parse(row.t_fix);
    const [lat, lng] = [numeric(row.lat), numeric(row.lon)];
    if (Number.isNaN(ts) || lat === undefined || lng === undefined) return undefined;
    const kmh = numeric(row.speed_kmh);
    const message: OwnMessage = {
      ts,
      lat,
      lng,
      ...(kmh === undefined ? {} : { speed: mpsFromKmh(kmh) }),
      ...defined('heading', numeric(row.heading_deg)),
      ...defined('accuracy', numeric(row.accuracy_m)),
      ...extras(row.extra_json),
    };
    const arrived = Date.parse(row.t_recv);
    return { device: deviceName(row.vehicle_id), message, arrivedMs: Number.isNaN(arrived) ? ts : arrived };
  });
}

/** What vehicles tell under other names. */
function extras(text: string): Partial<OwnMessage> {
  if (!text.startsWith('{')) return {};
  try {
    const extra: Record<string, unknown> = JSON.parse(text);
    return {
      ...defined('rpm', extra.Rpm),
      ...defined('altitude', extra['GPS Altitude']),
    };
  } catch {
    return {};
  }
}

/** Own messages, one a line, each with the name of its `device`. */
function jsonRows(text: string, path: string): (Recorded | undefined)[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, index) => {
      const value = parsedLine(line, `${path}, line ${index + 1}`);
      const { device, ...message } = value;
      if (typeof device !== 'string' || ![message.ts, message.lat, message.lng].every(Number.isFinite)) {
        return undefined;
      }
      const { sent } = message;
      return {
        device: deviceName(device),
        message,
        arrivedMs: typeof sent === 'number' ? sent : message.ts,
      };
    });
}

function parsedLine(line: string, where: string): OwnMessage & { readonly device?: unknown } {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new Fault('input/invalid', `${where} is not JSON`, { cause });
  }
}

/** Track points of GPX 1.1 (https://www.topografix.com/GPX/1/1/); a track is a vehicle. */
function gpxRows(text: string, path: string): (Recorded | undefined)[] {
  const fallback = basename(path).replace(/\.gpx(\.gz)?$/, '');
  return [...text.matchAll(/<trk>([\s\S]*?)<\/trk>/g)].flatMap(([, track = '']) => {
    const named = /<name>(?:<!\[CDATA\[)?([^<\]]+)/.exec(track.replace(/<trkseg>[\s\S]*$/, ''))?.[1];
    const device = deviceName((named ?? fallback).trim());
    return [...track.matchAll(/<trkpt\s([^>]*?)(?:\/>|>([\s\S]*?)<\/trkpt>)/g)].map(
      ([, attributes = '', inner = '']) => {
        const attribute = (name: string) =>
          numeric(new RegExp(`\\b${name}=["']([^"']*)["']`).exec(attributes)?.[1]);
        const element = (name: string) => new RegExp(`<(?:\\w+:)?${name}>([^<]*)<`).exec(inner)?.[1];
        const ts = Date.parse(element('time') ?? '');
        const [lat, lng, speed] = [attribute('lat'), attribute('lon'), numeric(element('speed'))];
        if (Number.isNaN(ts) || lat === undefined || lng === undefined) return undefined;
        const message: OwnMessage = {
          ts,
          lat,
          lng,
          ...(speed === undefined ? {} : { speed }),
          ...defined('heading', numeric(element('course'))),
          ...defined('altitude', numeric(element('ele'))),
        };
        return { device, message, arrivedMs: ts };
      },
    );
  });
}

function numeric(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

const defined = (name: keyof OwnMessage, value: unknown): Partial<OwnMessage> =>
  typeof value === 'number' && Number.isFinite(value) ? { [name]: value } : {};

/** A name that can stand in a topic; two different ids never become one name. */
export function deviceName(id: string): string {
  if (topicName.test(id)) return id;
  const safe = id.replace(/[^A-Za-z0-9._:@-]/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return `${safe.slice(0, 100) || 'device'}-${hash32(id).toString(16)}`;
}
