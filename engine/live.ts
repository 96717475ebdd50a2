import type { LiveEvent, LiveVan } from '../schemas/live.ts';
import { packLiveFrame } from '../schemas/live.ts';
import type { Correction } from './rederive.ts';
import type { RouteRun } from './routes.ts';
import type { VehicleRecord } from './vehicles.ts';

/** One message for the live topics of a fleet. */
export type LiveOutput = {
  readonly fleetId: number;
  readonly stream: 'positions' | 'pace' | 'events' | 'alerts' | 'proposals';
  readonly payload: Uint8Array | string;
};

/** Vans in one frame; a bigger fleet's tick takes several messages. */
const FRAME_VANS = 5000;
/** Items in one JSON message. */
const MESSAGE_ITEMS = 500;

/** The vans that changed since the last tick, as frames. */
export function positionFrames(
  fleetId: number,
  { tick, clock }: { readonly tick: number; readonly clock: number },
  records: readonly VehicleRecord[],
  runOf: (vehicleId: number) => RouteRun | undefined,
): LiveOutput[] {
  const vans: LiveVan[] = [];
  for (const record of records) {
    const van = liveVan(record, runOf(record.vehicleId));
    if (van) vans.push(van);
  }
  const outputs: LiveOutput[] = [];
  for (let i = 0; i < vans.length; i += FRAME_VANS) {
    const payload = packLiveFrame({ tick, clock, vans: vans.slice(i, i + FRAME_VANS) });
    outputs.push({ fleetId, stream: 'positions', payload });
  }
  return outputs;
}

function liveVan({ vehicleId, state }: VehicleRecord, run: RouteRun | undefined): LiveVan | undefined {
  const { good } = state;
  if (!good) return undefined;
  return {
    vehicleId,
    lng: good.lng,
    lat: good.lat,
    heading: good.heading ?? 0,
    speed: good.speed ?? 0,
    at: good.at,
    status: run?.status ?? 'not_started',
    progress: run && run.plan.count > 0 ? run.visits.size / run.plan.count : 0,
  };
}

/** JSON messages of at most `MESSAGE_ITEMS` items each. */
export function jsonOutputs(
  fleetId: number,
  stream: LiveOutput['stream'],
  items: readonly unknown[],
): LiveOutput[] {
  const outputs: LiveOutput[] = [];
  for (let i = 0; i < items.length; i += MESSAGE_ITEMS) {
    outputs.push({ fleetId, stream, payload: JSON.stringify(items.slice(i, i + MESSAGE_ITEMS)) });
  }
  return outputs;
}

/** Crossings and visits of a correction, as listeners hear of them. */
export function liveEvents({ upserts, retractions }: Correction): LiveEvent[] {
  const events: LiveEvent[] = [];
  for (const [change, rows] of [
    ['new', upserts],
    ['retracted', retractions],
  ] as const) {
    for (const { kind, vehicleId, at, fenceId } of rows.crossings) {
      events.push({ change, kind, vehicleId, at, fenceId });
    }
    for (const { vehicleId, arrivedAt, stopId, routeId, departedAt } of rows.visits) {
      const isOver = change === 'new' && departedAt !== undefined;
      const event = isOver ? 'changed' : change;
      events.push({ change: event, kind: 'visit', vehicleId, at: arrivedAt, stopId, routeId });
    }
  }
  return events;
}
