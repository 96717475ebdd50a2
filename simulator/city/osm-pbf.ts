import { closeSync, openSync, readSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { PbfReader } from 'pbf';
import { asError, Fault } from '../../schemas/fault.ts';

/**
 * Blocks of an .osm.pbf file, one at a time (https://wiki.openstreetmap.org/wiki/PBF_Format): a file is
 * a row of blobs, each with a header that says its type and size; blobs of type OSMData hold nodes and
 * ways with a table of their strings.
 */
export type OsmBlock = {
  readonly text: (index: number) => string;
  readonly groups: readonly Uint8Array[];
  /** Degrees of a coordinate as it stands in the block. */
  readonly lng: (value: number) => number;
  readonly lat: (value: number) => number;
};

export type OsmWay = { readonly tags: ReadonlyMap<string, string>; readonly refs: readonly number[] };

/** Bounds of the format: larger ones are no such file. */
const HEADER_BYTES_MAX = 64 * 1024;
const BLOB_BYTES_MAX = 32 * 1024 * 1024;
const known = new Set(['OsmSchema-V0.6', 'DenseNodes']);

export function* osmBlocks(path: string): Generator<OsmBlock> {
  const file = opened(path);
  try {
    for (let first = true; ; first = false) {
      const length = take(file, 4, path);
      if (length === undefined) return;
      const headerBytes = length.readUInt32BE(0);
      if (headerBytes > HEADER_BYTES_MAX) throw notOsm(path, 'a header is too large');
      const header = { type: '', size: 0 };
      new PbfReader(whole(file, headerBytes, path)).readFields((tag, into, pbf) => {
        if (tag === 1) into.type = pbf.readString();
        else if (tag === 3) into.size = pbf.readVarint();
      }, header);
      if (header.size > BLOB_BYTES_MAX) throw notOsm(path, 'a blob is too large');
      if (first && header.type !== 'OSMHeader') throw notOsm(path, 'it does not begin with an OSMHeader');
      const data = unpacked(whole(file, header.size, path), path);
      if (header.type === 'OSMHeader') checkFeatures(data, path);
      else if (header.type === 'OSMData') yield blockOf(data);
    }
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    throw notOsm(path, asError(thrown).message);
  } finally {
    closeSync(file);
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (thrown) {
    throw new Fault('input/invalid', `cannot read ${path}: ${asError(thrown).message}`, { cause: thrown });
  }
}

const notOsm = (path: string, why: string): Fault =>
  new Fault('input/invalid', `${path} is no .osm.pbf file that we can read: ${why}`);

/** The next bytes; undefined at the end of the file. */
function take(file: number, length: number, path: string): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(length);
  let used = 0;
  while (used < length) {
    const count = readSync(file, bytes, used, length - used, null);
    if (count === 0 && used === 0) return undefined;
    if (count === 0) throw notOsm(path, 'it ends in the middle of a block');
    used += count;
  }
  return bytes;
}

function whole(file: number, length: number, path: string): Buffer {
  const bytes = length === 0 ? Buffer.alloc(0) : take(file, length, path);
  if (bytes === undefined) throw notOsm(path, 'it ends in the middle of a block');
  return bytes;
}

function unpacked(bytes: Buffer, path: string): Uint8Array {
  const blob: { raw?: Uint8Array; zlib?: Uint8Array } = {};
  new PbfReader(bytes).readFields((tag, into, pbf) => {
    if (tag === 1) into.raw = pbf.readBytes();
    else if (tag === 3) into.zlib = pbf.readBytes();
  }, blob);
  if (blob.raw !== undefined) return blob.raw;
  if (blob.zlib === undefined) throw notOsm(path, 'a blob is packed in another way than zlib');
  return inflateSync(blob.zlib, { maxOutputLength: BLOB_BYTES_MAX });
}

function checkFeatures(data: Uint8Array, path: string): void {
  const required: string[] = [];
  new PbfReader(data).readFields((tag, into, pbf) => {
    if (tag === 4) into.push(pbf.readString());
  }, required);
  const strange = required.filter((feature) => !known.has(feature));
  if (strange.length > 0) throw notOsm(path, `it needs ${strange.join(', ')}`);
}

function blockOf(data: Uint8Array): OsmBlock {
  const strings: Uint8Array[] = [];
  const groups: Uint8Array[] = [];
  const scale = { granularity: 100, latOffset: 0, lngOffset: 0 };
  new PbfReader(data).readFields((tag, into, pbf) => {
    if (tag === 1) {
      pbf.readMessage((inner, list, table) => {
        if (inner === 1) list.push(table.readBytes());
      }, strings);
    } else if (tag === 2) groups.push(pbf.readBytes());
    else if (tag === 17) into.granularity = pbf.readVarint();
    else if (tag === 19) into.latOffset = pbf.readVarint(true);
    else if (tag === 20) into.lngOffset = pbf.readVarint(true);
  }, scale);
  const decoder = new TextDecoder();
  const { granularity, latOffset, lngOffset } = scale;
  return {
    text: (index) => decoder.decode(strings[index]),
    groups,
    lng: (value) => (lngOffset + granularity * value) / 1e9,
    lat: (value) => (latOffset + granularity * value) / 1e9,
  };
}

/** The ways of a block. */
export function* waysIn({ groups, text }: OsmBlock): Generator<OsmWay> {
  for (const group of groups) {
    const ways: { keys: number[]; values: number[]; refs: number[] }[] = [];
    new PbfReader(group).readFields((tag, into, pbf) => {
      if (tag !== 3) return;
      const way = { keys: [] as number[], values: [] as number[], refs: [] as number[] };
      pbf.readMessage((inner, own, fields) => {
        if (inner === 2) fields.readPackedVarint(own.keys);
        else if (inner === 3) fields.readPackedVarint(own.values);
        else if (inner === 8) fields.readPackedSVarint(own.refs);
      }, way);
      into.push(way);
    }, ways);
    for (const { keys, values, refs } of ways) {
      yield {
        tags: new Map(keys.map((key, i) => [text(key), text(values[i]!)])),
        refs: summed(refs),
      };
    }
  }
}

/** Calls `take` with every node of a block, dense or not. */
export function eachNode(
  { groups, lng, lat }: OsmBlock,
  take: (id: number, lng: number, lat: number) => void,
): void {
  for (const group of groups) {
    new PbfReader(group).readFields((tag, _into, pbf) => {
      if (tag === 1) {
        const node = { id: 0, lat: 0, lng: 0 };
        pbf.readMessage((inner, own, fields) => {
          if (inner === 1) own.id = fields.readSVarint();
          else if (inner === 8) own.lat = fields.readSVarint();
          else if (inner === 9) own.lng = fields.readSVarint();
        }, node);
        take(node.id, lng(node.lng), lat(node.lat));
      } else if (tag === 2) {
        const dense = { ids: [] as number[], lats: [] as number[], lngs: [] as number[] };
        pbf.readMessage((inner, own, fields) => {
          if (inner === 1) fields.readPackedSVarint(own.ids);
          else if (inner === 8) fields.readPackedSVarint(own.lats);
          else if (inner === 9) fields.readPackedSVarint(own.lngs);
        }, dense);
        const [ids, lats, lngs] = [summed(dense.ids), summed(dense.lats), summed(dense.lngs)];
        for (const [i, id] of ids.entries()) take(id, lng(lngs[i]!), lat(lats[i]!));
      }
    }, undefined);
  }
}

/** Differences as they stand in the file, added up. */
function summed(differences: number[]): number[] {
  let sum = 0;
  return differences.map((difference) => {
    sum += difference;
    return sum;
  });
}
