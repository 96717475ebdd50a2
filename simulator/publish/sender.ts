import { type Histogram, latencyOf, openHistogram } from '../report/histogram.ts';
import type { Connection } from './connection.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import type { Publication } from './mqtt-packets.ts';
import type { PublishProgress } from './publish.ts';

/** A message that is ready to go. */
export type Packet = Publication & {
  /** Which of the connections. */
  readonly lane: number;
  /** Fixes in it. */
  readonly count: number;
  /** When it was due, or each of its fixes was, wall instants; undefined: backlog. */
  readonly due: number | readonly number[] | undefined;
  /** When it was given to the network, a wall instant; 0 until then. */
  sentAt: number;
  /** What its PUBACK acknowledges. */
  readonly entry: LedgerEntry;
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
  readonly ledger: Ledger;
  /** The wall clock, an instant. */
  readonly now: () => number;
  readonly signal: AbortSignal;
};

type Lane = { readonly connection: Connection; inFlight: number; wake: (() => void)[] };

/** Hands packets to their connection, at most `inFlightMax` unacknowledged on each. */
export function openSender({ connections, inFlightMax, ledger, now, signal }: SenderInput): Sender {
  const live: Histogram = openHistogram();
  const backlog: Histogram = openHistogram();
  const lanes = connections.map((connection): Lane => ({ connection, inFlight: 0, wake: [] }));
  let [offered, acknowledged, messages, inFlight, isWaking] = [0, 0, 0, 0, false];
  const wakeAll = (): void => {
    isWaking = false;
    for (const lane of lanes) {
      if (lane.wake.length === 0) continue;
      const waiting = lane.wake;
      lane.wake = [];
      for (const wake of waiting) wake();
    }
  };
  const release = (lane: Lane): void => {
    lane.inFlight--;
    inFlight--;
    if (lane.wake.length === 0 || isWaking) return;
    isWaking = true;
    // Whatever else this turn of the event loop acknowledges makes room too: then many go at once.
    setImmediate(wakeAll);
  };
  // With the broker gone there may never be room again; whoever stops us must not wait for it.
  signal.addEventListener('abort', wakeAll, { once: true });
  const settled = (packet: Packet, error?: Error): void => {
    // Closed before its PUBACK: offered, not acknowledged.
    if (error === undefined) {
      // Written down before anything else is done.
      ledger.acknowledged(packet.entry);
      acknowledged += packet.count;
      messages++;
      const at = now();
      const { due } = packet;
      if (due === undefined) backlog.add((at - packet.sentAt) * 1000);
      else if (typeof due === 'number') live.add((at - due) * 1000);
      else for (const one of due) live.add((at - one) * 1000);
    }
    release(lanes[packet.lane]!);
  };
  const send = (lane: Lane, packet: Packet): void => {
    if (signal.aborted) return;
    lane.inFlight++;
    inFlight++;
    offered += packet.count;
    if (packet.due === undefined) packet.sentAt = now();
    lane.connection.publish(packet, settled);
  };
  const sendLater = async (lane: Lane, packet: Packet): Promise<void> => {
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
