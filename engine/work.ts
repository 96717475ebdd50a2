import type { Cursor, EngineWork } from '../schemas/engine-store.ts';
import type { Conclusions } from '../schemas/event.ts';
import { jsonOutputs, type LiveOutput } from './live.ts';
import { behaviourKey, crossingKey, differences, judgementKey, startKey } from './rederive.ts';
import { type Changes, noConclusions } from './vehicle-state.ts';

/** A commit of nothing, to be filled in. */
export const noWork: Omit<EngineWork, 'fleetOf'> = {
  cursor: undefined,
  upserts: noConclusions,
  retractions: noConclusions,
  checkpoints: [],
  rederivations: [],
  rederived: [],
  paces: [],
  raised: [],
  resolved: [],
  proposed: [],
  superseded: [],
};

/** Whether the second cursor is ahead of the first. */
export function moved(before: Cursor, after: Cursor): boolean {
  return [...after].some(([source, batch]) => before.get(source) !== batch);
}

/** What folds found, each row once: of rows with the same key the last stands. */
export function merged({
  crossings,
  trips,
  halts,
  judgements,
  behaviours,
}: Changes): Omit<Conclusions, 'visits'> {
  const lasting = <Row extends { readonly vehicleId: number }>(
    rows: readonly Row[],
    keyOf: (row: Row) => string | number,
  ): Row[] => differences(rows, [], (row) => `${row.vehicleId} ${keyOf(row)}`).upserts;
  return {
    crossings: lasting(crossings, crossingKey),
    trips: lasting(trips, startKey),
    halts: lasting(halts, startKey),
    judgements: lasting(judgements, judgementKey),
    behaviours: lasting(behaviours, behaviourKey),
  };
}

type Rows = { -readonly [Kind in keyof Conclusions]: Conclusions[Kind][number][] };

const noRows = (): Rows => ({
  crossings: [],
  trips: [],
  halts: [],
  visits: [],
  judgements: [],
  behaviours: [],
});

/** Conclusions of many vehicles, apart. */
export function byVehicle(all: Conclusions): Map<number, Conclusions> {
  const apart = new Map<number, Rows>();
  const of = (vehicleId: number): Rows => {
    const known = apart.get(vehicleId);
    if (known) return known;
    const rows = noRows();
    apart.set(vehicleId, rows);
    return rows;
  };
  for (const row of all.crossings) of(row.vehicleId).crossings.push(row);
  for (const row of all.trips) of(row.vehicleId).trips.push(row);
  for (const row of all.halts) of(row.vehicleId).halts.push(row);
  for (const row of all.judgements) of(row.vehicleId).judgements.push(row);
  for (const row of all.behaviours) of(row.vehicleId).behaviours.push(row);
  return apart;
}

/** Conclusions of several vehicles as one. */
export function joined(parts: readonly Conclusions[]): Conclusions {
  return {
    crossings: parts.flatMap(({ crossings }) => crossings),
    trips: parts.flatMap(({ trips }) => trips),
    halts: parts.flatMap(({ halts }) => halts),
    visits: parts.flatMap(({ visits }) => visits),
    judgements: parts.flatMap(({ judgements }) => judgements),
    behaviours: parts.flatMap(({ behaviours }) => behaviours),
  };
}

/** JSON messages of items, each to its own fleet. */
export function byFleet<Item extends { readonly fleetId: number }>(
  items: readonly Item[],
  stream: LiveOutput['stream'],
): LiveOutput[] {
  return [...grouped(items, ({ fleetId }) => fleetId)].flatMap(([fleetId, own]) =>
    jsonOutputs(fleetId, stream, own),
  );
}

export function grouped<Item, Key>(items: Iterable<Item>, keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
