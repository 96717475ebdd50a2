import type { Answer } from '../schemas/down.ts';
import type { Position } from '../schemas/position.ts';
import type { City } from './city/city.ts';
import { openRouter } from './city/paths.ts';
import { cityOf } from './city/road-file.ts';
import { openFleet } from './fleet.ts';
import { type DayPlan, dayPlan } from './plan.ts';
import type { Scenario } from './scenario/scenario.ts';
import type { Outing, TrueSkip, TrueVisit } from './van/day.ts';
import type { TrueHandover } from './van/meetings.ts';
import { openTrackReader } from './van/track.ts';
import { roadTravel, type Travel } from './van/travel.ts';

/**
 * A simulated shift without devices, brokers or clocks, for whoever wants to try what an order does:
 *
 *     const city = cityOf(scenario);                                   // the same for every seed
 *     const world = { city, travel: learnedTravel(city, scenario) };   // or along the streets: { city }
 *     const day = openDay(scenario, 'seed 7', world);
 *     day.runUntil(day.plan.shiftStart + 4 * 3600);
 *     const vans = day.at(day.plan.shiftStart + 4 * 3600);             // what can be known then
 *     day.give({ vehicle: 'van-003', channel: 'route', payload: route }, at); // schemas/down.ts
 *     const { vans: truth } = day.result();                            // drives what is left
 *
 * Two days of one scenario and seed are the same to the last digit up to the first order that differs,
 * and after it in everything that does not follow from the difference: how long a stop takes, and
 * whether it fails, belongs to the stop and not to who serves it or when; the luck on the way to a
 * place to van and place. So days can be compared in pairs.
 */
export type Day = {
  readonly plan: DayPlan;
  /** Drives every van up to an instant; `at` and `give` do so by themselves. */
  readonly runUntil: (at: number) => void;
  /** What can be known of each van at an instant, in the order of the plan; instants may not go back. */
  readonly at: (at: number) => VanObservation[];
  /** Sends something down at an instant; what the device answers, undefined where there is none. */
  readonly give: (order: DayOrder, at: number) => Answer | undefined;
  /** Drives what is left; what really happened. */
  readonly result: () => DayResult;
};

export type DayOrder = {
  readonly vehicle: string;
  readonly channel: 'route' | 'command';
  readonly payload: unknown;
};

export type VanObservation = Position & {
  readonly vehicle: string;
  readonly route: string;
  readonly phase: 'yard' | 'road' | 'waiting' | 'stranded' | 'home' | 'back';
  /** m/s. */
  readonly speed: number;
  /** Of the newest route it has accepted; 0 is the plan. */
  readonly version: number;
  /** Stops that are over, in the order they were served. */
  readonly visits: readonly TrueVisit[];
  /** The stop or hand-over it is at or drives to: it will finish that whatever is ordered. */
  readonly current: { readonly code: string; readonly arrivedAt?: number | undefined } | undefined;
  /** Names of what comes after that, in running order. */
  readonly ahead: readonly string[];
};

export type DayResult = { readonly vans: readonly VanResult[]; readonly handovers: readonly TrueHandover[] };

export type VanResult = {
  readonly vehicle: string;
  readonly route: string;
  readonly visits: readonly TrueVisit[];
  /** Driven past without their parcels. */
  readonly skipped: readonly TrueSkip[];
  readonly outings: readonly Outing[];
  readonly leftAt: number;
  readonly returnedAt: number;
  /** Metres. */
  readonly driven: number;
  readonly answers: readonly Answer[];
};

export type DayOptions = {
  readonly city?: City | undefined;
  /** Instant the shift starts. */
  readonly shiftStart?: number | undefined;
  /** One that was made before of the same scenario, seed and travel. */
  readonly plan?: DayPlan | undefined;
  /** How vans get about; along the streets where nothing is said. `learnedTravel` is faster. */
  readonly travel?: Travel | undefined;
};

const SHIFT_START = 1_795_250_000;

export function openDay(base: Scenario, seed: string, options: DayOptions = {}): Day {
  const scenario: Scenario = { ...base, seed };
  const { city = cityOf(scenario), shiftStart = SHIFT_START } = options;
  const { travel = roadTravel(city.graph, openRouter(city.graph)) } = options;
  const plan = options.plan ?? dayPlan(scenario, city, shiftStart, travel);
  const fleet = openFleet({ scenario, city, plan, travel });
  const vans = plan.routes.map((_, index) => fleet.van(index));
  const readers = vans.map(({ view }) => openTrackReader(view.track));
  const runUntil = (at: number): void => {
    for (const van of vans) van.advance(at);
  };
  const observe = (index: number, at: number): VanObservation => {
    const { doing, phase, version, current, tasks } = vans[index]!.state();
    const { vehicle, code } = plan.routes[index]!;
    const { lng, lat, speed } = readers[index]!(at);
    const { visits, outings } = doing;
    const last = visits.at(-1);
    const isOver = last === undefined || last.departedAt <= at;
    const isReached = last !== undefined && last.stop === current?.code && last.arrivedAt <= at;
    const isBack = phase === 'home' && outings.at(-1)!.returnedAt <= at;
    return {
      ...{ vehicle, route: code, lng, lat, speed, version },
      phase: isBack ? 'back' : phase,
      visits: isOver ? visits.slice() : visits.slice(0, -1),
      current:
        current === undefined
          ? undefined
          : { code: current.code, ...(isReached ? { arrivedAt: last.arrivedAt } : {}) },
      ahead: tasks.map((task) => task.code).filter((name) => name !== current?.code),
    };
  };
  return {
    plan,
    runUntil,
    at: (at) => {
      runUntil(at);
      return plan.routes.map((_, index) => observe(index, at));
    },
    give: (order, at) => {
      runUntil(at);
      const given = fleet.give({ ...order, at });
      const index = plan.routes.findIndex(({ vehicle }) => vehicle === order.vehicle);
      const answers = vans[index]?.view.answers ?? [];
      return given && answers.findLast(({ ts }) => ts === Math.round(given.at * 1000));
    },
    result: () => {
      runUntil(Number.POSITIVE_INFINITY);
      const results = vans.map((van, index): VanResult => {
        const { visits, outings, skipped, answers, track } = van.state().doing;
        const { vehicle, code } = plan.routes[index]!;
        const [leftAt, returnedAt] = [outings[0]!.leftAt, outings.at(-1)!.returnedAt];
        const driven = track.driven();
        return { vehicle, route: code, visits, skipped, outings, leftAt, returnedAt, driven, answers };
      });
      return { vans: results, handovers: vans.flatMap((van) => van.state().doing.handovers) };
    },
  };
}
