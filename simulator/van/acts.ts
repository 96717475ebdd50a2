import type { Answer } from '../../schemas/down.ts';
import type { StopReport } from '../../schemas/fix.ts';
import { type Random, random } from '../../schemas/random.ts';
import { msFromInstant } from '../../schemas/units.ts';
import type { City } from '../city/city.ts';
import type { Place } from '../city/paths.ts';
import type { DayPlan, RoutePlan } from '../plan.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { Outing, TrueSkip, TrueVisit, VanSwap } from './day.ts';
import type { TrueDisruption, VanTrouble } from './disruptions.ts';
import { type Driver, pressesOf, serviceTime } from './driver.ts';
import type { TrueHandover } from './meetings.ts';
import type { DeviceOrder } from './orders.ts';
import type { Stretch } from './stretches.ts';
import type { StopTask } from './tasks.ts';
import { type Deed, lastingDeeds } from './temper.ts';
import type { TrackBuilder } from './track.ts';
import type { Leg, Travel } from './travel.ts';

export type VanInput = {
  readonly scenario: Scenario;
  readonly city: City;
  readonly travel: Travel;
  readonly plan: DayPlan;
  readonly routeIndex: number;
  readonly trouble?: VanTrouble | undefined;
  /** When it is its turn at the gate of the station; alone it need not wait. */
  readonly leavesAt?: number | undefined;
  /** Who drives, where that is told from outside: the same person on several days. */
  readonly driver?: Driver | undefined;
};

/** What a van has done so far; acts add to it. */
export type Doing = {
  readonly input: VanInput;
  readonly route: RoutePlan;
  readonly driver: Driver;
  readonly track: TrackBuilder;
  readonly visits: TrueVisit[];
  readonly outings: Outing[];
  readonly engineOff: Stretch[];
  readonly doorOpen: Stretch[];
  readonly unbelted: Stretch[];
  readonly deeds: Deed[];
  readonly rests: Stretch[];
  readonly reports: StopReport[];
  readonly disruptions: TrueDisruption[];
  readonly handovers: TrueHandover[];
  readonly skipped: TrueSkip[];
  readonly answers: Answer[];
  readonly deviceOrders: DeviceOrder[];
  readonly swaps: VanSwap[];
  /** Where it stands. */
  here: Place;
  /** Of the trouble's breakdowns and added stops, how many are over. */
  breakdowns: number;
  added: number;
  /** Seconds of lunch still to be had. */
  lunch: number;
};

/** Chance that belongs to one van and one thing it does: other things done before shift it not. */
export const chanceOf = ({ input, route }: Doing, what: string): Random =>
  random(`${input.scenario.seed}/van/${route.vehicle}/${what}`);

/** What is true of a stop, whoever comes and whenever. */
const stopChance = ({ input }: Doing, key: string): Random => random(`${input.scenario.seed}/stop/${key}`);

export function legTo(doing: Doing, to: Place, what: string, isStop: boolean): Leg {
  const { input, driver, track, here } = doing;
  const { trouble, scenario, plan } = input;
  const at = track.now();
  return input.travel({
    from: here,
    to,
    style: driver.style,
    hour: scenario.startHour + (at - plan.shiftStart) / 3600,
    chance: chanceOf(doing, `to ${what}`),
    isStop,
    closed: trouble?.closed(at),
    share: trouble && ((edge) => trouble.speed(edge, at)),
    temper: { ...driver.temper, chance: chanceOf(doing, `temper ${what}`) },
  });
}

export function driveTo(doing: Doing, to: Place, what: string, isStop: boolean): Leg {
  const { driver, track } = doing;
  const startedAt = track.now();
  const leg = legTo(doing, to, what, isStop);
  track.move(leg.motion, leg.line());
  for (const { kind, from, until, value } of lastingDeeds(leg.motion.deeds ?? []))
    doing.deeds.push({ kind, from: startedAt + from, until: startedAt + until, value });
  if (chanceOf(doing, `belt ${what}`).chance(driver.unbelted))
    doing.unbelted.push({ from: startedAt, until: track.now() });
  doing.here = leg.to;
  return leg;
}

/** A few metres from the door, now and then further. */
function parkingFor({ input }: Doing, { place }: StopTask, chance: Random): Place {
  const { graph } = input.city;
  const isBad = chance.chance(input.scenario.driver.badParking);
  const away = isBad ? (chance.chance(0.5) ? 1 : -1) * chance.between(15, 24) : 4 * chance.normal();
  const length = graph.length[place.edge]!;
  const offset = Math.max(8, Math.min(length - 8, place.offset + Math.max(-24, Math.min(24, away))));
  return { edge: place.edge, offset: length < 16 ? length / 2 : offset };
}

/** Where a van will stand for a stop. */
export const targetOf = (doing: Doing, task: StopTask): Place =>
  parkingFor(doing, task, stopChance(doing, task.key).fork('kerb'));

const CLOSED = 'closed';
/** A look at the door and the sign on it, seconds. */
const IN_VAIN = 40;

export function serve(doing: Doing, stop: StopTask): void {
  const { driver, track, input } = doing;
  const chance = stopChance(doing, stop.key);
  const arrivedAt = track.now();
  const usual = serviceTime(driver, stop.effort, chance);
  const isFailed = chance.chance(input.scenario.driver.failed);
  const isClosed = arrivedAt < (stop.opens ?? arrivedAt) || arrivedAt > (stop.closes ?? arrivedAt);
  const outcome = isFailed || isClosed ? 'failed' : 'served';
  const seconds = isClosed ? Math.min(usual, IN_VAIN) : usual;
  const isOff = chance.chance(driver.switchesOff);
  track.wait(seconds);
  const departedAt = track.now();
  const { code, premises } = stop;
  const presses = { driver, stop: code, premises, arrivedAt, departedAt, outcome, chance } as const;
  const { reports, reason } = pressesOf({ ...presses, ...(isClosed ? { reason: CLOSED } : {}) });
  const why = outcome === 'failed' ? { reason } : {};
  doing.visits.push({ stop: stop.code, arrivedAt, departedAt, outcome, ...why });
  // Getting out and in again takes a few seconds on either side of the parcel.
  if (isOff) doing.engineOff.push({ from: arrivedAt + 2, until: departedAt - 3 });
  doing.doorOpen.push({ from: arrivedAt + 4, until: arrivedAt + Math.min(14, seconds * 0.4) });
  doing.reports.push(...reports);
}

export function rest({ track, engineOff, rests }: Doing, seconds: number): void {
  if (seconds <= 0) return;
  const from = track.now();
  track.wait(seconds);
  rests.push({ from, until: track.now() });
  if (seconds > 10) engineOff.push({ from: from + 5, until: track.now() - 5 });
}

/** Lunch is taken on the way, clear of any address: at the far end of a longer leg. */
export function takeLunch(doing: Doing, target: Place, what: string): boolean {
  const { driver, track, route } = doing;
  if (doing.lunch <= 0 || track.now() - route.plannedDeparture <= driver.lunchAfter) return false;
  const { corner } = legTo(doing, target, what, false);
  if (corner === undefined) return false;
  driveTo(doing, corner, `lunch before ${what}`, false);
  rest(doing, doing.lunch);
  doing.lunch = 0;
  return true;
}

export type Breakdown = VanTrouble['breakdowns'][number];

/** Comes to a stand where the van happens to be on its way; undefined when nothing breaks. */
export function breakDown(doing: Doing, target: Place, what: string): Breakdown | undefined {
  const { input, track } = doing;
  const next = input.trouble?.breakdowns[doing.breakdowns];
  if (next === undefined || track.now() < next.from) return undefined;
  doing.breakdowns++;
  const { corner } = legTo(doing, target, what, false);
  if (corner !== undefined) driveTo(doing, corner, `breakdown before ${what}`, false);
  doing.engineOff.push({ from: track.now() + 5, until: Number.POSITIVE_INFINITY });
  return next;
}

/** Has been repaired, or exchanged for another one. */
export function driveAgain(doing: Doing, { kind, seconds }: Breakdown): void {
  const { track, route, engineOff, rests } = doing;
  const from = track.now();
  track.wait(seconds);
  engineOff[engineOff.length - 1] = { from: from + 5, until: track.now() - 5 };
  rests.push({ from, until: track.now() });
  if (kind === 'van-swap') {
    const chance = chanceOf(doing, `swap ${doing.breakdowns}`);
    const odometer = Math.round(chance.between(5e6, 180e6));
    const at = track.now() - 60;
    doing.swaps.push({ at, driven: track.driven(), odometer, energy: chance.between(0.5, 1) });
  }
  doing.disruptions.push({ kind, vehicle: route.vehicle, from, until: track.now() });
}

/** Stops that the plan does not know, a little way from here: standing that no stop explains. */
export function serveAdded(doing: Doing): void {
  const { input, track, route, driver } = doing;
  const next = input.trouble?.added[doing.added];
  if (next === undefined || track.now() < next.from) return;
  doing.added++;
  const { graph } = input.city;
  const extra = chanceOf(doing, `added ${doing.added}`);
  const from = track.now();
  for (let i = 0; i < next.count; i++) {
    const outward = graph.to[doing.here.edge]!;
    const edge =
      graph.firstEdge[outward]! + extra.integer(graph.firstEdge[outward + 1]! - graph.firstEdge[outward]!);
    const place = { edge, offset: graph.length[edge]! * extra.between(0.3, 0.7) };
    driveTo(doing, place, `added ${doing.added} ${i}`, true);
    rest(doing, serviceTime(driver, extra.normal(), extra));
  }
  doing.disruptions.push({ kind: 'added-stops', vehicle: route.vehicle, from, until: track.now() });
}

/** In order of instant, whenever it was known. */
export function answer({ answers }: Doing, one: Answer): void {
  let i = answers.length;
  while (i > 0 && answers[i - 1]!.ts > one.ts) i--;
  answers.splice(i, 0, one);
}

export const answerHandover = (
  doing: Doing,
  handover: string,
  state: 'done' | 'failed',
  { at, reason }: { readonly at: number; readonly reason?: string },
): void =>
  answer(doing, {
    ts: msFromInstant(at),
    state,
    handover,
    ...(reason === undefined ? {} : { reason }),
  });
