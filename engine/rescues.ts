import type { Troubles } from '../schemas/engine-store.ts';
import type { Proposal } from '../schemas/event.ts';
import type { Route, Stop } from '../schemas/plan.ts';
import { distanceOf, type Frame, type Position } from '../schemas/position.ts';
import type { RescueChoice, RescueDetail, RescuePart, RouteEffect } from '../schemas/rescue.ts';
import { type FleetPace, factorsOf } from './pace/factors.ts';
import { standing } from './pace/standing.ts';
import type { RescueVan } from './route/rescue/problem.ts';
import { retimed } from './route/rescue/retime.ts';
import type { Effect, FoundChoice, FoundPart, FoundRescue } from './route/rescue/task.ts';
import { legFit, rescueVan } from './route/rescue/van.ts';
import type { RouteRun } from './routes.ts';
import { visitWindow } from './trip/visit-window.ts';
import type { VehicleRecord } from './vehicles.ts';

/** The next stops stay as they are while a person decides. */
const COMMITTED = 2;
/** Who is at the meeting first waits this long past the agreed time, at least; seconds. */
const WAIT_LEAST = 900;
/** A driver's longest day. */
const HOURS = 11 * 3600;
/** A van that stands for so long where it serves nobody, beyond a break, cannot go on; seconds. */
const STANDS_SECONDS = 2700;
/** A service takes this many times as long as planned once in a thousand (lognormal, sigma 0.72: data of real stops). */
const SERVICE_LONGEST = 9;
/** Vans looked at for one in need. */
const NEIGHBOURS = 24;

/** A van in need, and why. */
export type Need = {
  readonly run: RouteRun;
  readonly cause: 'at_risk' | 'breakdown' | 'out_of_service';
};

/** Whether the van of a route needs others, and why. */
export function needOf(
  run: RouteRun,
  record: VehicleRecord | undefined,
  troubles: Troubles,
): Need['cause'] | undefined {
  const { latest } = run;
  if (!latest || latest.pace.status === 'finished' || latest.progress.remaining.length === 0)
    return undefined;
  if (troubles.outOfService.includes(run.route.vehicleId)) return 'out_of_service';
  if (isStanding(run, record, latest.pace.at)) return 'breakdown';
  return run.risk.isOpen ? 'at_risk' : undefined;
}

/**
 * Standing away from the depot for longer than any break still to come and, at a stop, than its service; silent
 * or not. Vans that break down often do so at a stop, where the engine was turned off.
 */
function isStanding(
  { latest, plan, experience }: RouteRun,
  record: VehicleRecord | undefined,
  clock: number,
): boolean {
  const halt = record?.state.halt;
  if (!halt || !latest || record.state.trip.phase !== 'away') return false;
  const { serving } = latest.progress;
  const pause = Math.max(0, ...plan.breaks.slice(experience.breakCount).map(({ seconds }) => seconds));
  const service = serving < 0 ? 0 : SERVICE_LONGEST * plan.service[serving]!;
  return clock - halt.startedAt > STANDS_SECONDS + pause + service;
}

/** The vans nearest to those in need, themselves included. */
export function neighbourhood(
  runs: readonly RouteRun[],
  needs: readonly Need[],
  recordOf: (run: RouteRun) => VehicleRecord | undefined,
): RouteRun[] {
  const found = new Set(needs.map(({ run }) => run));
  for (const { run: late } of needs) {
    const from = placeOf(late, recordOf(late));
    const near = runs
      .map((run) => {
        const at = placeOf(run, recordOf(run));
        return { run, metres: distanceOf(from.lng, from.lat, at.lng, at.lat) };
      })
      .sort((a, b) => a.metres - b.metres);
    for (const { run } of near.slice(0, NEIGHBOURS + 1)) found.add(run);
  }
  return [...found];
}

/** The middle of what is left to do: where a route will be, rather than where it is. */
function placeOf({ plan, latest }: RouteRun, record: VehicleRecord | undefined): Position {
  const next = latest?.progress.remaining;
  const i = next?.[next.length >> 1];
  if (i !== undefined) return { lng: plan.lng[i]!, lat: plan.lat[i]! };
  return record?.state.good ?? plan.depot;
}

export type VanInput = {
  readonly run: RouteRun;
  readonly route: Route;
  readonly record: VehicleRecord | undefined;
  readonly fleet: FleetPace;
  readonly clock: number;
  readonly frame: Frame;
  /** Packages that any van of the fleet carried today. */
  readonly capacity: number;
  readonly isStuck: boolean;
  readonly mayHelp: boolean;
};

/** A route under way as rescues see it. */
export function vanOf(input: VanInput): RescueVan {
  const { run, route, record, fleet, clock, frame } = input;
  const { plan, visits, experience } = run;
  const good = record?.state.good;
  const trip = record?.state.trip;
  const position = good ? { lng: good.lng, lat: good.lat } : plan.depot;
  const departedAt =
    trip?.phase === 'away' && trip.startedAt >= visitWindow(plan).from ? trip.startedAt : undefined;
  const factors = factorsOf(experience, fleet);
  const now = {
    ...{ at: clock, heardAt: clock, departedAt, isHome: false },
    position: departedAt === undefined ? undefined : position,
  };
  const stands = standing(plan, visits, now, {
    ...{ factors, breaksTaken: experience.breakCount, before: run.status },
    progress: run.latest?.progress,
  });
  const packages = new Map(route.stops.map((stop) => [stop.id, stop.packages]));
  return rescueVan({
    ...{ plan, visits, standing: stands, factors, breaksTaken: experience.breakCount, position, frame },
    committed: COMMITTED,
    packagesOf: (id) => packages.get(id) ?? 0,
    capacity: input.capacity,
    hoursUntil: plan.departure + HOURS,
    isStuck: input.isStuck,
    mayHelp: input.mayHelp,
  });
}

/** What an answer of the thread is made into a proposal with. */
export type Telling = {
  readonly need: Need;
  readonly vans: ReadonlyMap<number, RescueVan>;
  readonly routes: ReadonlyMap<number, Route>;
  readonly runs: ReadonlyMap<number, RouteRun>;
  readonly vehicleName: (routeId: number) => string;
  readonly frame: Frame;
  readonly clock: number;
};

/** The proposal that a found rescue is. */
export function rescueProposal({ giverId, choices }: FoundRescue, telling: Telling): Proposal {
  const { need, vans, routes, clock } = telling;
  const giver = routes.get(giverId)!;
  const told = choices.map((choice) => choiceOf(giver, choice, telling));
  const [best] = told;
  const moved = new Set(choices[0]!.parts.flatMap(({ stopIds }) => stopIds));
  const van = vans.get(giverId)!;
  const left = van.isStuck ? van.stops.filter(({ id }) => !moved.has(id)).map(({ id }) => id) : [];
  const detail: RescueDetail = {
    cause: need.cause,
    choices: told,
    left: left.length > 0 ? [{ stopIds: left, reason: NO_ROOM }] : [],
  };
  const [part] = best!.parts;
  return {
    ...{ routeId: giverId, fromVersion: giver.version, createdAt: clock, kind: 'rescue', detail },
    stopIds: best!.parts.flatMap(({ stopIds }) => stopIds),
    costBefore: best!.gain + Math.max(0, best!.giver.finishAfter - clock),
    costAfter: Math.max(0, best!.giver.finishAfter - clock),
    explanation: best!.explanation,
    helperRouteId: part!.helperRouteId,
    helperVersion: part!.helperVersion,
  };
}

const NO_ROOM = 'no van nearby has the time, the room or the hours left for them today';

function choiceOf(giver: Route, choice: FoundChoice, telling: Telling): RescueChoice {
  const { frame, vans, runs } = telling;
  const parts = choice.parts.map((part) => partOf(giver, part, telling));
  const moved = new Set(choice.parts.flatMap(({ stopIds }) => stopIds));
  const rest = giver.stops.filter(({ id }) => !moved.has(id));
  const [first] = parts;
  const run = runs.get(giver.id)!;
  const times = retimed(giver, rest, run.plan.depot, {
    meeting: {
      afterStopId: first!.giverAfterStopId,
      position: { lng: first!.lng, lat: first!.lat },
      seconds: first!.service,
    },
    fit: legFit(run.plan),
  });
  const van = vans.get(giver.id)!;
  const ahead = van.stops.filter(({ id }) => !moved.has(id)).map(({ x, y }) => frame.position(x, y));
  const stays = effectOf(choice.before, choice.after);
  return {
    ...{ parts, gain: choice.gain, giver: stays },
    giverOrder: rest.map(({ id }) => id),
    giverTimes: rest.map(({ id, plannedArrival }) => times.get(id) ?? plannedArrival),
    giverPath: pathOf([frame.position(van.x, van.y), ...(van.isStuck ? [] : [...ahead, run.plan.depot])]),
    explanation: explained(giver, parts, stays, van.isStuck),
  };
}

function partOf(
  giver: Route,
  part: FoundPart,
  { vans, routes, runs, vehicleName, frame }: Telling,
): RescuePart {
  const helper = routes.get(part.helperId)!;
  const run = runs.get(part.helperId)!;
  const van = vans.get(part.helperId)!;
  const stopById = new Map<number, Stop>([...giver.stops, ...helper.stops].map((stop) => [stop.id, stop]));
  const ahead = new Set(part.helperStopIds);
  const order = [
    ...helper.stops.filter(({ id }) => !ahead.has(id)),
    ...part.helperStopIds.map((id) => stopById.get(id)!),
  ];
  const place = frame.position(part.place.x, part.place.y);
  const giverVan = vans.get(giver.id)!;
  const moved = new Set(part.stopIds);
  const rest = giverVan.stops.filter(({ id }) => !moved.has(id));
  const giverAfterStopId = giverVan.isStuck
    ? lastServed(runs.get(giver.id)!)
    : (rest[part.giverAfter - 1]?.id ?? lastServed(runs.get(giver.id)!));
  const helperAfterStopId = part.helperStopIds[part.helperAfter - 1] ?? lastServed(run);
  const times = retimed(helper, order, run.plan.depot, {
    meeting: { afterStopId: helperAfterStopId, position: place, seconds: part.seconds },
    fit: legFit(run.plan),
  });
  const path = part.helperStopIds.map((id) => stopById.get(id)!.position);
  path.splice(part.helperAfter, 0, place);
  return {
    ...{ helperRouteId: helper.id, helperVersion: helper.version, helperRoute: helper.code },
    ...{ helperVehicle: vehicleName(helper.id), stopIds: [...part.stopIds], packages: part.packages },
    ...{ lng: place.lng, lat: place.lat, meetAt: part.meetAt, service: part.seconds },
    waitUntil: part.meetAt + Math.max(WAIT_LEAST, 1.5 * part.spread),
    ...{ giverAfterStopId, helperAfterStopId },
    helperOrder: order.map(({ id }) => id),
    helperTimes: order.map(({ id, plannedArrival }) => times.get(id) ?? plannedArrival),
    helperPath: pathOf([frame.position(van.x, van.y), ...path, run.plan.depot]),
    helper: effectOf(part.before, part.after),
  };
}

function lastServed({ latest, plan }: RouteRun): number | null {
  const last = latest?.progress.last ?? -1;
  return last < 0 ? null : plan.stopIds[last]!;
}

const pathOf = (places: readonly Position[]): [number, number][] => places.map(({ lng, lat }) => [lng, lat]);

function effectOf(before: Effect, after: Effect): RouteEffect {
  return {
    ...{ finishBefore: before.finish, finishAfter: after.finish, lateBefore: before.late },
    ...{ lateAfter: after.late, lateStopsBefore: before.lateStops, lateStopsAfter: after.lateStops },
    kmMore: (after.metres - before.metres) / 1000,
  };
}

function explained(
  giver: Route,
  parts: readonly RescuePart[],
  { finishBefore, finishAfter, lateBefore, lateAfter, lateStopsBefore, lateStopsAfter }: RouteEffect,
  isStuck: boolean,
): string {
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  const minutes = (seconds: number) => Math.round(seconds / 60);
  const takes = parts.map(({ helperRoute, helperVehicle, stopIds, helper }) => {
    const more = minutes(helper.finishAfter - helper.finishBefore);
    return (
      `${helperRoute} (${helperVehicle}) takes ${stopIds.length} stops: ${more} min and ${helper.kmMore.toFixed(1)} km more ` +
      `for it, P(late) ${percent(helper.lateBefore)} to ${percent(helper.lateAfter)}`
    );
  });
  const gains = isStuck
    ? `${giver.code} cannot go on`
    : `${giver.code} is back ${minutes(finishBefore - finishAfter)} min earlier, P(late) ${percent(lateBefore)} to ` +
      `${percent(lateAfter)}, late stops ${lateStopsBefore.toFixed(1)} to ${lateStopsAfter.toFixed(1)}`;
  return `${takes.join('; ')}. ${gains}. Expected from today’s pace; straight lines at the routes’ own speed.`;
}
