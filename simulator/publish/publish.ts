import type { Swarm } from '../device/swarm.ts';
import type { LatencyMs } from '../report/histogram.ts';
import type { Connection } from './connection.ts';
import type { Ledger } from './ledger.ts';
import type { LedgerContents } from './ledger-reading.ts';
import { type Outlet, openDeviceOutlet, openGatewayOutlet } from './outlet.ts';
import { openQueue, type QueuedVan } from './queue.ts';
import { openSender } from './sender.ts';

/** Messages that may await their PUBACK on one connection; a gateway's are fifty times as large. */
export const IN_FLIGHT_MAX = 128;
const GATEWAY_IN_FLIGHT_MAX = 32;
/** Between two writes of the running totals, ms. */
const TOTALS_EVERY_MS = 1000;

export type PublishInput = {
  readonly fleet: string;
  readonly vans: readonly QueuedVan[];
  /** Further vans, very many. */
  readonly swarm?: Swarm | undefined;
  /** Put fixes of different vans together into messages of this gateway, of so many fixes at most. */
  readonly gateway?: { readonly name: string; readonly messageFixes: number } | undefined;
  /** A van keeps to one of them. */
  readonly connections: readonly Connection[];
  readonly ledger: Ledger;
  /** What an earlier run of the same shift had acknowledged: not sent again. */
  readonly before?: LedgerContents | undefined;
  /** Simulated instant of a wall instant, and the other way round. */
  readonly clock: {
    readonly simulated: (wall: number) => number;
    readonly wall: (simulated: number) => number;
  };
  /** The wall clock, an instant. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: PublishProgress) => void) | undefined;
};

export type PublishProgress = {
  readonly offered: number;
  readonly acknowledged: number;
  readonly messages: number;
  /** Live uploads, from when each was due to its PUBACK; of the backlog while there is nothing else. */
  readonly latencyMs: LatencyMs;
  /** Messages of the backlog, from when each was sent to its PUBACK. */
  readonly backlogLatencyMs: LatencyMs;
  /** Simulated instant reached. */
  readonly at: number;
  readonly isBacklogSent: boolean;
};

/** Between two looks at what is due while a gateway gathers, ms. */
const LOOK_EVERY_MS = 10;
/** Devices of a gateway are made so long before they are first heard of, seconds. */
const MADE_AHEAD = 60;
/** So many fixes are handed over before the network is given its turn. */
const AT_ONCE = 500;

/**
 * Sends everything when it is due. First the backlog, in arrays and as fast as it is acknowledged:
 * what was due before we began, then what came due while that was sent, since until then it was our
 * own queue that it waited in. Its latency counts from when it was given to the network. Then each
 * upload at its instant, open loop: the latency counts from when it was due, not from when there was
 * room for it (no coordinated omission).
 */
export async function publish(input: PublishInput): Promise<PublishProgress> {
  const { clock, now, signal, ledger, gateway, swarm } = input;
  const queue = openQueue(input);
  const inFlightMax = gateway === undefined ? IN_FLIGHT_MAX : GATEWAY_IN_FLIGHT_MAX;
  const sender = openSender({ ...input, inFlightMax });
  const outlet: Outlet =
    gateway === undefined
      ? openDeviceOutlet({ ...input, sender })
      : openGatewayOutlet({ ...input, ...gateway, gateway: gateway.name, sender });
  let totalsAt = 0;
  const nextDue = (reached: number): number | undefined => {
    const [one, other] = [queue.nextDue(reached), swarm?.nextDue()];
    return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
  };
  const tell = (isForced: boolean, isBacklogSent: boolean): void => {
    const wall = now() * 1000;
    if (!isForced && wall - totalsAt < TOTALS_EVERY_MS) return;
    totalsAt = wall;
    const at = clock.simulated(now());
    const progress = sender.progress(Math.min(at, nextDue(at) ?? at), isBacklogSent);
    ledger.totals(progress);
    input.onProgress?.(progress);
  };
  /** Some of what the many vans say up to an instant; whether there is more. */
  const sendSwarm = async (until: number, isLive: boolean): Promise<boolean> => {
    for (let i = 0; swarm !== undefined && i < AT_ONCE && !signal.aborted; i++) {
      const fix = swarm.take(until);
      if (fix === undefined) return false;
      const { van, due } = fix;
      // They stand behind the others: each device keeps to its own connection.
      const room = outlet.fix(
        input.vans.length + van,
        { ...fix, device: swarm.nameOf(van) },
        isLive ? clock.wall(due) : undefined,
      );
      if (room !== undefined) await room;
    }
    return swarm !== undefined && !signal.aborted;
  };
  const isDueBy = (until: number): boolean => (queue.nextDue(until) ?? Number.POSITIVE_INFINITY) <= until;
  // Two rounds, not until none is left: what comes due in the second, a short one, is live and counts so.
  for (let round = 0; round < 2; round++) {
    const until = clock.simulated(now());
    while (!signal.aborted && isDueBy(until)) {
      const { van, upload } = queue.takeBacklog(until);
      await outlet.send(van, upload, undefined);
      tell(false, false);
    }
    while (await sendSwarm(until, false)) tell(false, false);
    await outlet.flush(true);
    await sender.settled(signal);
  }
  tell(true, true);
  for (;;) {
    const reached = clock.simulated(now());
    const due = nextDue(reached);
    if (signal.aborted || due === undefined) break;
    if (due > reached) {
      // Ten thousand devices take seconds to be made: before their time, not when they are due.
      if (gateway !== undefined) queue.nextDue(reached + MADE_AHEAD);
      await outlet.flush(false);
      // Waits in short steps, so that totals stay fresh and an abort is heard at once.
      const wait = Math.max(1, (clock.wall(due) - now()) * 1000);
      await pause(Math.min(wait, gateway === undefined ? TOTALS_EVERY_MS : LOOK_EVERY_MS), signal);
    } else {
      for (let i = 0; i < AT_ONCE && !signal.aborted && isDueBy(reached); i++) {
        const { van, upload } = queue.take(reached);
        const room = outlet.send(van, upload, clock.wall(upload.due));
        // Only where there is none: each wait gives up the turn.
        if (room !== undefined) await room;
      }
      await sendSwarm(reached, true);
      // The network's turn, also when we cannot keep up.
      await new Promise((resolve) => setImmediate(resolve));
    }
    tell(false, true);
  }
  await outlet.flush(true);
  await sender.settled(signal);
  const progress = sender.progress(clock.simulated(now()), true);
  ledger.totals(progress);
  ledger.flush();
  return progress;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
