import type { Alert, Pace, PaceStatus } from './event.ts';

/** What one van looks like on the live map. */
export type LiveVan = {
  readonly vehicleId: number;
  readonly lng: number;
  readonly lat: number;
  /** Degrees clockwise from north; 0 when unknown. */
  readonly heading: number;
  /** m/s; 0 when unknown. */
  readonly speed: number;
  /** Instant of the fix. */
  readonly at: number;
  readonly status: PaceStatus;
  /** Share of the route's stops that are done, 0–1. */
  readonly progress: number;
};

/** Order is the wire code: append only. */
export const paceStatuses: readonly PaceStatus[] = [
  'not_started',
  'on_pace',
  'behind',
  'at_risk',
  'ahead',
  'finished',
];

/**
 * One tick of one fleet: the vans that changed. Little endian.
 *
 *   header  'PLV1', uint32 tick, float64 clock (instant of the fleet's clock), uint32 count
 *   van     uint32 vehicleId, int32 lng·1e7, int32 lat·1e7, uint16 heading·100, uint16 speed·100,
 *           float64 at, uint8 status, uint8 progress·255, 2 bytes unused          28 bytes
 */
export type LiveFrame = { readonly tick: number; readonly clock: number; readonly vans: readonly LiveVan[] };

const MAGIC = 0x31564c50; // 'PLV1'
const HEADER_BYTES = 20;
const VAN_BYTES = 28;

export function packLiveFrame({ tick, clock, vans }: LiveFrame): Uint8Array {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES + vans.length * VAN_BYTES));
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, tick >>> 0, true);
  view.setFloat64(8, clock, true);
  view.setUint32(16, vans.length, true);
  let offset = HEADER_BYTES;
  for (const van of vans) {
    view.setUint32(offset, van.vehicleId, true);
    view.setInt32(offset + 4, Math.round(van.lng * 1e7), true);
    view.setInt32(offset + 8, Math.round(van.lat * 1e7), true);
    view.setUint16(offset + 12, Math.round((((van.heading % 360) + 360) % 360) * 100), true);
    view.setUint16(offset + 14, Math.min(65535, Math.max(0, Math.round(van.speed * 100))), true);
    view.setFloat64(offset + 16, van.at, true);
    view.setUint8(offset + 24, paceStatuses.indexOf(van.status));
    view.setUint8(offset + 25, Math.round(Math.min(1, Math.max(0, van.progress)) * 255));
    offset += VAN_BYTES;
  }
  return new Uint8Array(view.buffer);
}

/** The frame, or undefined when the bytes are none. */
export function unpackLiveFrame(bytes: Uint8Array): LiveFrame | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) return undefined;
  const count = view.getUint32(16, true);
  if (bytes.length !== HEADER_BYTES + count * VAN_BYTES) return undefined;
  const vans: LiveVan[] = [];
  for (let offset = HEADER_BYTES; offset < bytes.length; offset += VAN_BYTES) {
    vans.push({
      vehicleId: view.getUint32(offset, true),
      lng: view.getInt32(offset + 4, true) / 1e7,
      lat: view.getInt32(offset + 8, true) / 1e7,
      heading: view.getUint16(offset + 12, true) / 100,
      speed: view.getUint16(offset + 14, true) / 100,
      at: view.getFloat64(offset + 16, true),
      status: paceStatuses[view.getUint8(offset + 24)] ?? 'not_started',
      progress: view.getUint8(offset + 25) / 255,
    });
  }
  return { tick: view.getUint32(4, true), clock: view.getFloat64(8, true), vans };
}

/**
 * JSON on the other live streams (`fleet/{fleet}/live/{stream}`), each message an array. What the
 * tables hold is the truth: a listener that may have missed one reads them again.
 */
export type LiveMessages = {
  readonly pace: readonly Pace[];
  readonly events: readonly LiveEvent[];
  readonly alerts: readonly Alert[];
  readonly proposals: readonly {
    readonly proposalId: number;
    readonly routeId: number;
    readonly state: string;
  }[];
};

/** A crossing or visit as it became known: new, changed, or retracted by late data. */
export type LiveEvent = {
  readonly change: 'new' | 'changed' | 'retracted';
  readonly kind: 'enter' | 'exit' | 'pass' | 'visit';
  readonly vehicleId: number;
  readonly at: number;
  readonly fenceId?: number | undefined;
  readonly stopId?: number | undefined;
  readonly routeId?: number | undefined;
};
