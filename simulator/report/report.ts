import { defaultFencePolicy } from '../../schemas/fence.ts';
import type { LedgerContents } from '../publish/ledger-reading.ts';
import type { LatencyMs } from './histogram.ts';
import type { TruthRecord } from './truth.ts';

/** What the tables of the platform say of one fleet, by name. */
export type FleetTables = {
  /** Rows by device and `fixKey`: more than one row of a key is a double. */
  readonly storedByDevice: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly crossings: readonly {
    readonly vehicle: string;
    readonly set: string;
    readonly fence: string;
    readonly kind: string;
    readonly at: number;
  }[];
  readonly visits: readonly {
    readonly vehicle: string;
    readonly stop: string;
    readonly arrivedAt: number;
    readonly departedAt?: number | undefined;
  }[];
  readonly trips: readonly {
    readonly vehicle: string;
    readonly startedAt: number;
    readonly endedAt?: number | undefined;
  }[];
  /** What drivers did; absent where nobody asked. */
  readonly behaviours?:
    | readonly {
        readonly vehicle: string;
        readonly kind: string;
        readonly startedAt: number;
        readonly endedAt: number;
      }[]
    | undefined;
  readonly late: number;
  readonly rejected: number;
  /** What the platform counted of each device, ever: fixes that came again, behind newer ones, refused. */
  readonly countersByDevice: ReadonlyMap<string, DeviceCounters>;
};

export type DeviceCounters = {
  readonly repeated: number;
  readonly late: number;
  readonly rejected: number;
};

/** What is said of one device: acknowledged and not stored, stored more than once, and its counters. */
export type DeviceReport = DeviceCounters & { readonly lost: number; readonly duplicated: number };

export type Agreement = {
  /** What had to be found, what was found, and pairs of the two. */
  readonly truth: number;
  readonly found: number;
  readonly matched: number;
  readonly precision: number;
  readonly recall: number;
  /** Of the found ones, those that answer a question the devices cannot decide, or that is still open. */
  readonly undecided: number;
};

export type AcceptanceReport = {
  readonly vans: number;
  /** Fixes given to the broker and fixes acknowledged by it; a repeated upload counts each time. */
  readonly offered: number;
  readonly acknowledged: number;
  /** Distinct fixes acknowledged; of them in the table; of them not. Undefined without tables. */
  readonly distinct: number;
  readonly stored?: number | undefined;
  readonly lost?: number | undefined;
  readonly duplicated?: number | undefined;
  readonly late?: number | undefined;
  readonly rejected?: number | undefined;
  /** Fixes that the platform recognised as ones it had. */
  readonly repeated?: number | undefined;
  /**
   * Every device with losses or doubles; then those with the most refused, repeated and late fixes,
   * as long as there are no more than `DEVICES_NAMED`.
   */
  readonly devices?: Readonly<Record<string, DeviceReport>> | undefined;
  readonly crossings?: Agreement | undefined;
  readonly stopVisits?: Agreement | undefined;
  readonly trips?: Agreement | undefined;
  readonly behaviours?: Agreement | undefined;
  /** Live uploads, and apart from them the backlog that a shift begun earlier starts with. */
  readonly latencyMs: LatencyMs | undefined;
  readonly backlogLatencyMs: LatencyMs | undefined;
};

export type AcceptanceInput = {
  readonly ledger: LedgerContents;
  readonly truth?: readonly TruthRecord[] | undefined;
  readonly tables?: FleetTables | undefined;
  /** What of a ledger too large to be held is in the tables; see `comparedInParts`. */
  readonly kept?: Kept | undefined;
};

/** Fixes acknowledged against fixes stored. */
export type Kept = {
  readonly distinct: number;
  readonly stored: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Every device of the ledger. */
  readonly byDevice: ReadonlyMap<string, Losses>;
};

export type Losses = Pick<DeviceReport, 'lost' | 'duplicated'>;

/** Whom a report names beside those with losses. */
const DEVICES_NAMED = 100;

/** A visit and a trip are the same when they begin (and end) this close, seconds. */
const VISIT_TOLERANCE = 60;
const TRIP_TOLERANCE = 180;
/** What drivers did is certain when it is over for so long, seconds. */
const BEHAVIOUR_SETTLES = 120;

/**
 * Compares what was sent, what really happened and what the tables hold. A crossing agrees when
 * vehicle, fence and kind are the same and its instant lies within one reporting interval and the
 * policy's minimum time; a visit when its stop is the same and the two overlap or begin within a
 * minute; a trip when it begins, and ends where it has ended, within three minutes. A van has to be
 * right up to its last acknowledged fix: what could not be concluded by then (a crossing whose
 * minimum time had not passed, a visit or trip not over) counts neither as missed nor as invented;
 * nor does a crossing that hangs on less than a device can tell (`isSure`).
 */
export function acceptanceReport({ ledger, truth, tables, kept }: AcceptanceInput): AcceptanceReport {
  const held = [...ledger.keysByDevice.values()].reduce((sum, keys) => sum + keys.size, 0);
  const distinct = kept?.distinct ?? (ledger.isSummary ? ledger.acknowledged : held);
  const sent = {
    vans: ledger.header?.vans ?? ledger.keysByDevice.size,
    offered: ledger.offered,
    acknowledged: ledger.acknowledged,
    distinct,
    latencyMs: ledger.latencyMs,
    backlogLatencyMs: ledger.backlogLatencyMs,
  };
  if (tables === undefined) return sent;
  const { late, rejected } = tables;
  const all = kept ?? keptOf(ledger, tables);
  const { byDevice: _byDevice, ...figures } = all;
  return {
    ...sent,
    ...figures,
    ...namedOf(all, tables),
    late,
    rejected,
    ...(truth === undefined ? {} : agreements(ledger, truth, tables)),
  };
}

function keptOf({ keysByDevice }: LedgerContents, { storedByDevice }: FleetTables): Kept {
  let [distinct, stored, lost, duplicated] = [0, 0, 0, 0];
  const byDevice = new Map<string, Losses>();
  for (const [device, keys] of keysByDevice) {
    const rows = storedByDevice.get(device);
    const own = { lost: 0, duplicated: 0 };
    for (const key of keys) {
      const count = rows?.get(key) ?? 0;
      if (count === 0) own.lost++;
      else stored++;
      if (count > 1) own.duplicated += count - 1;
    }
    distinct += keys.size;
    lost += own.lost;
    duplicated += own.duplicated;
    byDevice.set(device, own);
  }
  return { distinct, stored, lost, duplicated, byDevice };
}

function namedOf({ byDevice }: Kept, { countersByDevice }: FleetTables) {
  let repeated = 0;
  const wrong: [string, DeviceReport][] = [];
  const doubtful: [string, DeviceReport][] = [];
  for (const [device, losses] of byDevice) {
    const own = { ...losses, ...(countersByDevice.get(device) ?? noCounters) };
    repeated += own.repeated;
    if (own.lost > 0 || own.duplicated > 0) wrong.push([device, own]);
    else if (own.rejected + own.repeated + own.late > 0) doubtful.push([device, own]);
  }
  doubtful.sort(([, a], [, b]) => b.rejected - a.rejected || b.repeated + b.late - (a.repeated + a.late));
  const devices = Object.fromEntries([
    ...wrong,
    ...doubtful.slice(0, Math.max(0, DEVICES_NAMED - wrong.length)),
  ]);
  return { repeated, devices };
}

const noCounters: DeviceCounters = { repeated: 0, late: 0, rejected: 0 };

/** Something that happened, or was said to: comparable where the keys are equal. */
type Item = {
  readonly key: string;
  readonly at: number;
  readonly until: number;
  /** Whether it had to be concluded by now, and can be told at all. */
  readonly isDue: boolean;
};

function agreements(ledger: LedgerContents, truth: readonly TruthRecord[], tables: FleetTables) {
  const run = truth.find((record) => record.type === 'run');
  const interval = run?.intervalSeconds ?? ledger.header?.intervalSeconds ?? 10;
  const { minInside, minOutside } = defaultFencePolicy;
  const settling = Math.max(minInside, minOutside) + 3 * interval;
  const isOver = (vehicle: string, at: number, after: number) =>
    at + after <= (ledger.lastByDevice.get(vehicle) ?? Number.NEGATIVE_INFINITY);
  // Of a very large fleet the truth is known of some vans only.
  const vans = new Set(truth.flatMap((record) => ('vehicle' in record ? [record.vehicle] : [])));
  const isKnown = ({ vehicle }: { readonly vehicle: string }) => vans.has(vehicle);
  const items = <T extends TruthRecord['type']>(
    type: T,
    item: (record: Extract<TruthRecord, { type: T }>) => Item,
  ) =>
    truth
      .filter((record): record is Extract<TruthRecord, { type: T }> => record.type === type)
      .map((record) => item(record));
  const crossings = agreement(
    items('crossing', ({ vehicle, set, fence, kind, at, isSure }) => ({
      key: `${vehicle} ${kind} ${set}/${fence}`,
      at,
      until: at,
      isDue: isSure && isOver(vehicle, at, settling),
    })),
    tables.crossings
      .filter(({ kind }) => kind !== 'pass')
      .filter(isKnown)
      .map(({ vehicle, set, fence, kind, at }) => ({
        key: `${vehicle} ${kind} ${set}/${fence}`,
        at,
        until: at,
        isDue: isOver(vehicle, at, settling),
      })),
    (a, b) => Math.abs(a.at - b.at) <= interval + Math.max(minInside, minOutside),
  );
  const stopVisits = agreement(
    items('visit', ({ vehicle, stop, arrivedAt, departedAt }) => ({
      key: `${vehicle} ${stop}`,
      at: arrivedAt,
      until: departedAt,
      isDue: isOver(vehicle, departedAt, settling + VISIT_TOLERANCE),
    })),
    tables.visits.filter(isKnown).map(({ vehicle, stop, arrivedAt, departedAt }) => ({
      key: `${vehicle} ${stop}`,
      at: arrivedAt,
      until: departedAt ?? arrivedAt,
      isDue: isOver(vehicle, departedAt ?? Number.POSITIVE_INFINITY, settling + VISIT_TOLERANCE),
    })),
    (a, b) => Math.abs(a.at - b.at) <= VISIT_TOLERANCE || (a.at <= b.until && b.at <= a.until),
  );
  const trips = agreement(
    items('trip', ({ vehicle, startedAt, endedAt }) => {
      const hasEnded = isOver(vehicle, endedAt, TRIP_TOLERANCE);
      const until = hasEnded ? endedAt : Number.NaN;
      return { key: vehicle, at: startedAt, until, isDue: isOver(vehicle, startedAt, TRIP_TOLERANCE) };
    }),
    tables.trips.filter(isKnown).map(({ vehicle, startedAt, endedAt }) => ({
      key: vehicle,
      at: startedAt,
      until: endedAt ?? Number.POSITIVE_INFINITY,
      isDue: isOver(vehicle, startedAt, TRIP_TOLERANCE),
    })),
    // One that is not over may have any end, or none.
    (a, b) =>
      Math.abs(a.at - b.at) <= TRIP_TOLERANCE &&
      (Number.isNaN(a.until) || Math.abs(a.until - b.until) <= TRIP_TOLERANCE),
  );
  const behaviours =
    tables.behaviours &&
    agreement(
      items('behaviour', ({ vehicle, kind, from, until }) => ({
        key: `${vehicle} ${kind}`,
        at: from,
        until,
        isDue: isOver(vehicle, until, BEHAVIOUR_SETTLES + settling),
      })),
      tables.behaviours.filter(isKnown).map(({ vehicle, kind, startedAt, endedAt }) => ({
        key: `${vehicle} ${kind}`,
        at: startedAt,
        until: endedAt,
        isDue: isOver(vehicle, endedAt, BEHAVIOUR_SETTLES + settling),
      })),
      (a, b) => a.at <= b.until + 3 * interval && b.at <= a.until + 3 * interval,
    );
  return { crossings, stopVisits, trips, behaviours };
}

/** Pairs of one true and one found item each, nearest first. */
function agreement(
  truth: readonly Item[],
  found: readonly Item[],
  agrees: (truth: Item, found: Item) => boolean,
): Agreement {
  const truthByKey = grouped(truth);
  const used = new Set<Item>();
  let [matched, invented, undecided] = [0, 0, 0];
  for (const item of found.toSorted((a, b) => a.at - b.at)) {
    const open = (truthByKey.get(item.key) ?? []).filter((other) => !used.has(other) && agrees(other, item));
    // What had to be found goes first, so that a doubtful neighbour does not take its place.
    const best = open.toSorted(
      (a, b) => Number(b.isDue) - Number(a.isDue) || Math.abs(a.at - item.at) - Math.abs(b.at - item.at),
    )[0];
    if (best !== undefined) used.add(best);
    if (best?.isDue) matched++;
    else if (best === undefined && item.isDue) invented++;
    else undecided++;
  }
  const due = truth.filter(({ isDue }) => isDue).length;
  const share = (part: number, whole: number) =>
    whole === 0 ? 1 : Math.round((part / whole) * 10_000) / 10_000;
  return {
    truth: due,
    found: matched + invented,
    matched,
    precision: share(matched, matched + invented),
    recall: share(matched, due),
    undecided,
  };
}

function grouped(items: readonly Item[]): Map<string, Item[]> {
  const byKey = new Map<string, Item[]>();
  for (const item of items) {
    const list = byKey.get(item.key);
    if (list === undefined) byKey.set(item.key, [item]);
    else list.push(item);
  }
  return byKey;
}
