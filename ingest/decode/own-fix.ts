import type { Fix, OwnMessage } from '../../schemas/fix.ts';
import { fixFlags, type RejectionReason } from '../../schemas/reasons.ts';
import { contentKey } from './content-key.ts';
import type { DecodeLimits, Flaw, Origin } from './decoded.ts';

type DeviceEvents = NonNullable<Fix['events']>;

/** 2100-01-01, ms since the epoch: later than any fix this system is made for. */
const LATEST_MS = Date.UTC(2100, 0, 1);
const EVENTS_MAX = 64;
const EVENTS_TEXT_MAX = 16_384;
const FLOAT32_MAX = 3.4028234e38;
const SMALLINT_MAX = 32_767;

/**
 * A fix from one parsed own message, or what is wrong with it. Written by hand, since it runs for
 * every fix: what it takes for the right shape is exactly what `OwnMessage` takes (a test compares
 * the two); the reasons `position`, `instant` and `range` go beyond shape.
 */
export function fixFrom(json: unknown, origin: Origin, received: number, limits: DecodeLimits): Fix | Flaw {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return flaw('shape', 'a fix is a JSON object');
  }
  const message = json as Record<string, unknown>;
  const { ts, lat, lng } = message;
  if (!isNumber(ts)) return missing('ts', ts, 'a number');
  if (!isNumber(lat)) return missing('lat', lat, 'a number');
  if (!isNumber(lng)) return missing('lng', lng, 'a number');
  const wrong = wrongField(message);
  if (wrong !== undefined) return wrong;

  // The shape is right from here on, so the casts below only say again what was checked.
  const ms = Math.round(ts);
  if (ms < 0 || ms >= LATEST_MS)
    return flaw('instant', `ts ${ts} is not between 1970 and 2100, in milliseconds`);
  if (Math.abs(lat) > 90 || Math.abs(lng) > 180) {
    return flaw('position', `lat ${lat}, lng ${lng} is no place on Earth`);
  }
  const events = message.events == null ? undefined : (message.events as DeviceEvents);
  const eventsText = events === undefined ? '' : textOf(events);
  const outside = outsideRange(message, eventsText);
  if (outside !== undefined) return flaw('range', outside);

  return made(message as unknown as Said, { origin, received, eventsText }, limits);
}

/** An own message whose shape and ranges are right. */
export type Said = Pick<OwnMessage, 'ts' | 'lat' | 'lng'> & {
  readonly [field in Exclude<keyof OwnMessage, 'ts' | 'lat' | 'lng'>]: OwnMessage[field] | undefined;
};

/** What a fix is made of besides the message: whose it is, when it came, and its events as JSON. */
export type Making = {
  readonly origin: Origin;
  readonly received: number;
  readonly eventsText?: string | undefined;
};

/**
 * The fix that a right message makes. Values of `real` columns are rounded to what the column holds,
 * so that the log of batches and the table agree to the last bit.
 */
export function made(said: Said, { origin, received, eventsText = '' }: Making, limits: DecodeLimits): Fix {
  const { lng, lat } = said;
  const at = Math.round(said.ts) / 1000;
  const speed = real(said.speed);
  const accuracy = real(said.accuracy);
  const seq = said.seq ?? undefined;
  const sent = said.sent ?? undefined;
  const fix = {
    fleetId: origin.fleetId,
    vehicleId: origin.vehicleId,
    deviceId: origin.deviceId,
    at,
    key: seq ?? 0,
    received,
    lng,
    lat,
    speed: speed !== undefined && speed < 0 ? undefined : speed,
    heading: real(said.heading),
    accuracy,
    altitude: real(said.altitude),
    satellites: said.satellites ?? undefined,
    ignition: said.ignition ?? undefined,
    odometer: said.odometer ?? undefined,
    fuel: real(said.fuel),
    soc: real(said.soc),
    rpm: real(said.rpm),
    door: said.door ?? undefined,
    belt: said.belt ?? undefined,
    seq,
    boot: said.boot ?? undefined,
    sent: sent === undefined ? undefined : Math.round(sent) / 1000,
    buffered: said.buffered ?? undefined,
    events: said.events ?? undefined,
    flags: flagsOf({ lng, lat, accuracy, at, received }, limits),
  };
  // What the device said, also where it means unknown: two different reports are two fixes.
  if (seq === undefined) fix.key = contentKey(speed === fix.speed ? fix : { ...fix, speed }, eventsText);
  return fix;
}

/** Bits of `fixFlags` for what one fix says by itself. */
function flagsOf(
  fix: {
    readonly lng: number;
    readonly lat: number;
    readonly accuracy: number | undefined;
    readonly at: number;
    readonly received: number;
  },
  limits: DecodeLimits,
): number {
  let flags = 0;
  if (fix.lng === 0 && fix.lat === 0) flags |= fixFlags.zero;
  if (fix.accuracy !== undefined && fix.accuracy > limits.accuracyMax) flags |= fixFlags.accuracy;
  if (fix.at < limits.clockFloor) flags |= fixFlags.clock_past;
  if (fix.at > fix.received + limits.clockAheadMax) flags |= fixFlags.clock_future;
  return flags;
}

const numberFields = [
  'speed',
  'heading',
  'accuracy',
  'altitude',
  'odometer',
  'fuel',
  'soc',
  'rpm',
  'sent',
] as const;
const booleanFields = ['ignition', 'door', 'belt', 'buffered'] as const;
const realFields = ['speed', 'heading', 'accuracy', 'altitude', 'fuel', 'soc', 'rpm'] as const;

/** The first optional field whose type is not that of `OwnMessage`. */
function wrongField(message: Record<string, unknown>): Flaw | undefined {
  for (const field of numberFields) {
    const value = message[field];
    if (value != null && !isNumber(value)) return missing(field, value, 'a number');
  }
  for (const field of booleanFields) {
    const value = message[field];
    if (value != null && typeof value !== 'boolean') return missing(field, value, 'true or false');
  }
  const { seq, satellites, boot, events } = message;
  if (seq != null && !(Number.isInteger(seq) && (seq as number) >= 0)) {
    return missing('seq', seq, 'a whole number from 0');
  }
  if (satellites != null && !Number.isInteger(satellites))
    return missing('satellites', satellites, 'a whole number');
  if (boot != null && !isText(boot, 0, 64)) return missing('boot', boot, 'text of at most 64 characters');
  if (events != null && !isEvents(events)) {
    return flaw(
      'shape',
      `events: must be at most ${EVENTS_MAX} objects with a type (and a number as value and ts)`,
    );
  }
  return undefined;
}

/** What is of the right type and still too large for its column. */
function outsideRange(message: Record<string, unknown>, eventsText: string | undefined): string | undefined {
  for (const field of realFields) {
    const value = message[field];
    if (value != null && Math.abs(value as number) > FLOAT32_MAX) return `${field} ${value} is too large`;
  }
  const { seq, satellites, sent, boot } = message;
  if (seq != null && !Number.isSafeInteger(seq)) return `seq ${seq} is beyond 2^53`;
  if (satellites != null && Math.abs(satellites as number) > SMALLINT_MAX)
    return `satellites ${satellites} is too large`;
  if (sent != null && ((sent as number) < 0 || (sent as number) >= LATEST_MS)) {
    return `sent ${sent} is not between 1970 and 2100, in milliseconds`;
  }
  if (typeof boot === 'string' && boot.includes('\0')) return 'boot holds a NUL character';
  if (eventsText === undefined)
    return `events are longer than ${EVENTS_TEXT_MAX} characters or hold text that is not Unicode`;
  return undefined;
}

/** JSON of the events, or undefined when the database cannot hold it. */
function textOf(events: DeviceEvents): string | undefined {
  try {
    const text = JSON.stringify(events);
    // jsonb refuses NUL and lone surrogates, which JSON writes as these escapes.
    return text.length > EVENTS_TEXT_MAX || /\\u(0000|d[89a-f])/.test(text) ? undefined : text;
  } catch {
    return undefined; // nested deeper than the stack
  }
}

function isEvents(events: unknown): boolean {
  if (!Array.isArray(events) || events.length > EVENTS_MAX) return false;
  return events.every(
    (event) =>
      typeof event === 'object' &&
      event !== null &&
      !Array.isArray(event) &&
      isText(event.type, 1, 64) &&
      (event.value == null || isNumber(event.value)) &&
      (event.ts == null || isNumber(event.ts)),
  );
}

/** JSON can say 1e999, which parses to Infinity. */
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** Length in code points, as JSON Schema counts it. */
function isText(value: unknown, min: number, max: number): boolean {
  if (typeof value !== 'string' || value.length < min) return false;
  return value.length <= max || (value.length <= 2 * max && [...value].length <= max);
}

const real = (value: number | null | undefined): number | undefined =>
  value == null ? undefined : Math.fround(value);

const flaw = (reason: RejectionReason, detail: string): Flaw => ({ reason, detail });

function missing(field: string, value: unknown, wanted: string): Flaw {
  return flaw('shape', value === undefined ? `${field}: missing` : `${field}: must be ${wanted}`);
}
