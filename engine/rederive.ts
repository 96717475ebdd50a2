import type { Behaviour } from '../schemas/behaviour.ts';
import type { Conclusions, Crossing, FixJudgement, Halt, Trip } from '../schemas/event.ts';
import { type Checkpoint, openConclusions, pendingKeys } from './fold.ts';
import { type Changes, emptyState } from './vehicle-state.ts';

/** A vehicle's conclusions after a fold, against what the tables say. */
export type Correction = { readonly upserts: Conclusions; readonly retractions: Conclusions };

export const crossingKey = ({ fenceId, kind, at }: Pick<Crossing, 'fenceId' | 'kind' | 'at'>): string =>
  `${fenceId} ${kind} ${at}`;
export const startKey = ({ startedAt }: { readonly startedAt: number }): number => startedAt;
export const judgementKey = ({ at, key }: FixJudgement): string => `${at} ${key}`;

export const behaviourKey = ({ fixAt, fixKey, kind, startedAt }: Behaviour): string =>
  `${fixAt} ${fixKey} ${kind} ${startedAt}`;

/** The earliest instant whose conclusions a fold from this checkpoint may touch. */
export function touchedFrom(checkpoint: Checkpoint | undefined): number {
  if (!checkpoint) return Number.NEGATIVE_INFINITY;
  const { crossings, halts, trips } = pendingKeys(checkpoint.state);
  const from = Math.min(haltsFrom(checkpoint), foldedFrom(checkpoint));
  return Math.min(from, ...crossings.map(({ at }) => at), ...halts, ...trips);
}

/** The instant of the first fix that a fold from this checkpoint uses: one that waits for the next comes first. */
function foldedFrom({ at, state: { held } }: Checkpoint): number {
  return held ? Math.min(at, held.at) : at;
}

/**
 * Halts that start at or after this instant, and those open in the checkpoint, come from fixes after
 * it: a halt's start is estimated between two fixes, so it may precede the checkpoint's instant, but
 * not the last fix in it.
 */
function haltsFrom({ at, state }: Checkpoint): number {
  return Math.min(at, state.good?.at ?? Number.NEGATIVE_INFINITY);
}

/**
 * What has to change in the tables once a vehicle was folded again from `checkpoint` to its newest
 * fix: rows that are new or differ, and rows that no longer stand. Rows the checkpoint had already
 * settled are not looked at.
 */
export function correction(
  checkpoint: Checkpoint | undefined,
  vehicleId: number,
  changes: Pick<Conclusions, keyof Changes>,
  existing: Conclusions,
): Correction {
  const state = checkpoint?.state ?? emptyState;
  const from = checkpoint ? foldedFrom(checkpoint) : Number.NEGATIVE_INFINITY;
  const isFolded = ({ at, key }: Pick<FixJudgement, 'at' | 'key'>): boolean =>
    checkpoint === undefined ||
    at >= checkpoint.at ||
    (at === checkpoint.state.held?.at && key === checkpoint.state.held.key);
  const pending = pendingKeys(state);
  const open = openConclusions(vehicleId, state);
  const pendingCrossings = new Set(pending.crossings.map(crossingKey));
  const crossings = differences(
    changes.crossings,
    existing.crossings.filter((row) => row.at >= from || pendingCrossings.has(crossingKey(row))),
    crossingKey,
  );
  const halts = differences<Halt, number>(
    [...open.halts, ...changes.halts],
    existing.halts.filter(
      (row) =>
        checkpoint === undefined ||
        row.startedAt >= haltsFrom(checkpoint) ||
        pending.halts.includes(row.startedAt),
    ),
    startKey,
  );
  const trips = differences<Trip, number>(
    [...open.trips, ...changes.trips],
    existing.trips.filter((row) => row.startedAt >= from || pending.trips.includes(row.startedAt)),
    startKey,
  );
  const judgements = differences(changes.judgements, existing.judgements.filter(isFolded), judgementKey);
  const behaviours = differences(
    changes.behaviours,
    existing.behaviours.filter(({ fixAt, fixKey }) => isFolded({ at: fixAt, key: fixKey })),
    behaviourKey,
  );
  return {
    upserts: {
      crossings: crossings.upserts,
      halts: halts.upserts,
      trips: trips.upserts,
      judgements: judgements.upserts,
      behaviours: behaviours.upserts,
      visits: [],
    },
    retractions: {
      crossings: crossings.retractions,
      halts: halts.retractions,
      trips: trips.retractions,
      judgements: judgements.retractions,
      behaviours: behaviours.retractions,
      visits: [],
    },
  };
}

/** Rows of `derived` (a later one of the same key wins) against rows of `existing`, by key. */
export function differences<Row extends object, Key>(
  derived: Iterable<Row>,
  existing: readonly Row[],
  keyOf: (row: Row) => Key,
): { readonly upserts: Row[]; readonly retractions: Row[] } {
  const byKey = new Map<Key, Row>();
  for (const row of derived) byKey.set(keyOf(row), row);
  const known = new Map(existing.map((row) => [keyOf(row), row]));
  return {
    upserts: [...byKey].filter(([key, row]) => !isSame(row, known.get(key))).map(([, row]) => row),
    retractions: existing.filter((row) => !byKey.has(keyOf(row))),
  };
}

/** Equality of plain rows, where a missing field equals an undefined one. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const left = a as Readonly<Record<string, unknown>>;
  const right = b as Readonly<Record<string, unknown>>;
  for (const name in left) if (!isSame(left[name], right[name])) return false;
  for (const name in right) if (right[name] !== undefined && left[name] === undefined) return false;
  return true;
}
