import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Coordinate, defaultFencePolicy, type Fence, type FenceShape } from '../../schemas/fence.ts';
import { random } from '../../schemas/random.ts';

/** Fifty thousand census areas of England, one GeoJSON Feature a line. */
const REAL_FILE = 'geofences/uk_output_areas_50k.ndjson.gz';
const COLUMNS = 250;
const ROWS = 200;
/** Vertices on each side of a made-up area. */
const SIDE = 4;

/** The fences of the bench: real areas where the recordings are there, else made-up ones that tile a country. */
export function benchFences(dataFolder: string | undefined): {
  readonly name: string;
  readonly fences: Fence[];
} {
  if (dataFolder !== undefined) {
    try {
      const text = gunzipSync(readFileSync(join(dataFolder, REAL_FILE))).toString();
      const fences = text.trimEnd().split('\n').map(fenceOfLine);
      return { name: 'UK output areas', fences };
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause;
    }
  }
  return { name: 'made-up tiles', fences: tiles() };
}

function fenceOfLine(line: string, id: number): Fence {
  const { geometry } = JSON.parse(line);
  const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
  return fence(id, { kind: 'polygon', polygons });
}

function fence(id: number, shape: FenceShape): Fence {
  return { id, fleetId: 1, set: 'bench', name: `f${id}`, kind: 'area', shape, policy: defaultFencePolicy };
}

/** Areas of sixteen vertices that share their borders. */
function tiles(): Fence[] {
  const cell = 0.006;
  const corner = (i: number, j: number): Coordinate => {
    const chance = random(`tile/${i}/${j}`);
    return [cell * (i + chance.between(-0.3, 0.3)), 50 + cell * (j + chance.between(-0.3, 0.3))];
  };
  /** Points of the border from one corner on, the same whichever of its two areas asks. */
  const border = (from: readonly [number, number], to: readonly [number, number]): Coordinate[] => {
    const isForward = from[0] < to[0] || from[1] < to[1];
    const [a, b] = isForward ? [from, to] : [to, from];
    const chance = random(`border/${a.join()}/${b.join()}`);
    const [p, q] = [corner(...a), corner(...b)];
    const points = Array.from({ length: SIDE }, (_, k): Coordinate => {
      const [share, off] = [k / SIDE, k === 0 ? 0 : chance.between(-0.05, 0.05)];
      return [
        p[0] + share * (q[0] - p[0]) + off * (q[1] - p[1]),
        p[1] + share * (q[1] - p[1]) - off * (q[0] - p[0]),
      ];
    });
    return isForward ? points : [q, ...points.slice(1).reverse()];
  };
  return Array.from({ length: COLUMNS * ROWS }, (_, n) => {
    const [i, j] = [n % COLUMNS, Math.floor(n / COLUMNS)];
    const ring = [
      ...border([i, j], [i + 1, j]),
      ...border([i + 1, j], [i + 1, j + 1]),
      ...border([i + 1, j + 1], [i, j + 1]),
      ...border([i, j + 1], [i, j]),
    ];
    return fence(n, { kind: 'polygon', polygons: [[[...ring, ring[0]!]]] });
  });
}
