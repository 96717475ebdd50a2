import { inflateRawSync } from 'node:zlib';
import { Fault } from '../../schemas/fault.ts';

export type ZipEntry = { readonly name: string; readonly bytes: Buffer };

const END = 0x06054b50;
const END_BYTES = 22;
const ENTRY = 0x02014b50;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;

/**
 * The files of a zip archive, by its central directory (APPNOTE 4.3.12, 4.3.16); without encryption and
 * without ZIP64, which recordings of some megabytes do not use.
 */
export function readZip(archive: Buffer): ZipEntry[] {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || end + END_BYTES > archive.length || archive.readUInt32LE(end) !== END) {
    throw new Fault('input/invalid', 'this is no zip archive: its central directory is missing');
  }
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  const entries: ZipEntry[] = [];
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_BYTES > archive.length || archive.readUInt32LE(at) !== ENTRY) {
      throw new Fault('input/invalid', `entry ${i + 1} of the zip archive is broken`);
    }
    const method = archive.readUInt16LE(at + 10);
    const size = archive.readUInt32LE(at + 20);
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((k) => archive.readUInt16LE(at + k));
    const local = archive.readUInt32LE(at + 42);
    const name = archive.toString('utf8', at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes!);
    const from = local + LOCAL_BYTES + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const packed = archive.subarray(from, from + size);
    if (method !== STORED && method !== DEFLATED) {
      throw new Fault('input/invalid', `${name} is compressed in a way (${method}) that is not read`);
    }
    if (!name.endsWith('/')) {
      entries.push({ name, bytes: method === STORED ? packed : inflateRawSync(packed) });
    }
    at += ENTRY_BYTES + nameBytes! + extraBytes! + commentBytes!;
  }
  return entries;
}
