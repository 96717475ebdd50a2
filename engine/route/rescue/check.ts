import type { RescueMove, RescueStop, RescueVan } from './problem.ts';

/** What a finished rescue claims about time, so that it can be judged. */
export type RescueClaim = RescueMove & {
  readonly appraisal: {
    readonly giver: { readonly arrival?: Instant; readonly parting?: Instant };
    readonly helper: { readonly arrival?: Instant; readonly parting?: Instant };
  };
};
type Instant = { readonly mean: number } | undefined;

/**
 * Judges rescues from the vans alone, sharing nothing with the search: custody, committed stops, both
 * vans at one place, volume at the hand-over, hours, skills, every stop once, every helper once.
 */
export function rescueViolations(vans: readonly RescueVan[], rescues: readonly RescueClaim[]): string[] {
  const found: string[] = [];
  const helpers = new Set<number>();
  const givers = new Set<number>();
  const moved = new Set<number>();
  for (const rescue of rescues) {
    const say = (what: string): void =>
      void found.push(`rescue of ${rescue.giverId} by ${rescue.helperId}: ${what}`);
    const giver = vans.find(({ id }) => id === rescue.giverId);
    const helper = vans.find(({ id }) => id === rescue.helperId);
    if (!giver || !helper || giver === helper) {
      say('is not between two vans that exist');
      continue;
    }
    if (helpers.has(helper.id)) say('the helper helps somebody else already');
    if (givers.has(helper.id)) say('the helper is in need of help itself');
    if (helpers.has(giver.id)) say('the giver helps somebody else');
    if (givers.has(giver.id) && !giver.isStuck) say('the giver has another meeting');
    helpers.add(helper.id);
    givers.add(giver.id);
    judgePlace(giver, helper, rescue, say);
    judgeOrder(giver, helper, rescue, moved, say);
    judgeTime(giver, helper, rescue, say);
  }
  return found;
}

type Say = (what: string) => void;

function judgePlace(giver: RescueVan, helper: RescueVan, { meeting }: RescueClaim, say: Say): void {
  if (giver.isStuck && (meeting.x !== giver.x || meeting.y !== giver.y)) {
    say('a van that cannot drive is not met where it stands');
  }
  if (helper.isStuck || !helper.mayHelp) say('the helper may not be asked');
  if (!Number.isFinite(meeting.x) || !Number.isFinite(meeting.y)) say('the place is nowhere');
}

function judgeOrder(
  giver: RescueVan,
  helper: RescueVan,
  { from, until, meeting, helperStops, giverId }: RescueClaim,
  moved: Set<number>,
  say: Say,
): void {
  const remaining = giver.stops.filter(({ id }) => !moved.has(id));
  const piece = remaining.slice(from, until);
  if (piece.length === 0 || piece.length !== until - from) say('there is no such piece');
  if (meeting.giverAfter > from) say('parcels change vans after they were to be delivered');
  const keeps = giver.isStuck ? 0 : Math.min(giver.committed, remaining.length);
  if (meeting.giverAfter < keeps || from < keeps) say('takes a committed stop of the giver');
  if (meeting.helperAfter < Math.min(helper.committed, helper.stops.length)) {
    say('comes before a committed stop of the helper');
  }
  const isMoved = (stop: RescueStop) => piece.includes(stop);
  const own = helperStops.filter((stop) => !isMoved(stop));
  if (own.length !== helper.stops.length || own.some((stop, k) => stop !== helper.stops[k])) {
    say('the helper’s own stops are not as they were');
  }
  if (helperStops.length !== own.length + piece.length) say('not every stop is served exactly once');
  if (helperStops.slice(0, meeting.helperAfter).some(isMoved)) say('delivers parcels it does not have yet');
  for (const { id } of piece) {
    if (moved.has(id)) say(`stop ${id} of route ${giverId} is moved twice`);
    moved.add(id);
  }
  if (piece.some(({ skills }) => skills.some((skill) => !helper.skills.includes(skill))))
    say('lacks a skill');
  // The load at the meeting is all that is delivered after it.
  const load = helperStops.slice(meeting.helperAfter).reduce((sum, { packages }) => sum + packages, 0);
  if (load > helper.capacity) say(`has ${load} packages on board, ${helper.capacity} fit`);
}

/** Both arrivals, recomputed leg by leg; nobody parts before the other has come; hours are kept. */
function judgeTime(giver: RescueVan, helper: RescueVan, rescue: RescueClaim, say: Say): void {
  const { meeting, helperStops, appraisal, from, until } = rescue;
  const rest = giver.stops.filter((_, k) => k < from || k >= until);
  const given = giver.isStuck ? giver.at : arrives(giver, rest.slice(0, meeting.giverAfter), meeting);
  const taken = arrives(helper, helperStops.slice(0, meeting.helperAfter), meeting);
  const claimed = { giver: appraisal.giver.arrival?.mean, helper: appraisal.helper.arrival?.mean };
  if (claimed.giver === undefined || Math.abs(claimed.giver - given) > 1)
    say('the giver is there at another time');
  if (claimed.helper === undefined || Math.abs(claimed.helper - taken) > 1) {
    say('the helper is there at another time');
  }
  const parts = Math.max(given, taken);
  if ((appraisal.giver.parting?.mean ?? 0) < parts || (appraisal.helper.parting?.mean ?? 0) < parts) {
    say('one leaves before the other has come');
  }
  let t = appraisal.helper.parting?.mean ?? parts;
  let here: { x: number; y: number; id: number } = { ...meeting, id: -2 };
  for (const stop of helperStops.slice(meeting.helperAfter)) {
    t += drives(helper, here, stop);
    if (t < stop.from) t += helper.pace.patience * (stop.from - t);
    t += stop.service * (helper.pace.service[stop.kind] ?? 1);
    here = stop;
  }
  t += drives(helper, here, helper.depot);
  if (t > helper.hoursUntil) say('the helper’s hours are exceeded');
}

function arrives(
  van: RescueVan,
  before: readonly RescueStop[],
  place: { readonly x: number; readonly y: number },
): number {
  let t = before.length > 0 ? van.firstAt : van.stops.length > 0 ? van.at : van.firstAt;
  let here: { readonly x: number; readonly y: number; readonly id: number } = { x: van.x, y: van.y, id: -2 };
  let isRested = van.pause.seconds <= 0;
  const rest = (): void => {
    if (isRested || t < van.pause.from) return;
    t += van.pause.seconds;
    isRested = true;
  };
  for (const [k, stop] of before.entries()) {
    if (k > 0) {
      t += drives(van, here, stop);
      rest();
    }
    if (t < stop.from) t += van.pace.patience * (stop.from - t);
    t += stop.service * (van.pace.service[stop.kind] ?? 1);
    here = stop;
  }
  t += drives(van, here, place);
  rest();
  return t;
}

/** Seconds of a leg: the plan's own where it has one, else by distance; times the van's pace. */
function drives(
  { pace, fit }: RescueVan,
  from: { readonly x: number; readonly y: number; readonly id: number },
  to: { readonly x: number; readonly y: number } & Partial<Pick<RescueStop, 'before' | 'leg'>>,
): number {
  const isPlanned = to.before !== undefined && to.before >= 0 && to.before === from.id;
  const straight = Math.sqrt((to.x - from.x) ** 2 + (to.y - from.y) ** 2);
  const planned = Math.max(20, isPlanned ? (to.leg ?? 0) : fit.more + fit.perMetre * straight);
  return Math.max(pace.slope * planned + pace.more, planned / 3);
}
