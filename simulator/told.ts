import { dayMaker, type Fleet, type FleetInput } from './fleet.ts';
import type { DayPlan } from './plan.ts';
import type { DownlinkInput } from './publish/downlink.ts';
import { type OrdersFile, openOrdersFile, ordersFileOf, readOrders } from './publish/orders-file.ts';
import { renewTruth, truthOf } from './report/truth.ts';

/** For so long orders are gathered before the truth about the vans they went to is written anew, ms. */
const GATHER_MS = 2000;

export type ToldInput = {
  readonly shift: FleetInput;
  readonly isResumed: boolean;
  readonly ledgerFile: string;
  readonly truthFile?: string | undefined;
};

/** What is sent down: kept in a file as it is heard, and the truth follows it. */
export function openTold({ shift, isResumed, ledgerFile, truthFile }: ToldInput) {
  const path = ordersFileOf(ledgerFile);
  const before = isResumed ? readOrders(path) : [];
  const versions = new Map<string, unknown>();
  for (const { vehicle, channel, payload } of before)
    if (channel === 'route' && isRecord(payload)) versions.set(vehicle, payload.version);
  let file: OrdersFile | undefined;
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let fleetOf: Fleet | undefined;
  const renew = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (truthFile === undefined || fleetOf === undefined || changed.size === 0) return;
    const dayOf = dayMaker(shift, fleetOf.given());
    const indexes = [...shift.plan.routes.keys()].filter((i) => changed.has(shift.plan.routes[i]!.vehicle));
    renewTruth(truthFile, truthOf({ ...shift, days: indexes.map(dayOf) }));
    changed.clear();
  };
  return {
    before,
    hearer:
      ({ fleet, at }: { readonly fleet: Fleet; readonly at: () => number }): DownlinkInput['heard'] =>
      (vehicle, channel, payload) => {
        fleetOf = fleet;
        const order = fleet.give({ vehicle, channel, payload, at: at() });
        if (order === undefined) return;
        // What is retained comes again with every connection: it is written down once.
        const version = channel === 'route' && isRecord(payload) ? payload.version : undefined;
        if (version !== undefined && versions.get(vehicle) === version) return;
        if (version !== undefined) versions.set(vehicle, version);
        file ??= openOrdersFile(path, isResumed);
        file.append(order);
        if (channel !== 'route' || isAsPlanned(shift.plan, vehicle, payload)) return;
        for (const name of [vehicle, ...partnersIn(payload)]) changed.add(name);
        timer ??= setTimeout(renew, GATHER_MS);
      },
    close: (): void => {
      renew();
      file?.close();
    },
  };
}

const codesIn = (payload: unknown): unknown[] => {
  const items = isRecord(payload) && Array.isArray(payload.items) ? payload.items : [];
  return items.map((item: unknown) => (isRecord(item) ? item.code : undefined));
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

function partnersIn(payload: unknown): string[] {
  const items = isRecord(payload) && Array.isArray(payload.items) ? payload.items : [];
  return items.flatMap((item: unknown) =>
    isRecord(item) && typeof item.with === 'string' ? [item.with] : [],
  );
}

/** The first version of a route is the plan: nothing changes by it. */
function isAsPlanned({ routes }: DayPlan, vehicle: string, payload: unknown): boolean {
  const stops = routes.find((route) => route.vehicle === vehicle)?.stops ?? [];
  const codes = codesIn(payload);
  return codes.length === stops.length && stops.every(({ code }, i) => codes[i] === code);
}
