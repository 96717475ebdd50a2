import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Fix } from '../../schemas/fix.ts';
import { copyRows, fixColumns, rowEnds } from '../store/copy-rows.ts';

const names = [...fixColumns, ...rowEnds.commit].map((column) => column.split(' ')[0]);
const end = { kind: 'commit', sourceId: 1, batch: 1 } as const;

/**
 * Fixes per second of a bare COPY from Node: the rows of `fixes`, in a table with its columns, its
 * index and its partitions, committed every `chunk` rows. The next chunk is encoded while the server
 * works on this one, and the format is binary: the best COPY we know how to do.
 */
export async function rawCopy(
  databaseUrl: string,
  job: { readonly rows: number; readonly chunk: number; readonly vans: number; readonly fromMs: number },
): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await makeTable(client, job.fromMs);
    const chunks = Array.from({ length: Math.ceil(job.rows / job.chunk) }, (_, i) => chunkOf(job, i));
    const started = performance.now();
    let encoded = copyRows(chunks[0] ?? [], end);
    for (let i = 0; i < chunks.length; i++) {
      const stream = client.query(
        copyFrom(`copy bench_copy (${names.join(', ')}) from stdin (format binary)`),
      );
      const copied = pipeline([encoded], stream as Writable);
      encoded = copyRows(chunks[i + 1] ?? [], end);
      await copied;
    }
    const seconds = (performance.now() - started) / 1000;
    return (chunks.length * job.chunk) / seconds;
  } finally {
    await client.query('drop table if exists bench_copy');
    await client.end();
  }
}

async function makeTable(client: pg.Client, fromMs: number): Promise<void> {
  const monday = Date.UTC(1970, 0, 5);
  const week = 7 * 86_400_000;
  const start = monday + Math.floor((fromMs - monday) / week) * week;
  const bound = (ms: number) => new Date(ms).toISOString();
  await client.query(`
    drop table if exists bench_copy;
    create table bench_copy (like fixes including defaults including constraints including indexes)
      partition by range (at);
    create table bench_copy_1 partition of bench_copy for values from ('${bound(start)}') to ('${bound(start + week)}');
    create table bench_copy_2 partition of bench_copy for values from ('${bound(start + week)}') to ('${bound(start + 2 * week)}')`);
}

/** The same fixes that the generator sends, fifty of a van at a time. */
function chunkOf(
  job: { readonly chunk: number; readonly vans: number; readonly fromMs: number },
  i: number,
): Fix[] {
  return Array.from({ length: job.chunk }, (_, row) => {
    const place = i * job.chunk + row;
    const message = Math.floor(place / 50);
    const van = message % job.vans;
    const n = Math.floor(message / job.vans) * 50 + (place % 50);
    const at = job.fromMs / 1000 + n;
    return {
      ...{ fleetId: 1, vehicleId: van + 1, deviceId: van + 1, at, key: n, received: at + 1 },
      ...{
        lat: 45 + ((van * 7919 + n * 13) % 10_000) / 10_000,
        lng: -122 - ((van * 104_729 + n * 17) % 10_000) / 10_000,
      },
      ...{
        speed: (n % 30) + 0.5,
        heading: n % 360,
        accuracy: 5,
        ignition: true,
        odometer: 100_000.5 + n * 12,
      },
      ...{ seq: n, boot: String(job.fromMs), sent: at + 0.7, flags: 0 },
    };
  });
}
