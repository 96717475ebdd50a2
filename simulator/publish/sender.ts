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
  /**
   * Nothing where more may be given at once, as nearly always; else resolves when there is room again.
   * A live packet may wait for a PUBACK behind as many others as are in flight, so that one connection
   * does not hold up the rest; the backlog waits one by one.
   */
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

type Lane = {
  readonly connection: Connection;
  inFlight: number;
  /** In order, until there is room for them. */
  readonly waiting: Packet[];
  /** Whoever gives more once so few are waiting. */
  wake: { readonly waitingMax: number; readonly resolve: () => void }[];
};

/** So many wait on all connections together, before each that is given waits until it is sent. */
const WAITING_MAX = 4096;

/** Hands packets to their connection, at most `inFlightMax` unacknowledged on each. */
export function openSender({ connections, inFlightMax, ledger, now, signal }: SenderInput): Sender {
  const live: Histogram = openHistogram();
  const backlog: Histogram = openHistogram();
  const lanes = connections.map((connection): Lane => ({ connection, inFlight: 0, waiting: [], wake: [] }));
  let [offered, acknowledged, messages, inFlight, waitingCount, isScheduled] = [0, 0, 0, 0, 0, false];
  const refill = (lane: Lane): void => {
    const { waiting } = lane;
    const count = Math.min(waiting.length, inFlightMax - lane.inFlight);
    for (let i = 0; i < count; i++) send(lane, waiting[i]!);
    waitingCount -= waiting.splice(0, signal.aborted ? waiting.length : count).length;
    const givers = lane.wake;
    lane.wake = givers.filter(({ waitingMax }) => waiting.length > waitingMax);
    for (const { waitingMax, resolve } of givers) if (waiting.length <= waitingMax) resolve();
  };
  const refillAll = (): void => {
    isScheduled = false;
    for (const lane of lanes) if (lane.waiting.length + lane.wake.length > 0) refill(lane);
  };
  const release = (lane: Lane): void => {
    lane.inFlight--;
    inFlight--;
    if (lane.waiting.length === 0 || isScheduled) return;
    isScheduled = true;
    // Whatever else this turn of the event loop acknowledges makes room too: then many go at once.
    setImmediate(refillAll);
  };
  // With the broker gone there may never be room again; whoever stops us must not wait for it.
  signal.addEventListener('abort', refillAll, { once: true });
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
  return {
    lanes: lanes.length,
    give: (packet) => {
      const lane = lanes[packet.lane]!;
      if (lane.inFlight < inFlightMax && lane.waiting.length === 0) {
        send(lane, packet);
        return undefined;
      }
      if (signal.aborted) return undefined;
      lane.waiting.push(packet);
      waitingCount++;
      const mayWait = packet.due !== undefined && waitingCount <= WAITING_MAX;
      if (mayWait && lane.waiting.length < inFlightMax) return undefined;
      const waitingMax = mayWait ? inFlightMax >> 1 : 0;
      return new Promise((resolve) => lane.wake.push({ waitingMax, resolve }));
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
