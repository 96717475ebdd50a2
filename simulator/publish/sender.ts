import { type Histogram, latencyOf, openHistogram } from '../report/histogram.ts';
import type { Connection } from './connection.ts';
import type { PublishProgress } from './publish.ts';

/** A message that is ready to go. */
export type Packet = {
  /** Which of the connections. */
  readonly lane: number;
  readonly topic: string;
  readonly payload: string | Uint8Array;
  /** Fixes in it. */
  readonly count: number;
  /** When each was due, wall instants; undefined: backlog. */
  readonly dueWalls: readonly number[] | undefined;
  /** Called once, with its PUBACK, before anything else is done. */
  readonly acknowledged: () => void;
};

export type Sender = {
  readonly lanes: number;
  /** Nothing where the packet is on its way at once, as nearly always; else resolves when it is. */
  readonly give: (packet: Packet) => Promise<void> | undefined;
  /** Until nothing is in flight, or a moment after an abort. */
  readonly settled: (signal: AbortSignal) => Promise<void>;
  readonly progress: (at: number, isBacklogSent: boolean) => PublishProgress;
};

export type SenderInput = {
  readonly connections: readonly Connection[];
  /** Messages that may await their PUBACK on one connection. */
  readonly inFlightMax: number;
  /** The wall clock, an instant. */
  readonly now: () => number;
  readonly signal: AbortSignal;
};

/** Hands packets to their connection, at most `inFlightMax` unacknowledged on each. */
export function openSender({ connections, inFlightMax, now, signal }: SenderInput): Sender {
  const live: Histogram = openHistogram();
  const backlog: Histogram = openHistogram();
  const lanes = connections.map((connection) => ({ connection, inFlight: 0, wake: [] as (() => void)[] }));
  let [offered, acknowledged, messages, inFlight] = [0, 0, 0, 0];
  const wakeAll = (lane: (typeof lanes)[number]): void => {
    if (lane.wake.length === 0) return;
    const waiting = lane.wake;
    lane.wake = [];
    for (const wake of waiting) wake();
  };
  const release = (lane: (typeof lanes)[number]): void => {
    lane.inFlight--;
    inFlight--;
    wakeAll(lane);
  };
  // With the broker gone there may never be room again; whoever stops us must not wait for it.
  signal.addEventListener('abort', () => lanes.map(wakeAll), { once: true });
  const send = (lane: (typeof lanes)[number], packet: Packet): void => {
    if (signal.aborted) return;
    const sentAt = packet.dueWalls === undefined ? now() : 0;
    lane.inFlight++;
    inFlight++;
    offered += packet.count;
    lane.connection.publish(packet.topic, packet.payload, (error) => {
      // Closed before its PUBACK: offered, not acknowledged.
      if (error === undefined) {
        packet.acknowledged();
        acknowledged += packet.count;
        messages++;
        const at = now();
        if (packet.dueWalls === undefined) backlog.add((at - sentAt) * 1000);
        else for (const due of packet.dueWalls) live.add((at - due) * 1000);
      }
      release(lane);
    });
  };
  const sendLater = async (lane: (typeof lanes)[number], packet: Packet): Promise<void> => {
    while (lane.inFlight >= inFlightMax && !signal.aborted) {
      await new Promise<void>((wake) => lane.wake.push(wake));
    }
    send(lane, packet);
  };
  return {
    lanes: lanes.length,
    give: (packet) => {
      const lane = lanes[packet.lane]!;
      if (lane.inFlight >= inFlightMax) return sendLater(lane, packet);
      send(lane, packet);
      return undefined;
    },
    settled: async (signal: AbortSignal): Promise<void> => {
      let patience = 3000;
      while (inFlight > 0 && patience > 0) {
        await new Promise((done) => setTimeout(done, 10));
        if (signal.aborted) patience -= 10;
      }
    },
    progress: (at: number, isBacklogSent: boolean): PublishProgress => ({
      offered,
      acknowledged,
      messages,
      // A run that is nothing but backlog has no other latency to tell.
      latencyMs: latencyOf(live.count() > 0 ? live : backlog),
      backlogLatencyMs: latencyOf(backlog),
      at,
      isBacklogSent,
    }),
  };
}
