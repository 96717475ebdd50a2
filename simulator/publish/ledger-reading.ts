import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { asError, Fault } from '../../schemas/fault.ts';
import type { LatencyMs } from '../report/histogram.ts';
import { fixKey, type LedgerHeader } from './ledger.ts';

export type LedgerContents = {
  readonly header: LedgerHeader | undefined;
  readonly offered: number;
  /** Fixes acknowledged, copies counted each time. */
  readonly acknowledged: number;
  /** Distinct keys of `fixKey`, by device; empty in the summary of a ledger too large to be held. */
  readonly keysByDevice: ReadonlyMap<string, ReadonlySet<string>>;
  readonly isSummary?: boolean | undefined;
  readonly reportsByDevice: ReadonlyMap<string, ReadonlySet<string>>;
  /** Newest instant acknowledged, by device. */
  readonly lastByDevice: ReadonlyMap<string, number>;
  readonly latencyMs: LatencyMs | undefined;
  readonly backlogLatencyMs: LatencyMs | undefined;
};

/** Beyond so many fixes only a summary is held (some 200 MB), and beyond so many devices, each a question. */
const KEYS_MAX = 1_000_000;
const DEVICES_MAX = 5_000;

/** All of a ledger, or a summary of one that holds more than `keysMax` fixes or very many devices. */
export function readLedger(path: string, keysMax: number = KEYS_MAX): LedgerContents {
  const keysByDevice = new Map<string, Set<string>>();
  const reportsByDevice = new Map<string, Set<string>>();
  const lastByDevice = new Map<string, number>();
  let header: LedgerHeader | undefined;
  let [latencyMs, backlogLatencyMs]: (LatencyMs | undefined)[] = [];
  let [offered, acknowledged, isSummary] = [0, 0, false];
  for (const line of ledgerLines(path)) {
    const kind = line[0];
    if (kind === 'A' || kind === 'M') {
      eachFix(line, (device, ms, seq) => {
        acknowledged++;
        lastByDevice.set(device, Math.max(lastByDevice.get(device) ?? 0, ms / 1000));
        isSummary ||= acknowledged > keysMax || lastByDevice.size > DEVICES_MAX;
        if (isSummary) keysByDevice.clear();
        else valueIn(keysByDevice, device, () => new Set<string>()).add(fixKey(ms, seq));
      });
      continue;
    }
    const [, first = '', second = ''] = line.split('\t');
    if (kind === 'R') {
      const presses = valueIn(reportsByDevice, first, () => new Set<string>());
      for (const press of second.split(',')) presses.add(press);
    } else if (kind === 'O') offered = Number(first);
    else if (kind === 'H') header = JSON.parse(first);
    else if (kind === 'L') latencyMs = JSON.parse(first);
    else if (kind === 'B') backlogLatencyMs = JSON.parse(first);
  }
  return {
    header,
    // A killed run could not write its last total; what was acknowledged was offered.
    offered: Math.max(offered, acknowledged),
    acknowledged,
    keysByDevice,
    isSummary,
    reportsByDevice,
    lastByDevice,
    latencyMs,
    backlogLatencyMs,
  };
}

/** The fixes of a line of kind A or M; `seq` is undefined where none was sent. */
export function eachFix(
  line: string,
  take: (device: string, ms: number, seq: number | undefined) => void,
): void {
  const tab = line.indexOf('\t', 2);
  const head = line.slice(2, tab);
  const isGathered = line[0] === 'M';
  const baseMs = isGathered ? Number(head) : 0;
  for (let from = tab + 1; from < line.length; ) {
    let until = line.indexOf(',', from);
    if (until < 0) until = line.length;
    // A device's name may hold colons, what follows it never does.
    const second = line.lastIndexOf(':', until - 1);
    const seqText = line.slice(second + 1, until);
    const first = isGathered ? line.lastIndexOf(':', second - 1) : from - 1;
    const ms = baseMs + Number(line.slice(first + 1, second));
    take(isGathered ? line.slice(from, first) : head, ms, seqText === '-' ? undefined : Number(seqText));
    from = until + 1;
  }
}

const CHUNK_BYTES = 1 << 20;

/**
 * The whole lines of a ledger, read piece by piece. The last one may be half written when the process
 * was killed: what it lost does not count.
 */
export function* ledgerLines(path: string): Generator<string> {
  const file = openLedgerFile(path);
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const text = new StringDecoder('utf8');
    let rest = '';
    for (;;) {
      const bytes = readSync(file, chunk, 0, CHUNK_BYTES, null);
      if (bytes === 0) return;
      const lines = (rest + text.write(chunk.subarray(0, bytes))).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } finally {
    closeSync(file);
  }
}

function openLedgerFile(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (thrown) {
    const detail = `cannot read the ledger ${path}: ${asError(thrown).message}`;
    throw new Fault('input/invalid', detail, { cause: thrown });
  }
}

function valueIn<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
