import { expect, test } from 'vitest';
import type { StoredReport } from '../schemas/engine-store.ts';
import { defaultFencePolicy } from '../schemas/fence.ts';
import type { Fix } from '../schemas/fix.ts';
import { fixFlags } from '../schemas/reasons.ts';
import { openRouter } from '../simulator/city/paths.ts';
import { cityOf } from '../simulator/city/road-file.ts';
import { uploads } from '../simulator/device/radio.ts';
import { dayPlan } from '../simulator/plan.ts';
import { type TruthRecord, truthOf } from '../simulator/report/truth.ts';
import { type Scenario, scenarios } from '../simulator/scenario/scenario.ts';
import { vanDay } from '../simulator/van/van.ts';
import { Engine } from './engine.ts';
import { inline } from './pool/inline.ts';
import { MemoryStore } from './testing/memory-store.ts';

type SimulatedDay = {
  readonly store: MemoryStore;
  readonly truth: readonly TruthRecord[];
  readonly fixes: readonly Fix[];
  readonly reports: readonly StoredReport[];
};

/** A simulated fleet's day as ingest would have stored it, in order of arrival, beside its truth. */
function simulatedDay(scenario: Scenario, shiftStart: number, withSignals: boolean): SimulatedDay {
  const city = cityOf(scenario);
  const plan = dayPlan(scenario, city, shiftStart);
  const router = openRouter(city.graph);
  const days = plan.routes.map((_, routeIndex) => vanDay({ scenario, city, router, plan, routeIndex }));
  const truth = truthOf({ days, plan, city, scenario });
  const { document } = plan;
  const store = new MemoryStore();
  const fleetId = 1;
  const depots = document.depots.map((depot, i) => ({ id: i + 1, fleetId, ...depot }));
  const vehicles = document.vehicles.map(({ name }, i) => ({ id: i + 1, fleetId, name }));
  const vehicleId = new Map(vehicles.map(({ id, name }) => [name, id]));
  const fences = document.fences.map((fence, i) => ({
    id: i + 1,
    fleetId,
    ...fence,
    policy: defaultFencePolicy,
  }));
  let stopId = 0;
  const routes = document.routes.map((route, i) => ({
    id: i + 1,
    fleetId,
    code: route.code,
    serviceDate: route.serviceDate,
    depotId: depots.find(({ name }) => name === route.depot)?.id ?? 0,
    vehicleId: vehicleId.get(route.vehicle) ?? 0,
    plannedDeparture: route.plannedDeparture,
    plannedReturn: route.plannedReturn,
    version: 1,
    stops: route.stops.map((stop, sequence) => ({ ...stop, id: ++stopId, routeId: i + 1, sequence })),
  }));
  const fleets = [{ id: fleetId, name: document.fleet, timeZone: document.timeZone }];
  store.setWorld({ fleets, depots, vehicles, fences }, routes);

  const arrived = days.flatMap((day) => [...uploads(day, scenario)]).sort((a, b) => a.due - b.due);
  const fixes: Fix[] = [];
  const reports: StoredReport[] = [];
  for (const upload of arrived) {
    const id = vehicleId.get(upload.device) ?? 0;
    if (upload.channel === 'stops') {
      for (const { ts, stop, kind } of upload.reports) {
        reports.push({ vehicleId: id, at: ts / 1000, stopCode: stop, kind });
      }
      continue;
    }
    if (upload.channel === 'answers') continue;
    for (const message of upload.messages) {
      const at = Math.round(message.ts) / 1000;
      fixes.push({
        fleetId,
        vehicleId: id,
        deviceId: id,
        at,
        key: message.seq ?? 0,
        received: upload.due,
        lng: message.lng,
        lat: message.lat,
        speed: message.speed ?? undefined,
        heading: message.heading ?? undefined,
        accuracy: message.accuracy ?? undefined,
        ignition: withSignals ? (message.ignition ?? undefined) : undefined,
        door: withSignals ? (message.door ?? undefined) : undefined,
        flags:
          (message.lat === 0 && message.lng === 0 ? fixFlags.zero : 0) |
          ((message.accuracy ?? 0) > 200 ? fixFlags.accuracy : 0) |
          (at < 1_420_000_000 ? fixFlags.clock_past : 0),
      });
    }
  }
  return { store, truth, fixes, reports };
}

type Agreement = {
  readonly precision: number;
  readonly recall: number;
  /** For the reader of a failure. */
  readonly missed: readonly string[];
  readonly invented: readonly string[];
};

/** One-to-one agreement of named instants within a tolerance, seconds. */
function agreement(
  truth: readonly { readonly name: string; readonly at: number; readonly isSure: boolean }[],
  found: readonly { readonly name: string; readonly at: number }[],
  tolerance: number,
): Agreement {
  const open = [...found];
  const missed: string[] = [];
  let hits = 0;
  let unsure = 0;
  for (const wanted of [...truth].sort((a, b) => Number(b.isSure) - Number(a.isSure))) {
    const i = open.findIndex(({ name, at }) => name === wanted.name && Math.abs(at - wanted.at) <= tolerance);
    if (i >= 0) open.splice(i, 1);
    if (!wanted.isSure) unsure++;
    else if (i >= 0) hits++;
    else missed.push(`${wanted.name} @${wanted.at}`);
  }
  const sure = truth.length - unsure;
  return {
    precision: hits / Math.max(1, hits + open.length),
    recall: hits / Math.max(1, sure),
    missed,
    invented: open.map(({ name, at }) => `${name} @${at}`),
  };
}

const START = 1_790_000_000;

test.each([
  { intervalSeconds: 5, vans: 3, seed: 'a' },
  { intervalSeconds: 10, vans: 4, seed: 'c' },
])(
  'Engine agrees with the simulator’s truth from position and speed alone, when $vans vans report each $intervalSeconds s',
  async (chosen) => {
    const { store, truth, fixes } = simulatedDay({ ...scenarios.demo!, ...chosen }, START, false);
    for (let i = 0; i < fixes.length; i += 1000) store.ingest(fixes.slice(i, i + 1000));
    const engine = await Engine.open(store, {
      run: inline,
      threads: 0,
      gulpFixes: 5000,
      now: () => START + 86_400,
    });
    for (;;) {
      const step = await engine.advance();
      const late = await engine.rederive(50);
      if (!step.hasMore && !late.hasMore) break;
    }
    const vehicle = new Map(store.world.vehicles.map(({ id, name }) => [id, name]));
    const fence = new Map(store.world.fences.map(({ id, set, name }) => [id, `${set}/${name}`]));
    const stop = new Map(
      store.routes.flatMap(({ code, stops }) =>
        stops.map((planned) => [planned.id, `${code}/${planned.code}`]),
      ),
    );
    const visits = agreement(
      truth.flatMap((t) =>
        t.type === 'visit' ? [{ name: `${t.route}/${t.stop}`, at: t.arrivedAt, isSure: true }] : [],
      ),
      [...store.visits.values()].map(({ stopId, arrivedAt }) => ({
        name: stop.get(stopId) ?? '',
        at: arrivedAt,
      })),
      60,
    );
    expect(visits, visits.missed.join('; ')).toMatchObject({
      precision: atLeast(0.98),
      recall: atLeast(0.98),
    });
    const crossings = agreement(
      truth.flatMap((t) =>
        t.type === 'crossing'
          ? [{ name: `${t.vehicle} ${t.kind} ${t.set}/${t.fence}`, at: t.at, isSure: t.isSure }]
          : [],
      ),
      [...store.crossings.values()]
        .filter(({ kind }) => kind !== 'pass')
        .map(({ vehicleId, kind, fenceId, at }) => ({
          name: `${vehicle.get(vehicleId)} ${kind} ${fence.get(fenceId)}`,
          at,
        })),
      45,
    );
    expect(crossings, crossings.missed.join('; ')).toMatchObject({
      precision: atLeast(0.99),
      recall: atLeast(0.99),
    });
    const trips = agreement(
      truth.flatMap((t) => (t.type === 'trip' ? [{ name: t.vehicle, at: t.startedAt, isSure: true }] : [])),
      [...store.trips.values()].map(({ vehicleId, startedAt }) => ({
        name: vehicle.get(vehicleId) ?? '',
        at: startedAt,
      })),
      60,
    );
    expect(trips).toMatchObject({ precision: 1, recall: 1 });
  },
);

const atLeast = (least: number) => expect.toSatisfy((value: number) => value >= least, `at least ${least}`);
