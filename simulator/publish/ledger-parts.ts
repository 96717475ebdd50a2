import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { eachFix, ledgerLines } from './ledger-reading.ts';

/** Distinct fixes of one device; `seq` is −1 where none was sent. */
export type DeviceKeys = {
  readonly device: string;
  readonly ms: Float64Array;
  readonly seq: Float64Array;
};

/** What is held of a part of the ledger at once: some 100 MB. */
const FIXES_PER_PART = 1_000_000;
/** device Uint32, ms Float64, seq Float64 */
const RECORD_BYTES = 20;
const BUFFER_RECORDS = 4096;

/**
 * The distinct fixes of each device in a ledger of any size, in bounded memory: the fixes are first
 * dealt out into files beside it, a device always into the same one, and then each file is sorted.
 */
export function* ledgerParts(
  path: string,
  acknowledged: number,
  fixesPerPart: number = FIXES_PER_PART,
): Generator<DeviceKeys> {
  const folder = mkdtempSync(join(dirname(path), 'compare-'));
  try {
    const count = Math.max(1, Math.ceil(acknowledged / fixesPerPart));
    const names = deal(path, count, folder);
    for (let part = 0; part < count; part++) {
      yield* devicesIn(readFileSync(partFile(folder, part)), names);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const partFile = (folder: string, part: number): string => join(folder, `part-${part}`);

/** Writes every fix into the file of its device; returns the names of devices by number. */
function deal(path: string, count: number, folder: string): string[] {
  const names: string[] = [];
  const numbers = new Map<string, number>();
  const parts = Array.from({ length: count }, (_, part) => ({
    file: openSync(partFile(folder, part), 'w'),
    buffer: Buffer.allocUnsafe(BUFFER_RECORDS * RECORD_BYTES),
    used: 0,
  }));
  const empty = (part: (typeof parts)[number]): void => {
    writeSync(part.file, part.buffer, 0, part.used);
    part.used = 0;
  };
  for (const line of ledgerLines(path)) {
    if (line[0] !== 'A' && line[0] !== 'M') continue;
    eachFix(line, (device, ms, seq) => {
      let number = numbers.get(device);
      if (number === undefined) {
        number = names.length;
        names.push(device);
        numbers.set(device, number);
      }
      const part = parts[number % count]!;
      if (part.used === part.buffer.length) empty(part);
      part.buffer.writeUInt32LE(number, part.used);
      part.buffer.writeDoubleLE(ms, part.used + 4);
      part.buffer.writeDoubleLE(seq ?? -1, part.used + 12);
      part.used += RECORD_BYTES;
    });
  }
  for (const part of parts) {
    empty(part);
    closeSync(part.file);
  }
  return names;
}

function* devicesIn(bytes: Buffer, names: readonly string[]): Generator<DeviceKeys> {
  const places = new Map<number, number[]>();
  for (let at = 0; at < bytes.length; at += RECORD_BYTES) {
    const number = bytes.readUInt32LE(at);
    const own = places.get(number);
    if (own === undefined) places.set(number, [at]);
    else own.push(at);
  }
  for (const [number, own] of places) {
    const keys = own.map((at) => ({ ms: bytes.readDoubleLE(at + 4), seq: bytes.readDoubleLE(at + 12) }));
    keys.sort((a, b) => a.ms - b.ms || a.seq - b.seq);
    const distinct = keys.filter(
      ({ ms, seq }, i) => i === 0 || ms !== keys[i - 1]!.ms || seq !== keys[i - 1]!.seq,
    );
    yield {
      device: names[number]!,
      ms: Float64Array.from(distinct, ({ ms }) => ms),
      seq: Float64Array.from(distinct, ({ seq }) => seq),
    };
  }
}
