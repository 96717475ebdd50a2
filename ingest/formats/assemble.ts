import type { Fields, Outcome, Signals } from './format.ts';
import { readingOf } from './format.ts';

/** What is remembered of a device that says one value a message. */
export type Assembly = {
  readonly values: Fields;
  /** Instants at which each value was heard. */
  readonly heard: Readonly<Record<string, number>>;
  readonly hasLock: boolean | undefined;
  /** A half of a position that waits for its other half, since this instant. */
  readonly pendingSince: number | undefined;
};

export const emptyAssembly: Assembly = { values: {}, heard: {}, hasLock: undefined, pendingSince: undefined };

/** Latitude and longitude within this belong together, seconds. */
const ROUND = 1;
/** A value that was not said again for so long is no longer known, seconds. */
const FRESH = 120;
/** What changes seldom is said seldom, seconds. */
const LASTING = 86_400;
const lasting: ReadonlySet<string> = new Set(['ignition', 'odometer', 'soc', 'fuel', 'door', 'belt']);
const names = { ts: 'time', lat: 'latitude', lng: 'longitude' };

/**
 * Puts fixes together from scalars, a pure reducer. A position is whole when both its halves came
 * within a second. Devices say only what changed: a half alone stands, with the other half as it was,
 * as soon as a later message shows that no other half came. The time is the device's own where it
 * says one, else that of receipt.
 */
export function assemble(
  state: Assembly,
  signals: Signals,
  received: number,
): { readonly state: Assembly; readonly outcomes: readonly Outcome[] } {
  const outcomes: Outcome[] = [];
  let { pendingSince } = state;
  if (pendingSince !== undefined && received - pendingSince >= ROUND) {
    outcomes.push(...fixOf(state, pendingSince));
    pendingSince = undefined;
  }
  const { lat, lng } = signals.fields;
  const next = { ...remember(state, signals, received), pendingSince };
  if (lat === undefined && lng === undefined) return { state: next, outcomes };
  const isWhole = (lat !== undefined && lng !== undefined) || pendingSince !== undefined;
  if (!isWhole) return { state: { ...next, pendingSince: received }, outcomes };
  outcomes.push(...fixOf(next, received));
  return { state: { ...next, pendingSince: undefined }, outcomes };
}

function remember(state: Assembly, { fields, hasLock }: Signals, received: number): Assembly {
  const said = Object.entries(fields).filter(([, value]) => value !== undefined);
  return {
    values: { ...state.values, ...Object.fromEntries(said) },
    heard: { ...state.heard, ...Object.fromEntries(said.map(([name]) => [name, received])) },
    hasLock: hasLock ?? state.hasLock,
    pendingSince: state.pendingSince,
  };
}

/** The fix that the values make at an instant; none while one half of the position was never heard. */
function fixOf({ values, heard, hasLock }: Assembly, at: number): readonly Outcome[] {
  const known = Object.entries(values).filter(([name]) => {
    const age = at - (heard[name] ?? Number.NEGATIVE_INFINITY);
    return name === 'lat' || name === 'lng' || age <= (lasting.has(name) ? LASTING : FRESH);
  });
  const fields: Fields = Object.fromEntries(known);
  if (fields.lat === undefined || fields.lng === undefined) return [];
  // The device's clock counts on only while it repeats itself.
  const isTimed = fields.ts !== undefined && at - (heard.ts ?? 0) <= ROUND;
  return [readingOf({ ...fields, ts: isTimed ? fields.ts : at * 1000 }, names, hasLock === false)];
}
