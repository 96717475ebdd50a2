import type { Flaw, Origin, Report } from './decoded.ts';

const kinds: ReadonlySet<unknown> = new Set(['arrived', 'delivered', 'failed', 'departed']);
const LATEST_MS = Date.UTC(2100, 0, 1);
const TEXT_MAX = 128;

/** A stop report from one parsed message of a driver app, or what is wrong with it. */
export function reportFrom(json: unknown, origin: Origin, received: number): Report | Flaw {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return { reason: 'shape', detail: 'a stop report is a JSON object' };
  }
  const { ts, stop, kind, reason } = json as Record<string, unknown>;
  if (typeof ts !== 'number' || !Number.isFinite(ts))
    return { reason: 'shape', detail: 'ts: must be a number' };
  if (!isText(stop))
    return { reason: 'shape', detail: `stop: must be text of at most ${TEXT_MAX} characters` };
  if (!kinds.has(kind)) return { reason: 'shape', detail: `kind: must be one of ${[...kinds].join(', ')}` };
  if (reason != null && !isText(reason)) {
    return { reason: 'shape', detail: `reason: must be text of at most ${TEXT_MAX} characters` };
  }
  const ms = Math.round(ts);
  if (ms < 0 || ms >= LATEST_MS) {
    return { reason: 'instant', detail: `ts ${ts} is not between 1970 and 2100, in milliseconds` };
  }
  if (stop.includes('\0') || reason?.includes('\0'))
    return { reason: 'range', detail: 'text holds a NUL character' };
  return {
    fleetId: origin.fleetId,
    vehicleId: origin.vehicleId,
    deviceId: origin.deviceId,
    at: ms / 1000,
    stopCode: stop,
    kind: kind as Report['kind'],
    reason: reason ?? undefined,
    received,
  };
}

function isText(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  return value.length <= TEXT_MAX || (value.length <= 2 * TEXT_MAX && [...value].length <= TEXT_MAX);
}
