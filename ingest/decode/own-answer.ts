import type { Answered, Flaw, Origin } from './decoded.ts';

const states: ReadonlySet<unknown> = new Set(['received', 'done', 'refused', 'failed']);
const LATEST_MS = Date.UTC(2100, 0, 1);
const TEXT_MAX = 8_192;

/** What a device answers, from one parsed message of its `…/answers`, or what is wrong with it. */
export function answerFrom(json: unknown, origin: Origin): Answered | Flaw {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return shape('an answer is a JSON object');
  }
  const { ts, state, reason } = json as Record<string, unknown>;
  if (typeof ts !== 'number' || !Number.isFinite(ts)) return shape('ts: must be a number');
  if (!states.has(state)) return shape(`state: must be one of ${[...states].join(', ')}`);
  if (reason != null && !isText(reason, 512)) return shape('reason: must be text of at most 512 characters');
  const ms = Math.round(ts);
  if (ms < 0 || ms >= LATEST_MS) {
    return { reason: 'instant', detail: `ts ${ts} is not between 1970 and 2100, in milliseconds` };
  }
  const about = subjectOf(json as Record<string, unknown>);
  if ('detail' in about) return about;
  const text = storable(json);
  if (text === undefined) {
    return { reason: 'range', detail: `longer than ${TEXT_MAX} characters, or text that is not Unicode` };
  }
  return {
    fleetId: origin.fleetId,
    vehicleId: origin.vehicleId,
    deviceId: origin.deviceId,
    about,
    state: state as Answered['state'],
    at: ms / 1000,
    reason: reason ?? undefined,
    text,
    payload: Buffer.from(text),
  };
}

/** The most particular thing that it names: a command, a hand-over, a version of a route. */
function subjectOf({ id, handover, route, version }: Record<string, unknown>): Answered['about'] | Flaw {
  if (id != null) {
    const number = typeof id === 'number' ? String(id) : id;
    if (typeof number !== 'string' || !isNumber(number)) return shape('id: must be that of a command');
    return { kind: 'command', id: number };
  }
  if (handover != null) {
    const number = typeof handover === 'string' && handover.startsWith('H') ? handover.slice(1) : '';
    if (!isNumber(number)) return shape('handover: must be the code of a hand-over, such as H17');
    return { kind: 'handover', id: number };
  }
  if (route == null) return shape('id, route or handover: missing; it says nothing of anything');
  if (!isText(route, 128)) return shape('route: must be text of at most 128 characters');
  if (!Number.isInteger(version) || (version as number) < 1 || (version as number) >= 2 ** 31) {
    return shape('version: must be a whole number from 1');
  }
  return { kind: 'route', route, version: version as number };
}

/** JSON that jsonb takes: no NUL, no lone surrogates; undefined when it is none. */
function storable(json: object): string | undefined {
  try {
    const text = JSON.stringify(json);
    return text.length > TEXT_MAX || /\\u(0000|d[89a-f])/.test(text) ? undefined : text;
  } catch {
    return undefined; // nested deeper than the stack
  }
}

/** A number as the database counts: at most 18 digits. */
const isNumber = (text: string): boolean => /^[1-9]\d{0,17}$/.test(text);

function isText(value: unknown, max: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= max && !value.includes('\0');
}

const shape = (detail: string): Flaw => ({ reason: 'shape', detail });
