import type { Trip } from '../../schemas/event.ts';
import type { Depot } from '../../schemas/plan.ts';
import { distanceOf } from '../../schemas/position.ts';
import type { Observation } from '../vehicle-state.ts';

type Place = { readonly at: number; readonly lng: number; readonly lat: number };

/**
 * Whether a vehicle is out: `home` in a depot, `away` on a trip, `unknown` when it was seen at no
 * depot yet (or stayed out over night), so that a trip starts with its first movement.
 */
export type TripState =
  | {
      readonly phase: 'unknown';
      /** Where it stands, and the last instant it was near there. */
      readonly anchor: (Place & { readonly nearAt: number }) | null;
    }
  | {
      readonly phase: 'home';
      /** The first fix outside the depot, until a second confirms it. */
      readonly leaving: Place | null;
    }
  | Away;

type Away = {
  readonly phase: 'away';
  readonly startedAt: number;
  readonly start: { readonly lng: number; readonly lat: number };
  readonly distance: number;
  readonly haltCount: number;
  /** The last place counted into `distance`, and when it was reached. */
  readonly counted: Place;
  /** The first fix back at a depot, until the vehicle has stayed there. */
  readonly back: Place | null;
  /** What the tables show of the trip. */
  readonly shown: {
    readonly lng: number;
    readonly lat: number;
    readonly distance: number;
    readonly haltCount: number;
  };
};

/** Metres beyond the depot's radius before a van has left: noise at the gate is no departure. */
const LEAVE_MARGIN = 25;
/** Seconds at the depot before a trip is over: a drive past it is no return. */
const STAY_SECONDS = 60;
/** Metres before a step counts into the distance: a standing van's noise must not drive. */
const STEP_METRES = 20;
/** Metres that are a first movement. */
const MOVE_METRES = 100;
/** A van that has not moved for this long is not on a trip, wherever it is. */
const REST_SECONDS = 4 * 3600;

export type TripWorld = { readonly depots: readonly Depot[] };

/** Advances the trip by one good fix. `haltsEnded` counts halts that ended with this fix. */
export function tripStep(
  trip: TripState,
  fix: Observation,
  haltsEnded: number,
  { depots }: TripWorld,
  emit: (trip: Omit<Trip, 'vehicleId'>) => void,
): TripState {
  const place = { at: fix.at, lng: fix.lng, lat: fix.lat };
  const clearance = depotClearance(depots, fix);
  if (trip.phase === 'away') return awayStep(trip, place, { clearance, haltsEnded }, emit);
  if (trip.phase === 'home') {
    if (clearance <= LEAVE_MARGIN) return trip.leaving === null ? trip : { phase: 'home', leaving: null };
    if (trip.leaving === null) return { phase: 'home', leaving: place };
    return depart(trip.leaving, trip.leaving.at, place, emit);
  }
  if (clearance <= 0) return { phase: 'home', leaving: null };
  const { anchor } = trip;
  if (anchor === null) return { phase: 'unknown', anchor: { ...place, nearAt: fix.at } };
  const moved = distanceOf(anchor.lng, anchor.lat, fix.lng, fix.lat);
  if (moved >= MOVE_METRES) return depart(anchor, anchor.nearAt, place, emit);
  return moved <= MOVE_METRES / 2 ? { phase: 'unknown', anchor: { ...anchor, nearAt: fix.at } } : trip;
}

/** Metres outside the nearest depot's radius; negative inside, infinite without depots. */
function depotClearance(depots: readonly Depot[], { lng, lat }: Observation): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (const { position, radius } of depots) {
    nearest = Math.min(nearest, distanceOf(position.lng, position.lat, lng, lat) - radius);
  }
  return nearest;
}

function depart(
  from: Place,
  startedAt: number,
  now: Place,
  emit: (trip: Omit<Trip, 'vehicleId'>) => void,
): TripState {
  const start = { lng: from.lng, lat: from.lat };
  const distance = distanceOf(from.lng, from.lat, now.lng, now.lat);
  const shown = { lng: now.lng, lat: now.lat, distance, haltCount: 0 };
  const trip: Away = {
    phase: 'away',
    startedAt,
    start,
    distance,
    haltCount: 0,
    counted: now,
    back: null,
    shown,
  };
  emit(tripRow(trip));
  return trip;
}

function awayStep(
  before: Away,
  place: Place,
  { clearance, haltsEnded }: { clearance: number; haltsEnded: number },
  emit: (trip: Omit<Trip, 'vehicleId'>) => void,
): TripState {
  const step = distanceOf(before.counted.lng, before.counted.lat, place.lng, place.lat);
  const isRested = place.at - before.counted.at >= REST_SECONDS;
  if (isRested) {
    emit({ ...tripRow(shownNow(before, before.counted)), endedAt: before.counted.at });
    return { phase: 'unknown', anchor: { ...place, nearAt: place.at } };
  }
  const isStep = step >= STEP_METRES;
  const back = clearance <= 0 ? (before.back ?? place) : null;
  // Standing about, which is what vans mostly do.
  if (!isStep && haltsEnded === 0 && back === null && before.back === null) return before;
  let trip: Away = {
    phase: 'away',
    startedAt: before.startedAt,
    start: before.start,
    distance: isStep ? before.distance + step : before.distance,
    haltCount: before.haltCount + haltsEnded,
    counted: isStep ? place : before.counted,
    back,
    shown: before.shown,
  };
  if (trip.back !== null && place.at - trip.back.at >= STAY_SECONDS) {
    emit({ ...tripRow(shownNow(trip, trip.back)), endedAt: trip.back.at });
    return { phase: 'home', leaving: null };
  }
  if (haltsEnded > 0) {
    trip = shownNow(trip, place);
    emit(tripRow(trip));
  }
  return trip;
}

function shownNow(trip: Away, { lng, lat }: Place): Away {
  return { ...trip, shown: { lng, lat, distance: trip.distance, haltCount: trip.haltCount } };
}

/** The trip as the tables show it. */
export function tripRow({ startedAt, start, shown }: Away): Omit<Trip, 'vehicleId'> {
  return {
    startedAt,
    start,
    end: { lng: shown.lng, lat: shown.lat },
    distance: Math.round(shown.distance),
    haltCount: shown.haltCount,
  };
}
