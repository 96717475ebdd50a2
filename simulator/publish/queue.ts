import type { Upload } from '../device/radio.ts';
import { fixKey } from './ledger.ts';
import type { LedgerContents } from './ledger-reading.ts';

/** Uploads of one van that are taken one after another while all of them are late. */
const RUN_MAX = 8;

/** Fixes of one backlog message. */
const BACKLOG_FIXES = 50;

/**
 * Where only a van's last acknowledged fix is known, what is older by this is taken to be acknowledged;
 * seconds. What was held back for longer is not offered again, and so not lost either.
 */
const OVERLAP = 60;

/** A van and what its device sends, in order of `due`. */
export type QueuedVan = {
  readonly device: string;
  /** Instant before which nothing of it is due: until then its uploads are not even begun. */
  readonly notBefore?: number | undefined;
  readonly uploads: Iterator<Upload>;
};

export type QueueInput = {
  readonly vans: readonly QueuedVan[];
  /** What an earlier run of the same shift had acknowledged: not sent again. */
  readonly before?: LedgerContents | undefined;
};

export type Sending = { readonly van: number; readonly upload: Upload };

/**
 * The vans by their next upload, a binary heap on `due`. A van whose time has not come stands in it
 * without an upload, by the instant before which it has none.
 *
 *   heap     Int32 van, the one due first on top      due       Float64 by van
 *   uploads  the next of each van, by van
 */
export function openQueue({ vans, before }: QueueInput) {
  const due = Float64Array.from(vans, ({ notBefore = Number.NEGATIVE_INFINITY }) => notBefore);
  const isLess = (a: number, b: number) => due[a]! < due[b]! || (due[a] === due[b] && a < b);
  const heap = Int32Array.from(vans.keys()).sort((a, b) => (isLess(a, b) ? -1 : 1));
  const uploads: (Upload | undefined)[] = vans.map(() => undefined);
  let size = heap.length;
  /** How many were taken of the van on top since it came there. */
  let runLength = 0;
  const sink = (van: number): void => {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && isLess(heap[child + 1]!, heap[child]!)) child++;
      if (!isLess(heap[child]!, van)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = van;
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
    uploads[van] = upload;
    if (upload !== undefined) {
      due[van] = upload.due;
      sink(van);
      return;
    }
    size--;
    if (size > 0) sink(heap[size]!);
  };
  return {
    /** When the next upload is due; the vans whose time has come by `reached` are begun. */
    nextDue: (reached: number): number | undefined => {
      while (size > 0) {
        const top = heap[0]!;
        if (uploads[top] !== undefined || due[top]! > reached) return due[top];
        replaceTop(top, next(top));
      }
      return undefined;
    },
    /**
     * The next upload. While more is due by `reached` than was taken, a van that is on top stays there
     * for a few: what it needs to go on is at hand then, and of all that is late none is later.
     */
    take: (reached: number): Sending => {
      const van = heap[0]!;
      const upload = uploads[van]!;
      const following = next(van);
      if (following !== undefined && following.due <= reached && ++runLength < RUN_MAX) {
        uploads[van] = following;
        due[van] = following.due;
      } else {
        runLength = 0;
        replaceTop(van, following);
      }
      return { van, upload };
    },
    /** The next van's run of fixes, or of presses, up to an instant, as one kept message. */
    takeBacklog: (until: number): Sending => {
      const van = heap[0]!;
      const first = uploads[van];
      const run: Upload[] = [];
      let fixCount = 0;
      // The same van stays on top only by chance, so its own stream is followed here.
      let upload = first;
      while (upload !== undefined && upload.due <= until && upload.channel === first!.channel) {
        const count = entriesOf(upload);
        // An answer is a message of its own.
        if (fixCount > 0 && (upload.channel === 'answers' || fixCount + count > BACKLOG_FIXES)) break;
        run.push(upload);
        fixCount += count;
        upload = next(van);
      }
      replaceTop(van, upload);
      return { van, upload: kept(run) };
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
  if (before.isSummary) {
    const last = before.lastByDevice.get(upload.device) ?? Number.NEGATIVE_INFINITY;
    return upload.messages.every(({ ts }) => ts / 1000 < last - OVERLAP);
  }
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
  const [first] = uploads;
  const format = first?.channel === 'telemetry' ? first.format : undefined;
  return { device, due, channel: 'telemetry', messages: buffered, format };
}
