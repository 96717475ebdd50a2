import pg from 'pg';
import type { Fence } from '../../schemas/fence.ts';
import type { FencePeer, PeerRun } from '../geofence/peer.ts';

/** Rows written at once. */
const CHUNK = 5000;

/**
 * PostGIS, one set-based join of all points with the fences over a GiST index, in one process of the
 * server; points sorted along a curve, so that neighbours find their pages in the cache. Nothing but a
 * count comes back. Undefined where the extension is not to be had.
 */
export async function openPostgis(databaseUrl: string): Promise<FencePeer | string> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('create extension if not exists postgis');
  } catch (cause) {
    await client.end();
    return `the database server has no PostGIS: ${cause instanceof Error ? cause.message : cause}`;
  }
  await client.query("set max_parallel_workers_per_gather = 0; set jit = off; set work_mem = '256MB'");
  return {
    async prepare(fences) {
      await client.query('create unlogged table bench_fences (id integer, geom geometry)');
      for (let i = 0; i < fences.length; i += CHUNK) {
        await client.query(
          `insert into bench_fences select id, ST_SetSRID(ST_GeomFromGeoJSON(geom), 4326)
           from unnest($1::int[], $2::text[]) as f (id, geom)`,
          [fences.slice(i, i + CHUNK).map(({ id }) => id), fences.slice(i, i + CHUNK).map(geometryOf)],
        );
      }
      await client.query('create index on bench_fences using gist (geom)');
      await client.query('create unlogged table bench_points (geom geometry)');
      await client.query('vacuum analyze bench_fences');
    },
    async count(points): Promise<PeerRun> {
      await client.query('truncate bench_points');
      const [lng, lat] = [0, 1].map((of) => Array.from(points).filter((_, i) => i % 2 === of));
      await client.query(
        `insert into bench_points
         select p from (select ST_SetSRID(ST_Point(x, y), 4326) as p from unnest($1::float8[], $2::float8[]) as q (x, y)) r
         order by p`,
        [lng, lat],
      );
      await client.query('vacuum analyze bench_points');
      const from = performance.now();
      const { rows } = await client.query(
        'select count(*)::integer as hits from bench_points p join bench_fences f on ST_Intersects(f.geom, p.geom)',
      );
      return { hits: rows[0].hits, ms: performance.now() - from };
    },
    async [Symbol.asyncDispose]() {
      await client.end();
    },
  };
}

function geometryOf({ shape }: Fence): string {
  if (shape.kind !== 'polygon') throw new Error('the bench has polygons only');
  return JSON.stringify({ type: 'MultiPolygon', coordinates: shape.polygons });
}
