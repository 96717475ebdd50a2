import type { RouteHandover, RouteMessage, RouteStop } from '../../schemas/down.ts';

/** A route with its stops in running order and its hand-overs, as `selectRoutes` reads them. Instants are ms. */
export type RouteRow = {
  readonly fleet: string;
  readonly device: string;
  readonly vehicle: string;
  readonly routeId: number;
  readonly route: string;
  readonly version: number;
  readonly serviceDate: string;
  readonly ts: number;
  readonly stops: readonly StopRow[];
  readonly handovers: readonly HandoverRow[];
};

type StopRow = {
  readonly stopId: number;
  readonly code: string;
  readonly lat: number;
  readonly lng: number;
  readonly service: number;
  readonly packages: number;
  readonly windowFrom: number | null;
  readonly windowUntil: number | null;
};

type HandoverRow = {
  readonly handoverId: number;
  readonly role: 'give' | 'take';
  readonly with: string;
  readonly lat: number;
  readonly lng: number;
  readonly stops: readonly string[];
  readonly at: number;
  readonly until: number;
  readonly service: number;
  /** Stop of this route behind which it stands; null: before all. */
  readonly afterStopId: number | null;
};

/** What a device is told: stops in running order, each hand-over behind the stop that it comes after. */
export function composeRoute(row: RouteRow): RouteMessage {
  const { route, version, vehicle, serviceDate, ts, stops, handovers } = row;
  const known = new Set(stops.map(({ stopId }) => stopId));
  const behind = new Map<number | null, HandoverRow[]>();
  for (const handover of handovers) {
    // The stop may have left the route since; then only the time says where, and first is soonest.
    const place =
      handover.afterStopId !== null && known.has(handover.afterStopId) ? handover.afterStopId : null;
    const others = behind.get(place);
    if (others === undefined) behind.set(place, [handover]);
    else others.push(handover);
  }
  const items = [
    ...(behind.get(null) ?? []).map(handoverItem),
    ...stops.flatMap((stop) => [stopItem(stop), ...(behind.get(stop.stopId) ?? []).map(handoverItem)]),
  ];
  return { route, version, vehicle, serviceDate, ts, items };
}

function stopItem({ code, lat, lng, service, packages, windowFrom, windowUntil }: StopRow): RouteStop {
  return {
    kind: 'stop',
    ...{ code, lat, lng, service, packages },
    ...(windowFrom !== null && { windowFrom }),
    ...(windowUntil !== null && { windowUntil }),
  };
}

function handoverItem(row: HandoverRow): RouteHandover {
  const { handoverId, lat, lng, role, stops, at, until, service } = row;
  return {
    kind: 'handover',
    code: `H${handoverId}`,
    ...{ lat, lng, role, with: row.with, stops: [...stops], at, until, service },
  };
}
