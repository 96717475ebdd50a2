import type { OwnMessage } from '../../schemas/fix.ts';
import { deviceTopic } from '../../schemas/topics.ts';
import type { Upload } from '../device/radio.ts';
import { type Histogram, type LatencyMs, latencyOf, openHistogram } from '../report/histogram.ts';
import type { Connection } from './connection.ts';
import { fixKey, type Ledger, type LedgerContents } from './ledger.ts';

/** Fixes of one backlog message, and messages that may await their PUBACK on one connection. */
const BACKLOG_FIXES = 50;
export const IN_FLIGHT_MAX = 128;
/** Between two writes of the running totals, ms. */
const TOTALS_EVERY_MS = 1000;

export type PublishInput = {
  readonly fleet: string;
  /** What each van's device sends, in order of `due`. */
  readonly vans: readonly {
    readonly device: string;
    /** Instant before which nothing of it is due: until then its uploads are not even begun. */
    readonly notBefore?: number | undefined;
    readonly uploads: Iterator<Upload>;
  }[];
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

/**
 * Sends everything when it is due. First the backlog, in arrays and as fast as it is acknowledged:
 * what was due before we began, then what came due while that was sent, since until then it was our
 * own queue that it waited in. Its latency counts from when it was given to the network. Then each
 * upload at its instant, open loop: the latency counts from when it was due, not from when there was
 * room for it (no coordinated omission).
 */
export async function publish(input: PublishInput): Promise<PublishProgress> {
  const { clock, now, signal, ledger } = input;
  const queue = openQueue(input);
  const sender = openSender(input);
  let totalsAt = 0;
  const tell = (isForced: boolean, isBacklogSent: boolean): void => {
    const wall = now() * 1000;
    if (!isForced && wall - totalsAt < TOTALS_EVERY_MS) return;
    totalsAt = wall;
    const at = clock.simulated(now());
    const progress = sender.progress(queue.nextDue(at) ?? at, isBacklogSent);
    ledger.totals(progress);
    input.onProgress?.(progress);
  };
  // Two rounds, not until none is left: what comes due in the second, a short one, is live and counts so.
  for (let round = 0; round < 2; round++) {
    const until = clock.simulated(now());
    while (!signal.aborted && (queue.nextDue(until) ?? Number.POSITIVE_INFINITY) <= until) {
      await sender.send(queue.takeBacklog(until), undefined);
      tell(false, false);
    }
    await sender.settled(signal);
  }
  tell(true, true);
  for (;;) {
    const reached = clock.simulated(now());
    const due = queue.nextDue(reached);
    if (signal.aborted || due === undefined) break;
    const wall = clock.wall(due);
    if (due > reached) {
      // Waits in short steps, so that totals stay fresh and an abort is heard at once.
      const wait = Math.max(1, wall * 1000 - now() * 1000);
      await pause(Math.min(wait, TOTALS_EVERY_MS), signal);
      tell(false, true);
      continue;
    }
    await sender.send(queue.take(), wall);
    tell(false, true);
  }
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

type Sending = { readonly van: number; readonly upload: Upload };

/**
 * The vans by their next upload, a binary heap on `due`. A van whose time has not come stands in it
 * without an upload, by the instant before which it has none.
 */
function openQueue({ vans, before }: PublishInput) {
  type Entry = { readonly van: number; readonly due: number; readonly upload: Upload | undefined };
  const heap: Entry[] = [];
  const isLess = (a: Entry, b: Entry) => a.due < b.due || (a.due === b.due && a.van < b.van);
  const sink = (entry: Entry): void => {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isLess(heap[child + 1]!, heap[child]!)) child++;
      if (!isLess(heap[child]!, entry)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = entry;
  };
  const next = (van: number): Upload | undefined => {
    for (;;) {
      const { done, value } = vans[van]!.uploads.next();
      if (done) return undefined;
      if (!isAcknowledged(value, before)) return value;
    }
  };
  /** Puts the top van back by its next upload, or takes it out. */
  const replaceTop = (van: number, upload: Upload | undefined): void => {
    if (upload !== undefined) {
      sink({ van, due: upload.due, upload });
      return;
    }
    const last = heap.pop()!;
    if (heap.length > 0) sink(last);
  };
  const waiting = vans.map(
    ({ notBefore = Number.NEGATIVE_INFINITY }, van): Entry => ({ van, due: notBefore, upload: undefined }),
  );
  for (const entry of waiting.sort((a, b) => (isLess(a, b) ? -1 : 1))) heap.push(entry);
  return {
    /** When the next upload is due; the vans whose time has come by `reached` are begun. */
    nextDue: (reached: number): number | undefined => {
      for (
        let top = heap[0];
        top !== undefined && top.upload === undefined && top.due <= reached;
        top = heap[0]
      ) {
        replaceTop(top.van, next(top.van));
      }
      return heap[0]?.due;
    },
    take: (): Sending => {
      const { van, upload } = heap[0]!;
      replaceTop(van, next(van));
      return { van, upload: upload! };
    },
    /** The next van's run of fixes, or of presses, up to an instant, as one kept message. */
    takeBacklog: (until: number): Sending => {
      const { van, upload: first } = heap[0]!;
      const uploads: Upload[] = [];
      let fixCount = 0;
      // The same van stays on top only by chance, so its own stream is followed here.
      let upload = first;
      while (upload !== undefined && upload.due <= until && upload.channel === first!.channel) {
        const count = entriesOf(upload);
        // An answer is a message of its own.
        if (fixCount > 0 && (upload.channel === 'answers' || fixCount + count > BACKLOG_FIXES)) break;
        uploads.push(upload);
        fixCount += count;
        upload = next(van);
      }
      replaceTop(van, upload);
      return { van, upload: kept(uploads) };
    },
  };
}

const entriesOf = (upload: Upload): number => {
  if (upload.channel === 'telemetry') return upload.messages.length;
  return upload.channel === 'stops' ? upload.reports.length : upload.answers.length;
};

function isAcknowledged(upload: Upload, before: LedgerContents | undefined): boolean {
  if (before === undefined) return false;
  if (upload.channel === 'stops') {
    const presses = before.reportsByDevice.get(upload.device);
    return upload.reports.every(({ ts, stop, kind }) => presses?.has(`${ts}:${stop}:${kind}`));
  }
  // What was answered is answered again: it is the same, and whoever asked may not have heard.
  if (upload.channel === 'answers') return false;
  const keys = before.keysByDevice.get(upload.device);
  return upload.messages.every(({ ts, seq }) => keys?.has(fixKey(ts, seq)));
}

function kept(uploads: readonly Upload[]): Upload {
  const { device, due } = uploads.at(-1)!;
  if (uploads[0]!.channel === 'answers') return uploads[0]!;
  const messages = uploads.flatMap((upload) => (upload.channel === 'telemetry' ? upload.messages : []));
  const reports = uploads.flatMap((upload) => (upload.channel === 'stops' ? upload.reports : []));
  if (messages.length === 0) return { device, due, channel: 'stops', reports };
  const buffered = messages.map((message) => ({ ...message, buffered: true }));
  return { device, due, channel: 'telemetry', messages: buffered };
}

/** What goes over the wire; `sent` is when it was given to the network. */
export function encode(upload: Upload, sent: number): string {
  const list = entriesFor(upload, sent);
  return JSON.stringify(list.length === 1 ? list[0] : list);
}

function entriesFor(upload: Upload, sent: number): readonly object[] {
  if (upload.channel === 'stops') return upload.reports;
  if (upload.channel === 'answers') return upload.answers;
  return upload.messages.map((message): OwnMessage => ({ ...message, sent: Math.round(sent * 1000) }));
}

/** Hands uploads to their connection, at most IN_FLIGHT_MAX unacknowledged on each. */
function openSender({ fleet, connections, ledger, now, signal }: PublishInput) {
  const live: Histogram = openHistogram();
  const backlog: Histogram = openHistogram();
  const lanes = connections.map((connection) => ({ connection, inFlight: 0, wake: [] as (() => void)[] }));
  let [offered, acknowledged, messages] = [0, 0, 0];
  const wakeAll = (lane: (typeof lanes)[number]): void => {
    const waiting = lane.wake;
    lane.wake = [];
    for (const wake of waiting) wake();
  };
  const release = (lane: (typeof lanes)[number]): void => {
    lane.inFlight--;
    wakeAll(lane);
  };
  // With the broker gone there may never be room again; whoever stops us must not wait for it.
  signal.addEventListener('abort', () => lanes.map(wakeAll), { once: true });
  return {
    /** Resolves as soon as the upload is on its way; `dueWall` undefined: backlog. */
    send: async ({ van, upload }: Sending, dueWall: number | undefined): Promise<void> => {
      const lane = lanes[van % lanes.length]!;
      while (lane.inFlight >= IN_FLIGHT_MAX && !signal.aborted) {
        await new Promise<void>((wake) => lane.wake.push(wake));
      }
      if (signal.aborted) return;
      const count = upload.channel === 'telemetry' ? upload.messages.length : 0;
      const topic = deviceTopic({ fleet, device: upload.device, channel: upload.channel });
      const sentAt = now();
      lane.inFlight++;
      offered += count;
      lane.connection.publish(topic, encode(upload, sentAt)).then(
        () => {
          ledger.acknowledged(upload);
          acknowledged += count;
          messages++;
          const histogram = dueWall === undefined ? backlog : live;
          histogram.add((now() - (dueWall ?? sentAt)) * 1000);
          release(lane);
        },
        // Closed before its PUBACK: offered, not acknowledged.
        () => release(lane),
      );
    },
    /** Until nothing is in flight, or a moment after an abort. */
    settled: async (signal: AbortSignal): Promise<void> => {
      let patience = 3000;
      while (lanes.some((lane) => lane.inFlight > 0) && patience > 0) {
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
