import type { PlanDocument } from '../schemas/plan.ts';
import type { Position } from '../schemas/position.ts';
import { type Random, random } from '../schemas/random.ts';
import { radiansFromDegrees } from '../schemas/units.ts';
import { type Address, addressesAlong, housedStreets } from './city/addresses.ts';
import { fencesOf, type PlannedDepot } from './city/areas.ts';
import type { City } from './city/city.ts';
import { pointOn, roadClasses } from './city/graph.ts';
import { type Kerb, kerbMetres, kerbOf } from './city/kerbs.ts';
import { openRouter, type Place } from './city/paths.ts';
import { areaOf, openLookup } from './city/shapes.ts';
import { sequence, territories } from './device/sequence.ts';
import { normalShare, packages, plannedService, quantile } from './report/quantiles.ts';
import type { Scenario } from './scenario/scenario.ts';
import { vanName } from './van/copies.ts';
import { usualStyle } from './van/motion.ts';
import { roadTravel, type Travel } from './van/travel.ts';

/** A planned stop with what the simulator needs beside the promise. */
export type StopPlan = PlanDocument['routes'][number]['stops'][number] & {
  readonly place: Place;
  /** Standard normal that planned service came from: what really happens is related to it. */
  readonly effort: number;
  readonly premises: Premises;
  /** Instants between which somebody is there to take it, where that is not all day. */
  readonly hours?: { readonly opens: number; readonly closes: number } | undefined;
};

export type Premises = 'house' | 'apartment' | 'business';

export type RoutePlan = {
  readonly code: string;
  readonly vehicle: string;
  readonly driver: string;
  readonly depotIndex: number;
  readonly plannedDeparture: number;
  readonly plannedReturn: number;
  readonly stops: readonly StopPlan[];
};

export type DepotPlan = PlannedDepot & { readonly gate: Place };

export type DayPlan = {
  readonly shiftStart: number;
  readonly depots: readonly DepotPlan[];
  readonly routes: readonly RoutePlan[];
  readonly document: PlanDocument;
};

/** The plan as the platform stores it; times follow from the instant the shift starts. */
export const planOf = (scenario: Scenario, city: City, shiftStart: number): PlanDocument =>
  dayPlan(scenario, city, shiftStart).document;

/** Metres of housed street for each stop: sets how far stops lie apart (hops: p50 135 m, p90 358 m). */
const STREET_PER_STOP = 424;
const DEPOT_RADIUS = 130;
/** What the planner allows for finding, parking and setting off, seconds a stop. */
const STOP_ALLOWANCE = 20;
/** Lunch is planned after the stop nearest to this far into the route, seconds. */
const LUNCH_AFTER = 4.5 * 3600;
/**
 * Share by which a plan allows for more than the usual driver takes. Without it half of all routes
 * would end late; with it 12–25 % do, as the field reports (an at-risk share of that size).
 */
const RESERVE = 0.06;

/** The whole day as planned. Vans beyond what the city holds form further layers over the same streets. */
export function dayPlan(
  scenario: Scenario,
  city: City,
  shiftStart: number,
  travel: Travel = roadTravel(city.graph, openRouter(city.graph)),
): DayPlan {
  const chance = random(`${scenario.seed}/plan`);
  const depots = depotsOf(scenario, city, chance.fork('depots'));
  const fences = fencesOf(city, depots, chance.fork('fences'));
  const isClear = clearOf(fences, city, scenario.fenceClearance);
  const layers = layersOf(scenario, city, depots);
  const drafts = layers.flatMap(({ vans, streets, first }, layer) => {
    const layerChance = chance.fork(`layer ${layer}`);
    const [least, most] = scenario.stopsPerRoute;
    const sizes = vans.map(() => least + layerChance.integer(most - least + 1));
    const count = sizes.reduce((sum, size) => sum + size, 0);
    const addresses = addressesAlong({ city, count, streets, isClear, chance: layerChance });
    return draftRoutes({ addresses, sizes, first, depots, city, scenario });
  });
  const waves = waveOf(drafts, scenario);
  const routes = drafts.map((draft, index) =>
    timed({
      draft,
      travel,
      scenario,
      depots,
      departure: shiftStart + waves[index]! * scenario.waveMinutes * 60,
      shiftStart,
      chance: chance.fork(draft.vehicle),
    }),
  );
  const document = documentOf({ scenario, depots, routes, fences });
  return { shiftStart, depots, routes, document };
}

/** Stations beside main roads, spread over the city. */
function depotsOf(scenario: Scenario, city: City, chance: Random): DepotPlan[] {
  const count = Math.max(1, Math.ceil(scenario.vans / scenario.vansPerDepot));
  const { graph, frame } = city;
  const secondary = roadClasses.indexOf('secondary');
  const candidates: Place[] = [];
  for (let edge = 0; edge < graph.edgeCount; edge++) {
    const roadClass = graph.roadClass[edge]!;
    if (roadClass <= secondary && roadClass > 2 && graph.twin[edge]! >= 0 && graph.length[edge]! > 60) {
      candidates.push({ edge, offset: graph.length[edge]! / 2 });
    }
  }
  const outside = candidates.filter(({ edge, offset }) => isInEstate(city, pointOn(graph, edge, offset)));
  const sites = outside.length > 0 ? outside : candidates;
  const gates: Place[] = [];
  const far = (a: Place, b: Place) => {
    const [p, q] = [pointOn(graph, a.edge, a.offset), pointOn(graph, b.edge, b.offset)];
    return Math.hypot(frame.x(p.lng) - frame.x(q.lng), frame.y(p.lat) - frame.y(q.lat));
  };
  for (let i = 0; i < count; i++) {
    // The best of a few: far from the other stations, near the middle rather than the edge.
    const tries = Array.from({ length: 12 }, () => chance.pick(sites));
    const worth = (place: Place) => {
      const { lng, lat } = pointOn(graph, place.edge, place.offset);
      const apart = Math.min(8000, ...gates.map((gate) => far(gate, place)));
      return apart - 0.8 * Math.hypot(frame.x(lng), frame.y(lat));
    };
    gates.push(tries.reduce((best, place) => (worth(place) > worth(best) ? place : best)));
  }
  return gates.map((gate, index) => {
    const { lng, lat, heading } = pointOn(graph, gate.edge, gate.offset);
    const side = radiansFromDegrees(heading + 90);
    const yard = frame.position(frame.x(lng) + 60 * Math.sin(side), frame.y(lat) + 60 * Math.cos(side));
    return { name: `Station ${index + 1}`, position: rounded(yard), radius: DEPOT_RADIUS, gate };
  });
}

/** Metres round the middle of an estate. */
const ESTATE = 1500;
const isInEstate = ({ estates, frame }: City, { lng, lat }: Position): boolean =>
  estates.some(
    (estate) => Math.hypot(frame.x(lng) - frame.x(estate.lng), frame.y(lat) - frame.y(estate.lat)) < ESTATE,
  );

const rounded = ({ lng, lat }: Position): Position => ({
  lng: Math.round(lng * 1e6) / 1e6,
  lat: Math.round(lat * 1e6) / 1e6,
});

function clearOf(fences: PlanDocument['fences'], { frame }: City, clearance: number) {
  const areas = fences.map((fence) => areaOf(fence.shape, frame));
  // The van stands up to 35 m from the house.
  const margin = clearance + 35;
  const near = openLookup(areas, margin);
  return ({ lng, lat }: Position): boolean => {
    const [x, y] = [frame.x(lng), frame.y(lat)];
    return near(x, y).every((index) => Math.abs(areas[index]!.signedDistance(x, y)) > margin);
  };
}

type Layer = {
  readonly vans: readonly number[];
  readonly streets: readonly number[];
  readonly first: number;
};

/** Groups of vans that share the city without overlap; the last group keeps near its stations. */
function layersOf(scenario: Scenario, city: City, depots: readonly DepotPlan[]): Layer[] {
  const [least, most] = scenario.stopsPerRoute;
  const perVan = ((least + most) / 2) * STREET_PER_STOP;
  const middle = {
    lng: depots.reduce((sum, { position }) => sum + position.lng, 0) / depots.length,
    lat: depots.reduce((sum, { position }) => sum + position.lat, 0) / depots.length,
  };
  const streets = housedStreets(city, middle);
  const total = streets.reduce((sum, edge) => sum + city.graph.length[edge]!, 0);
  const vansMax = Math.max(1, Math.floor(total / perVan));
  const layerCount = Math.ceil(scenario.vans / vansMax);
  const size = Math.ceil(scenario.vans / layerCount);
  return Array.from({ length: layerCount }, (_, layer) => {
    const first = layer * size;
    const count = Math.min(size, scenario.vans - first);
    let length = 0;
    let used = 0;
    while (used < streets.length && length < count * perVan) length += city.graph.length[streets[used++]!]!;
    return {
      vans: Array.from({ length: count }, (_, i) => first + i),
      streets: streets.slice(0, used),
      first,
    };
  });
}

type Draft = {
  readonly vehicle: string;
  readonly depotIndex: number;
  readonly addresses: readonly Address[];
};

type DraftInput = {
  readonly addresses: readonly Address[];
  readonly sizes: readonly number[];
  readonly first: number;
  readonly depots: readonly DepotPlan[];
  readonly city: City;
  readonly scenario: Scenario;
};

function draftRoutes({ addresses, sizes, first, depots, city, scenario }: DraftInput): Draft[] {
  const { frame } = city;
  const points = {
    x: Float64Array.from(addresses, ({ position }) => frame.x(position.lng)),
    y: Float64Array.from(addresses, ({ position }) => frame.y(position.lat)),
  };
  const homes = depots.map(({ position }) => ({ x: frame.x(position.lng), y: frame.y(position.lat) }));
  const room = depots.map(() => Math.ceil(scenario.vans / depots.length));
  return territories(points, sizes).map((members, index) => {
    const x = members.reduce((sum, i) => sum + points.x[i]!, 0) / members.length;
    const y = members.reduce((sum, i) => sum + points.y[i]!, 0) / members.length;
    let depotIndex = -1;
    for (const [i, home] of homes.entries()) {
      if (room[i]! <= 0) continue;
      const best = homes[depotIndex];
      if (best === undefined || Math.hypot(home.x - x, home.y - y) < Math.hypot(best.x - x, best.y - y)) {
        depotIndex = i;
      }
    }
    room[depotIndex]!--;
    const gate = kerbOf(city, depots[depotIndex]!.gate);
    const kerbs = members.map((i) => ({ ...kerbOf(city, addresses[i]!.place), address: addresses[i]! }));
    const order = sequence<Kerb & { address?: Address }>([gate, ...kerbs], kerbMetres);
    const ordered = order.flatMap(({ address }) => address ?? []);
    return { vehicle: vanName(first + index), depotIndex, addresses: ordered };
  });
}

/** Four waves a station, fifteen minutes apart by default. */
function waveOf(drafts: readonly Draft[], scenario: Scenario): number[] {
  const leaving = new Map<number, number>();
  const perWave = Math.max(1, Math.ceil(Math.min(scenario.vans, scenario.vansPerDepot) / 4));
  return drafts.map(({ depotIndex }) => {
    const place = leaving.get(depotIndex) ?? 0;
    leaving.set(depotIndex, place + 1);
    return Math.floor(place / perWave) % 4;
  });
}

/** Local hours in which a business takes parcels; none is planned later than this before it closes, seconds. */
const OPEN = [8, 17] as const;
const BEFORE_CLOSING = 2700;
/** Of the stops with a window that are planned in those hours; the others are promised to people at home. */
const BUSINESS = 0.5;

/** Who waits there: flats are found where service takes long, as far as it is planned so. */
function premisesOf(effort: number, canBeBusiness: boolean, chance: Random): Premises {
  const [isBusiness, isFlat] = [chance.chance(BUSINESS), chance.chance(effort > 0.5 ? 0.5 : 0.15)];
  if (canBeBusiness && isBusiness) return 'business';
  return isFlat ? 'apartment' : 'house';
}

type TimedInput = {
  readonly draft: Draft;
  readonly travel: Travel;
  readonly scenario: Scenario;
  readonly depots: readonly DepotPlan[];
  readonly departure: number;
  readonly shiftStart: number;
  readonly chance: Random;
};

/** Gives a route its times: travel as a usual driver would take, service, lunch. */
function timed({ draft, travel, scenario, depots, departure, shiftStart, chance }: TimedInput): RoutePlan {
  const { gate } = depots[draft.depotIndex]!;
  const hourAt = (at: number) => scenario.startHour + (at - shiftStart) / 3600;
  let here = gate;
  let now = departure;
  let lunch = scenario.driver.lunchMinutes * 60;
  const goTo = (to: Place, isStop: boolean): void => {
    const leg = travel({ from: here, to, style: usualStyle, hour: hourAt(now), isStop });
    now += leg.motion.t.at(-1)! * (1 + RESERVE);
    here = leg.to;
  };
  const stops = draft.addresses.map(({ place, position }, index): StopPlan => {
    goTo(place, true);
    now += STOP_ALLOWANCE;
    const effort = chance.normal();
    const service = Math.round(quantile(plannedService, normalShare(effort)));
    const plannedArrival = Math.round(now);
    const parcels = Math.floor(quantile(packages, chance.next()));
    const hasWindow = chance.chance(scenario.windowShare);
    const windowFrom = Math.round((plannedArrival - chance.between(1800, 5400)) / 900) * 900;
    const opens = shiftStart + (OPEN[0] - scenario.startHour) * 3600;
    const closes = shiftStart + (OPEN[1] - scenario.startHour) * 3600;
    const isInHours = plannedArrival > opens && plannedArrival < closes - BEFORE_CLOSING;
    const premises = premisesOf(effort, hasWindow && isInHours, chance.fork(`premises ${index}`));
    const hours = premises === 'business' ? { hours: { opens, closes } } : {};
    const promised =
      premises === 'business'
        ? { windowFrom: opens, windowUntil: closes }
        : { windowFrom, windowUntil: windowFrom + 7200 };
    const window = hasWindow ? promised : {};
    now += service * (1 + RESERVE);
    if (lunch > 0 && now - departure > LUNCH_AFTER) {
      now += lunch;
      lunch = 0;
    }
    const code = `S${String(index + 1).padStart(3, '0')}`;
    const told = { code, position, plannedArrival, service, packages: parcels, ...window };
    return { ...told, place, effort, premises, ...hours };
  });
  goTo(gate, false);
  const number = draft.vehicle.slice('van-'.length);
  return {
    code: `R${number}`,
    vehicle: draft.vehicle,
    driver: `D${number}`,
    depotIndex: draft.depotIndex,
    plannedDeparture: departure,
    plannedReturn: Math.round(now),
    stops,
  };
}

type DocumentInput = {
  readonly scenario: Scenario;
  readonly depots: readonly DepotPlan[];
  readonly routes: readonly RoutePlan[];
  readonly fences: PlanDocument['fences'];
};

function documentOf({ scenario, depots, routes, fences }: DocumentInput): PlanDocument {
  const names = random(`${scenario.seed}/names`);
  return {
    fleet: scenario.fleet,
    timeZone: scenario.timeZone,
    depots: depots.map(({ name, position, radius }) => ({ name, position, radius })),
    drivers: routes.map(({ driver }) => ({ code: driver, name: personName(names) })),
    vehicles: routes.map(({ vehicle }) => ({ name: vehicle, device: vehicle })),
    routes: routes.map((route) => ({
      code: route.code,
      serviceDate: dateIn(scenario.timeZone, route.plannedDeparture),
      depot: depots[route.depotIndex]!.name,
      vehicle: route.vehicle,
      driver: route.driver,
      plannedDeparture: route.plannedDeparture,
      plannedReturn: route.plannedReturn,
      stops: route.stops.map(
        ({ place: _place, effort: _effort, premises: _premises, hours: _hours, ...stop }) => stop,
      ),
    })),
    fences,
  };
}

/** YYYY-MM-DD of an instant in a time zone. */
const dateIn = (timeZone: string, at: number): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(new Date(at * 1000));

const givenNames = 'Ada Ben Cora Dev Elif Finn Gita Hugo Ines Jonas Kira Liam Mina Noor Omar Pia'.split(' ');
const familyNames = 'Abel Brandt Costa Diaz Egger Fox Grant Haas Ito Jensen Khan Lund Moreau Novak'.split(
  ' ',
);
const personName = (chance: Random): string => `${chance.pick(givenNames)} ${chance.pick(familyNames)}`;
