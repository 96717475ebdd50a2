import type { Fix } from '../../schemas/fix.ts';
import { fixFlags } from '../../schemas/reasons.ts';
import type { Answered, Decoded, DecodeLimits, Flaw, Origin, Rejection } from '../decode/decoded.ts';
import { fixFrom } from '../decode/own-fix.ts';
import { assemble } from './assemble.ts';
import type { Assemblies } from './assemblies.ts';
import { bodyOf } from './body.ts';
import type { EdgeState } from './edge-state.ts';
import {
  type Body,
  type Fields,
  flawed,
  flawOf,
  type Outcome,
  type ScalarFormat,
  type SessionFormat,
} from './format.ts';
import { formatFor, type Route } from './registry.ts';

export type Foreign = {
  readonly payload: Uint8Array;
  /** Instant of receipt. */
  readonly received: number;
  readonly origin: Origin;
  readonly limits: DecodeLimits;
};

/** A fix decoded from a foreign format, or why a piece is none, or what it says instead. */
export type Understood =
  | { readonly kind: 'fix'; readonly fix: Fix; readonly obeys?: string | undefined }
  | { readonly kind: 'rejection'; readonly rejection: Rejection }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'answer'; readonly answer: Answered };

/** The fixes of a message in a foreign format, and what in it was none. No bytes make it throw. */
export function decodeForeign(message: Foreign, route: Route, assemblies: Assemblies): Decoded {
  const fixes: Fix[] = [];
  const rejections: Rejection[] = [];
  const answers: Answered[] = [];
  for (const understood of understand(message, route, assemblies)) {
    if (understood.kind === 'fix') {
      fixes.push(understood.fix);
      if (understood.obeys !== undefined) answers.push(obeyed(understood.obeys, message));
    } else if (understood.kind === 'rejection') rejections.push(understood.rejection);
    else if (understood.kind === 'answer') answers.push(understood.answer);
  }
  return { fixes, reports: [], rejections, ...(answers.length > 0 && { answers }) };
}

/** Everything that a message says, in its order. */
export function understand(message: Foreign, route: Route, assemblies: Assemblies): readonly Understood[] {
  const { payload, limits, received } = message;
  if (payload.length > limits.messageBytes) {
    return [
      rejected(payload, flawOf('too_large', `${payload.length} bytes, the limit is ${limits.messageBytes}`)),
    ];
  }
  const body = bodyOf(payload);
  const format = formatFor(route, body);
  if (format.kind === 'scalars') {
    return assembled(message, format, route.rest, body, assemblies).map((outcome) =>
      understoodOf(outcome, message, payload),
    );
  }
  if (format.kind === 'session') {
    return inSession(message, format, route.levels ?? [], body, assemblies).map((outcome) =>
      understoodOf(outcome, message, payload),
    );
  }
  const pieces = format.pieces(body);
  if ('reason' in pieces) return [rejected(payload, pieces)];
  if (pieces.length > limits.fixesPerMessage) {
    const detail = `${pieces.length} in one message, the limit is ${limits.fixesPerMessage}`;
    return [rejected(payload, flawOf('too_many', detail))];
  }
  const arrival = { received, rest: route.rest };
  return pieces.map((piece, i) => {
    const understood = understoodOf(format.read(piece, arrival), message, payload);
    if (understood.kind !== 'rejection' || pieces.length === 1) return understood;
    const { reason, detail } = understood.rejection;
    const where = `element ${i} of ${pieces.length}: ${detail}`;
    const part = body.json === undefined ? undefined : textOf(piece);
    return rejected(part ?? payload, { reason, detail: where });
  });
}

function assembled(
  { received, origin }: Foreign,
  format: ScalarFormat,
  rest: readonly string[],
  body: Body,
  assemblies: Assemblies,
): readonly Outcome[] {
  const signals = format.signals(body, rest);
  if (signals === undefined) return [{ kind: 'note', text: 'a value that a fix has no field for' }];
  if (!('kind' in signals)) return [{ kind: 'flaw', flaw: signals }];
  const { state, outcomes } = assemble(assemblies.of(origin.deviceId), signals, received);
  assemblies.keep(origin.deviceId, state);
  if (outcomes.length > 0) return outcomes;
  return [{ kind: 'note', text: 'one value of a fix that is put together of several messages' }];
}

function inSession(
  { origin, limits }: Foreign,
  format: SessionFormat<EdgeState>,
  levels: readonly string[],
  body: Body,
  assemblies: Assemblies,
): readonly Outcome[] {
  const session = format.sessionOf(levels);
  if (session === undefined) return [flawed('topic', `${format.title} needs its own topics`)];
  const key = `${origin.fleetId} ${session}`;
  const { state, outcomes, asks } = format.read(assemblies.session(key), body, levels);
  assemblies.keepSession(key, state);
  if (asks === 'rebirth') assemblies.askRebirth(origin.fleetId, session);
  const { fixesPerMessage } = limits;
  if (outcomes.length <= fixesPerMessage) return outcomes;
  return [flawed('too_many', `${outcomes.length} in one message, the limit is ${fixesPerMessage}`)];
}

function understoodOf(
  outcome: Outcome,
  { origin, limits, received }: Foreign,
  payload: Uint8Array,
): Understood {
  if (outcome.kind === 'note') return outcome;
  if (outcome.kind === 'flaw') return rejected(payload, outcome.flaw);
  if (outcome.kind === 'answer') {
    return { kind: 'answer', answer: doneAt(received, origin, { kind: 'oldest' }, payload, outcome.body) };
  }
  const fix = fixFrom(sane(outcome.message), origin, received, limits);
  if ('detail' in fix) return rejected(payload, fix);
  const flags = outcome.isDoubted ? fix.flags | fixFlags.doubted : fix.flags;
  const { obeys } = outcome;
  return { kind: 'fix', fix: { ...fix, flags }, ...(obeys !== undefined && { obeys }) };
}

const obeyed = (kind: string, { received, origin, payload }: Foreign): Answered =>
  doneAt(received, origin, { kind: 'oldest', of: kind }, payload);

/** The answer of a device that cannot say what it answers. */
function doneAt(
  at: number,
  { fleetId, vehicleId, deviceId }: Origin,
  about: Answered['about'],
  payload: Uint8Array,
  body?: object,
): Answered {
  const text = JSON.stringify({ ts: at * 1000, state: 'done', ...(body && { body }) });
  return { fleetId, vehicleId, deviceId, about, state: 'done', at, text, payload };
}

const LATEST_MS = Date.UTC(2100, 0, 1);

/** Without a time of sending that cannot be one: it is not worth the fix. */
function sane(message: Fields): Fields {
  const { sent } = message;
  const isTime = sent == null || (sent >= 0 && sent < LATEST_MS);
  return isTime ? message : { ...message, sent: undefined };
}

function rejected(payload: Uint8Array, { reason, detail }: Flaw): Understood {
  return { kind: 'rejection', rejection: { reason, detail, payload } };
}

/** JSON of a piece; undefined when it is nested too deeply to be written again. */
function textOf(piece: unknown): Uint8Array | undefined {
  try {
    return Buffer.from(JSON.stringify(piece));
  } catch {
    return undefined;
  }
}
