import { ingestLimits } from '../../ingest/config.ts';
import { fixFrom } from '../../ingest/decode/own-fix.ts';
import { defaultFencePolicy, type Fence } from '../../schemas/fence.ts';
import type { Fix } from '../../schemas/fix.ts';
import type { Depot, Route, Vehicle } from '../../schemas/plan.ts';
import { instantFromMs } from '../../schemas/units.ts';
import { openRouter } from '../../simulator/city/paths.ts';
import { cityOf } from '../../simulator/city/road-file.ts';
import { type Upload, uploads } from '../../simulator/device/radio.ts';
import { dayPlan } from '../../simulator/plan.ts';
import { type TruthRecord, truthOf } from '../../simulator/report/truth.ts';
import type { Scenario } from '../../simulator/scenario/scenario.ts';
import { vanDay } from '../../simulator/van/van.ts';

/** What a driver's app said of a stop. */
export type AppReport = {
  readonly vehicleId: number;
  readonly at: number;
  readonly stopCode: string;
  readonly kind: 'arrived' | 'delivered' | 'failed' | 'departed';
};

/** A simulated fleet's day as ingest would have stored it, beside its truth. */
export type SimulatedDay = {
  readonly fleets: readonly { readonly id: number; readonly name: string; readonly timeZone: string }[];
  readonly depots: readonly Depot[];
  readonly vehicles: readonly Vehicle[];
  readonly fences: readonly Fence[];
  readonly routes: readonly Route[];
  readonly truth: readonly TruthRecord[];
  /** In order of arrival; repeated uploads are in it as often as they came. */
  readonly fixes: readonly Fix[];
  readonly reports: readonly AppReport[];
};

/** Signals besides position and speed that devices may send. */
export type Signal = 'ignition' | 'door' | 'app';

const FLEET = 1;

/** The day of a scenario whose shift starts at an instant, with every signal that its devices send. */
export function simulatedDay(scenario: Scenario, shiftStart: number): SimulatedDay {
  const city = cityOf(scenario);
  const plan = dayPlan(scenario, city, shiftStart);
  const router = openRouter(city.graph);
  const days = plan.routes.map((_, routeIndex) => vanDay({ scenario, city, router, plan, routeIndex }));
  const { document } = plan;
  const depots = document.depots.map((depot, i) => ({ id: i + 1, fleetId: FLEET, ...depot }));
  const vehicles = document.vehicles.map(({ name }, i) => ({ id: i + 1, fleetId: FLEET, name }));
  const vehicleIds = new Map(vehicles.map(({ id, name }) => [name, id]));
  let stopId = 0;
  const routes = document.routes.map((route, i) => ({
    ...{ id: i + 1, fleetId: FLEET, version: 1, code: route.code, serviceDate: route.serviceDate },
    depotId: depots.find(({ name }) => name === route.depot)?.id ?? 0,
    vehicleId: vehicleIds.get(route.vehicle) ?? 0,
    plannedDeparture: route.plannedDeparture,
    plannedReturn: route.plannedReturn,
    stops: route.stops.map((stop, sequence) => ({ ...stop, id: ++stopId, routeId: i + 1, sequence })),
  }));
  const arrived = days.flatMap((day) => [...uploads(day, scenario)]).sort((a, b) => a.due - b.due);
  return {
    fleets: [{ id: FLEET, name: document.fleet, timeZone: document.timeZone }],
    depots,
    vehicles,
    fences: document.fences.map((fence, i) => ({
      ...{ id: i + 1, fleetId: FLEET, policy: defaultFencePolicy },
      ...fence,
    })),
    routes,
    truth: truthOf({ days, plan, city, scenario }),
    ...stored(arrived, vehicleIds),
  };
}

/** What ingest makes of uploads in order of arrival: it refuses none that a simulated device sends. */
function stored(
  arrived: readonly Upload[],
  vehicleIds: ReadonlyMap<string, number>,
): Pick<SimulatedDay, 'fixes' | 'reports'> {
  const fixes: Fix[] = [];
  const reports: AppReport[] = [];
  for (const upload of arrived) {
    const vehicleId = vehicleIds.get(upload.device) ?? 0;
    if (upload.channel === 'stops') {
      for (const { ts, stop, kind } of upload.reports) {
        reports.push({ vehicleId, at: instantFromMs(ts), stopCode: stop, kind });
      }
    }
    if (upload.channel !== 'telemetry') continue;
    for (const message of upload.messages) {
      const origin = { fleetId: FLEET, vehicleId, deviceId: vehicleId };
      const fix = fixFrom(message, origin, upload.due, ingestLimits);
      if (!('reason' in fix)) fixes.push(fix);
    }
  }
  return { fixes, reports };
}

/** The same fixes as devices without the other signals would have sent them. */
export function withOnly(fixes: readonly Fix[], signals: readonly Signal[]): Fix[] {
  return fixes.map((fix) => ({
    ...fix,
    ignition: signals.includes('ignition') ? fix.ignition : undefined,
    door: signals.includes('door') ? fix.door : undefined,
  }));
}
