import type { Pair } from './appraise.ts';
import { legMean } from './outlook.ts';
import { apart, keeps, type Meeting, type RescueStop, type RescueVan } from './problem.ts';

/** Where a van is, and since when, after it has served so many of its stops. */
type Waypoint = { readonly x: number; readonly y: number; readonly at: number; readonly id: number };

/** Meetings kept for one pair of vans, best first. */
const KEPT = 160;
/** Two vans whose instants lie further apart do not meet there; nor for more seconds in all than this. */
const WAIT_MAX = 2400;
const PRICE_MAX = 3600;

/** The van's places and instants after 0, 1, 2 … of its stops, by expectation. */
export function waypoints(van: RescueVan): Waypoint[] {
  const start = van.stops.length > 0 ? van.at : van.firstAt;
  const found: Waypoint[] = [{ x: van.x, y: van.y, at: start, id: -2 }];
  if (van.isStuck) return found;
  let t = van.firstAt;
  for (const [k, stop] of van.stops.entries()) {
    const before = van.stops[k - 1];
    if (before) t += legMean(van, apart(stop.x, stop.y, before.x, before.y), before.id, stop);
    if (t < stop.from) t += van.pace.patience * (stop.from - t);
    t += stop.service * van.pace.service[stop.kind]!;
    found.push({ x: stop.x, y: stop.y, at: t, id: stop.id });
  }
  return found;
}

export type RatedMeeting = Meeting & { readonly price: number };

/**
 * Meetings of two vans, cheapest first: at the giver's place after one of its stops, at the helper's,
 * or half-way between. The price is what both drive more than they would have, and what the first waits.
 */
export function meetingsOf({ giver, helper }: Pair): RatedMeeting[] {
  const [given, taken] = [waypoints(giver), waypoints(helper)];
  const found: RatedMeeting[] = [];
  for (let i = keeps(giver); i < given.length; i++) {
    const a = given[i]!;
    for (let j = keeps(helper); j < taken.length; j++) {
      const b = taken[j]!;
      if (!giver.isStuck && Math.abs(a.at - b.at) > WAIT_MAX) continue;
      const pair = { giver, helper, a, b, i, j };
      rate(pair, a.x, a.y, giver.isStuck ? 'giver_place' : 'giver_stop', found);
      if (giver.isStuck) continue;
      rate(pair, b.x, b.y, 'helper_stop', found);
      rate(pair, (a.x + b.x) / 2, (a.y + b.y) / 2, 'between', found);
    }
  }
  found.sort((a, b) => a.price - b.price);
  return found.slice(0, KEPT);
}

type Both = {
  readonly giver: RescueVan;
  readonly helper: RescueVan;
  readonly a: Waypoint;
  readonly b: Waypoint;
  readonly i: number;
  readonly j: number;
};

function rate(
  { giver, helper, a, b, i, j }: Both,
  x: number,
  y: number,
  kind: Meeting['kind'],
  found: RatedMeeting[],
): void {
  const giverLeg = leg(giver, a, x, y);
  const helperLeg = leg(helper, b, x, y);
  // A van that stands still anyway waits for nothing.
  const wait = giver.isStuck ? 0 : Math.abs(a.at + giverLeg - b.at - helperLeg);
  const price = detour(giver, a, giver.stops[i], x, y) + detour(helper, b, helper.stops[j], x, y) + wait;
  if (giver.isStuck || price < PRICE_MAX) {
    found.push({ x, y, kind, giverAfter: i, helperAfter: j, price });
  }
}

/** The place a kind of meeting means for these counts of stops served before. */
export function placed(
  { giver, helper }: Pair,
  { kind, giverAfter, helperAfter }: Pick<Meeting, 'kind' | 'giverAfter' | 'helperAfter'>,
): Meeting {
  const a = giver.isStuck ? giver : (giver.stops[giverAfter - 1] ?? giver);
  const b = helper.stops[helperAfter - 1] ?? helper;
  const isThere = kind === 'giver_stop' || kind === 'giver_place';
  const { x, y } = isThere ? a : kind === 'helper_stop' ? b : { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  return { x, y, kind, giverAfter, helperAfter };
}

function leg(van: RescueVan, from: Waypoint, x: number, y: number): number {
  const metres = apart(x, y, from.x, from.y);
  return metres < 1 ? 0 : legMean(van, metres, -2, undefined);
}

/** Seconds that going by (x, y) adds to the leg from here to the next stop (or home). */
function detour(van: RescueVan, from: Waypoint, to: RescueStop | undefined, x: number, y: number): number {
  if (van.isStuck) return 0;
  const next = to ?? van.depot;
  const straight = legMean(van, apart(next.x, next.y, from.x, from.y), from.id, to);
  return leg(van, from, x, y) + legMean(van, apart(next.x, next.y, x, y), -2, to) - straight;
}
