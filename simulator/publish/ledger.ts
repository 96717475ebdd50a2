import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { asError, Fault } from '../../schemas/fault.ts';
import { NUMBER_BYTES, writeText, writeWhole } from '../device/encode/bytes.ts';
import type { Upload } from '../device/radio.ts';
import type { LatencyMs } from '../report/histogram.ts';
import type { LedgerContents } from './ledger-reading.ts';

/**
 * The publisher's own record of what was acknowledged: one line a message, written when its PUBACK
 * is in, before anything else is done. The file belongs to the operating system from then on, so it
 * outlives any kill of any process. Lines are tab-separated:
 *
 *   H  header as JSON        which run this is
 *   A  device  ms:seq,…      fixes acknowledged; seq is “-” where none was sent
 *   M  ms  device:ms:seq,…    fixes of one gateway message; their ms count from the first
 *   R  device  ms:stop:kind,…   presses of the driver's app acknowledged
 *   O  offered acknowledged  running totals of fixes, now and then and at the end
 *   L  quantiles as JSON     due → PUBACK of live uploads, now and then and at the end
 *   B  quantiles as JSON     sent → PUBACK of the backlog, likewise
 */
export type LedgerHeader = {
  readonly scenario: string;
  readonly seed: string;
  readonly fleet: string;
  readonly vans: number;
  readonly intervalSeconds: number;
  /** Instant. */
  readonly shiftStart: number;
};

/** What a PUBACK acknowledges. */
export type LedgerEntry = Upload | GatheredEntry;

/** Fixes of many devices: `device:ms:seq` of each, where ms counts from `baseMs`. */
export type GatheredEntry = { readonly channel: 'gathered'; readonly baseMs: number; readonly keys: string };

export type Ledger = {
  readonly acknowledged: (entry: LedgerEntry) => void;
  readonly totals: (totals: LedgerTotals) => void;
  readonly flush: () => void;
  readonly close: () => void;
};

export type LedgerTotals = {
  readonly offered: number;
  readonly acknowledged: number;
  readonly latencyMs: LatencyMs;
  readonly backlogLatencyMs: LatencyMs;
};

/** Lines that are written at once. */
const BUFFER_BYTES = 16_384;

export type LedgerOptions = {
  /** What an earlier run of the same shift left in the file: totals go on from there. */
  readonly before?: LedgerContents | undefined;
};

export function openLedger(path: string, header: LedgerHeader, options: LedgerOptions = {}): Ledger {
  const { before } = options;
  let file: number;
  try {
    mkdirSync(dirname(path), { recursive: true });
    // What an older run left behind is kept once: it may still have to answer for something.
    if (before === undefined && existsSync(path)) renameSync(path, `${path}.before`);
    file = openSync(path, 'a');
  } catch (thrown) {
    const detail = `cannot write the ledger ${path}: ${asError(thrown).message}`;
    throw new Fault('data/unusable', detail, { cause: thrown });
  }
  let pending = Buffer.allocUnsafe(BUFFER_BYTES);
  let [at, isScheduled] = [0, false];
  const flush = (): void => {
    isScheduled = false;
    if (at > 0) writeSync(file, pending, 0, at);
    at = 0;
  };
  /** Makes room for a line; all acknowledgements of one turn of the event loop are one write. */
  const room = (bytes: number): void => {
    if (at + bytes > pending.length) flush();
    if (bytes > pending.length) pending = Buffer.allocUnsafe(bytes);
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(flush);
  };
  const append = (line: string): void => {
    room(3 * line.length);
    at = writeText(pending, at, line);
  };
  append(before !== undefined ? '\n' : `H\t${JSON.stringify(header)}\n`);
  flush();
  return {
    acknowledged: (entry) => {
      if (entry.channel === 'telemetry') {
        room(4 + 3 * entry.device.length + entry.messages.length * KEY_BYTES);
        at = writeFixes(pending, at, entry);
      } else if (entry.channel === 'gathered') append(`M\t${entry.baseMs}\t${entry.keys}\n`);
      else if (entry.channel === 'stops') append(lineOf(entry));
    },
    totals: ({ offered, acknowledged, latencyMs, backlogLatencyMs }) =>
      append(
        `O\t${offered + (before?.offered ?? 0)}\t${acknowledged + (before?.acknowledged ?? 0)}\n` +
          `L\t${JSON.stringify(latencyMs)}\nB\t${JSON.stringify(backlogLatencyMs)}\n`,
      ),
    flush,
    close: () => {
      flush();
      closeSync(file);
    },
  };
}

function lineOf({ device, reports }: Upload & { readonly channel: 'stops' }): string {
  return `R\t${device}\t${reports.map(({ ts, stop, kind }) => `${ts}:${stop}:${kind}`).join(',')}\n`;
}

const [A, TAB, NEW_LINE, COLON, COMMA, DASH] = Buffer.from('A\t\n:,-');
/** No key with what is behind it takes more. */
const KEY_BYTES = 2 * NUMBER_BYTES + 2;

/** The line of fixes: `fixKey` of each. */
function writeFixes(to: Buffer, from: number, upload: Upload & { readonly channel: 'telemetry' }): number {
  const { device, messages } = upload;
  to[from] = A!;
  to[from + 1] = TAB!;
  let at = writeText(to, from + 2, device);
  to[at++] = TAB!;
  for (let i = 0; i < messages.length; i++) {
    const { ts, seq } = messages[i]!;
    if (i > 0) to[at++] = COMMA!;
    at = writeWhole(to, at, ts);
    to[at++] = COLON!;
    if (seq == null) to[at++] = DASH!;
    else at = writeWhole(to, at, seq);
  }
  to[at] = NEW_LINE!;
  return at + 1;
}

/** How ledger and report name a fix of one device: milliseconds and seq. */
export const fixKey = (ms: number, seq: number | null | undefined): string => `${ms}:${seq ?? '-'}`;
