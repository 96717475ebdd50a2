import { foldVehicle, nothingFound } from '../../engine/fold.ts';
import { packFences } from '../../engine/geofence/fence-pack.ts';
import { routePlan } from '../../engine/pace/route-plan.ts';
import { crossingKey, startKey } from '../../engine/rederive.ts';
import { matchVisits } from '../../engine/trip/visit.ts';
import { emptyState, type Observation } from '../../engine/vehicle-state.ts';
import type { Crossing, Halt, StopVisit, Trip } from '../../schemas/event.ts';
import type { Fix } from '../../schemas/fix.ts';
import { type Signal, type SimulatedDay, withOnly } from './simulated-day.ts';

export type Concluded = {
  readonly crossings: readonly Crossing[];
  readonly trips: readonly Trip[];
  readonly halts: readonly Halt[];
  readonly visits: readonly StopVisit[];
};

/** What the engine concludes of a day from position and speed, and of other signals only from those named. */
export function concludedFrom(day: SimulatedDay, signals: readonly Signal[]): Concluded {
  const pack = packFences(day.fences);
  const all = { crossings: [] as Crossing[], trips: [] as Trip[], halts: [] as Halt[] };
  const visits: StopVisit[] = [];
  const fixes = withOnly(day.fixes, signals);
  const reports = signals.includes('app') ? day.reports : [];
  for (const { id: vehicleId, fleetId } of day.vehicles) {
    const found = nothingFound();
    const own = inOrder(fixes.filter((fix) => fix.vehicleId === vehicleId));
    foldVehicle({ vehicleId, fleetId, state: emptyState }, own, { pack, depots: day.depots }, found);
    const { changes } = found;
    const halts = lastOfEach(changes.halts, startKey);
    all.crossings.push(...lastOfEach(changes.crossings, crossingKey));
    all.trips.push(...lastOfEach(changes.trips, startKey));
    all.halts.push(...halts);
    for (const route of day.routes.filter((one) => one.vehicleId === vehicleId)) {
      const depot = day.depots.find(({ id }) => id === route.depotId)!;
      const told = reports.filter((report) => report.vehicleId === vehicleId);
      visits.push(...matchVisits(routePlan(route, depot.position), halts, told));
    }
  }
  return { ...all, visits };
}

/** As the fold takes them: each once, sorted by (at, key). */
function inOrder(fixes: readonly Fix[]): Observation[] {
  const once = new Map(fixes.map((fix) => [`${fix.at} ${fix.key}`, fix]));
  return [...once.values()].sort((a, b) => a.at - b.at || a.key - b.key).map(observed);
}

function observed(fix: Fix): Observation {
  const { at, key, deviceId, lng, lat, speed, heading, accuracy, ignition, flags } = fix;
  return { at, key, deviceId, lng, lat, speed, heading, accuracy, ignition, flags };
}

function lastOfEach<Row, Key>(rows: readonly Row[], keyOf: (row: Row) => Key): Row[] {
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()];
}
