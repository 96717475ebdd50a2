import type { OwnMessage } from '../../schemas/fix.ts';
import type { RejectionReason } from '../../schemas/reasons.ts';
import type { Flaw } from '../decode/decoded.ts';
import type { EdgeState } from './edge-state.ts';

/** The payload of a message, read once. `json` is undefined when it is none. */
export type Body = { readonly bytes: Uint8Array; readonly text: string; readonly json: unknown };

/** What a format may know of a message beside its payload. */
export type Arrival = {
  /** Instant of receipt. */
  readonly received: number;
  /** The levels of the topic that the `#` of its template stands for. */
  readonly rest: readonly string[];
};

/** The fields of our own message, each unknown until a device says it. Times are ms since the epoch. */
export type Fields = { readonly [Name in keyof OwnMessage]?: OwnMessage[Name] | undefined };

/**
 * What one piece of a payload is: a fix in the words and units of our own message, something wrong,
 * or something understood that holds no fix.
 */
export type Outcome =
  | {
      readonly kind: 'reading';
      readonly message: Fields;
      /** The device itself says that the position is not to be trusted. */
      readonly isDoubted: boolean;
      /** The kind of command that it carries out, if one was sent. */
      readonly obeys?: string | undefined;
    }
  | { readonly kind: 'flaw'; readonly flaw: Flaw }
  | { readonly kind: 'note'; readonly text: string }
  /** What a device says to a command, without saying to which. */
  | { readonly kind: 'answer'; readonly body: object };

type Described = {
  /** What settings, commands and documentation call it. */
  readonly name: string;
  readonly title: string;
  /** The units and the clock it assumes, as a sentence for a person. */
  readonly units: string;
  /** Customary topic templates; see template.ts. */
  readonly topics: readonly string[];
  /** Whether a payload has the marks of this format and of no other. */
  readonly recognises: (body: Body) => boolean;
};

/** A format whose every message is complete in itself. */
export type MessageFormat = Described & {
  readonly kind: 'messages';
  /** The pieces of a payload, each of which may be a fix. */
  readonly pieces: (body: Body) => readonly unknown[] | Flaw;
  readonly read: (piece: unknown, arrival: Arrival) => Outcome;
  /** The device that a piece says it is from: asked only when a gateway's topic does not say it. */
  readonly deviceOf?: (piece: unknown) => unknown;
};

/** A format with one value a topic: fixes are put together of several messages, see assemble.ts. */
export type ScalarFormat = Described & {
  readonly kind: 'scalars';
  readonly signals: (body: Body, rest: readonly string[]) => Signals | Flaw | undefined;
};

/** What one scalar message says. */
export type Signals = {
  readonly kind: 'signals';
  readonly fields: Fields;
  /** Whether the receiver has a position. */
  readonly hasLock?: boolean | undefined;
};

/**
 * A format whose messages are understood only by what came before them on the same session, such as
 * names for its aliases.
 */
export type SessionFormat<State> = Described & {
  readonly kind: 'session';
  readonly newState: State;
  /** Names the session within its fleet, by the levels of the topic; undefined: the topic is none of it. */
  readonly sessionOf: (levels: readonly string[]) => string | undefined;
  readonly read: (state: State, body: Body, levels: readonly string[]) => SessionReading<State>;
};

export type SessionReading<State> = {
  readonly state: State;
  readonly outcomes: readonly Outcome[];
  /** What the other end should be asked for. */
  readonly asks?: 'rebirth' | undefined;
};

export type Format = MessageFormat | ScalarFormat | SessionFormat<EdgeState>;

export const flawOf = (reason: RejectionReason, detail: string): Flaw => ({ reason, detail });

export const flawed = (reason: RejectionReason, detail: string): Outcome => ({
  kind: 'flaw',
  flaw: { reason, detail },
});

export const noted = (text: string): Outcome => ({ kind: 'note', text });

/** What a format calls the three fields without which there is no fix. */
export type Names = { readonly ts: string; readonly lat: string; readonly lng: string };

/** A reading, or the flaw of the first required field that is missing, in the words of its format. */
export function readingOf(fields: Fields, names: Names, isDoubted = false): Outcome {
  for (const name of ['ts', 'lat', 'lng'] as const) {
    const value = fields[name];
    if (typeof value !== 'number' || Number.isNaN(value)) {
      const what = name === 'ts' ? 'a time' : 'a number of degrees';
      return flawed('shape', `${names[name]}: missing, or not ${what}`);
    }
  }
  return { kind: 'reading', message: fields, isDoubted };
}
