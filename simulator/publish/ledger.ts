import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { asError, Fault } from '../../schemas/fault.ts';
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

export type Ledger = {
  readonly acknowledged: (upload: Upload) => void;
  /** A message of many devices: `device:ms:seq` of each, where ms counts from `baseMs`. */
  readonly gathered: (baseMs: number, keys: string) => void;
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

/** A line is cut into pieces well below what a pipe or file writes at once. */
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
  let pending = before !== undefined ? '\n' : `H\t${JSON.stringify(header)}\n`;
  let isScheduled = false;
  const flush = (): void => {
    isScheduled = false;
    if (pending === '') return;
    const text = pending;
    pending = '';
    writeSync(file, text);
  };
  flush();
  const append = (line: string): void => {
    pending += line;
    if (pending.length > BUFFER_BYTES) flush();
    else if (!isScheduled) {
      isScheduled = true;
      // All acknowledgements of one turn of the event loop are one write.
      setImmediate(flush);
    }
  };
  return {
    acknowledged: (upload) => append(lineOf(upload)),
    gathered: (baseMs, keys) => append(`M\t${baseMs}\t${keys}\n`),
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

function lineOf(upload: Upload): string {
  if (upload.channel === 'stops') {
    const presses = upload.reports.map(({ ts, stop, kind }) => `${ts}:${stop}:${kind}`);
    return `R\t${upload.device}\t${presses.join(',')}\n`;
  }
  if (upload.channel === 'answers') return '';
  let keys = '';
  for (const { ts, seq } of upload.messages) keys += keys === '' ? fixKey(ts, seq) : `,${fixKey(ts, seq)}`;
  return `A\t${upload.device}\t${keys}\n`;
}

/** How ledger and report name a fix of one device: milliseconds and seq. */
export const fixKey = (ms: number, seq: number | null | undefined): string => `${ms}:${seq ?? '-'}`;
