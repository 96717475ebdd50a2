import { cpus } from 'node:os';
import { cross, type Point, type Standing } from '../../engine/geofence/crossing.ts';
import { fleetPlace } from '../../engine/geofence/fence-grid.ts';
import { containing, type FencePack, packFences } from '../../engine/geofence/fence-pack.ts';
import type { Bar, BenchResult } from '../../ingest/bench.ts';
import type { Crossing } from '../../schemas/event.ts';
import type { Fence } from '../../schemas/fence.ts';
import { distanceOf } from '../../schemas/position.ts';
import { benchFences } from './fence-sets.ts';
import type { FencePeer } from './peer.ts';
import { drivingPoints, type Points, uniformPoints } from './streams.ts';

export type GeofenceBenchOptions = {
  readonly commit: string;
  /** Where the recordings are; without it the fences are made up. */
  readonly dataFolder: string | undefined;
  readonly isQuick: boolean;
  /** Other programs that do the same, or why they cannot. */
  readonly peers: Readonly<Record<'postgis' | 'tile38', () => Promise<FencePeer | string>>>;
  readonly progress: (line: string) => void;
};

const POINTS = 1_000_000;
const PEER_POINTS = 100_000;
const VANS = 5_000;
const FEW = 50;
/** Seconds between two fixes of a driving van. */
const SECONDS = 5;

/**
 * One thread that tells for every fix which of 50,000 fences hold it, with nothing kept from one fix to the
 * next; what a fix costs the derivation of crossings with few fences and with many; and other programs on
 * the same fences and points. Processor time of this process; the peers' by the clock, which here is theirs.
 */
export async function benchGeofence(options: GeofenceBenchOptions): Promise<BenchResult> {
  const { commit, dataFolder, isQuick, progress } = options;
  const rounds = isQuick ? 3 : 7;
  const { name, fences } = benchFences(dataFolder);
  const begun = performance.now();
  const pack = packFences(fences);
  const packMs = performance.now() - begun;
  progress(`${fences.length} fences (${name}), packed in ${Math.round(packMs)} ms`);
  const few = packFences(nearest(fences, pack, FEW));
  const driving = drivingPoints(pack, POINTS, VANS);
  const uniform = uniformPoints(pack, POINTS);
  const local = drivingPoints(few, POINTS, VANS);
  const cost = (of: FencePack, points: Points) => median(rounds, () => membershipNs(of, points));
  const [drivingNs, uniformNs, localNs] = [cost(pack, driving), cost(pack, uniform), cost(few, local)];
  const perSecond = 1e9 / Math.max(drivingNs, uniformNs);
  progress(`driving ${whole(1e9 / drivingNs)} and uniform ${whole(1e9 / uniformNs)} fixes a second`);
  const crossing = median(rounds, () => crossingNs(pack, driving));
  const crossingFew = median(rounds, () => crossingNs(few, local));
  const sample = driving.subarray(0, 2 * PEER_POINTS);
  const own = { perSecond: 1e9 / cost(pack, sample), hits: membership(pack, sample) };
  const postgis = await against(options.peers.postgis, fences, sample, isQuick ? 1 : 3, progress);
  const tile38 = await against(options.peers.tile38, fences, sample, isQuick ? 1 : 3, progress);
  const ratio = (peer: PeerResult): number | null =>
    peer.perSecond === null ? null : own.perSecond / peer.perSecond;
  const bars: Bar[] = [
    atLeast('fixes_per_second', perSecond, 'fixes/s', 1_000_000),
    atLeast('vs_postgis', ratio(postgis), 'ratio', 10),
    atLeast('vs_tile38', ratio(tile38), 'ratio', 10),
    atMost('cost_50k_vs_50_fences', crossing / crossingFew, 'ratio', 1.5),
  ];
  return {
    bench: 'geofence',
    commit,
    node: process.version,
    cpus: cpus().length,
    results: {
      ...{ cpu: cpus()[0]?.model ?? 'unknown', fences: name, fence_count: fences.length },
      ...{ pack_ms: Math.round(packMs), pack_mb: whole(pack.buffer.byteLength / 1e6) },
      driving_fixes_per_second: whole(1e9 / drivingNs),
      uniform_fixes_per_second: whole(1e9 / uniformNs),
      membership_ns_50k_fences: whole(drivingNs),
      membership_ns_50_fences: whole(localNs),
      crossing_ns_50k_fences: whole(crossing),
      crossing_ns_50_fences: whole(crossingFew),
      hits: own.hits,
      ...told('postgis', postgis),
      ...told('tile38', tile38),
    },
    bars,
  };
}

type PeerResult = { readonly perSecond: number | null; readonly hits: number | null; readonly why: string };

async function against(
  open: () => Promise<FencePeer | string>,
  fences: readonly Fence[],
  points: Points,
  rounds: number,
  progress: (line: string) => void,
): Promise<PeerResult> {
  const peer = await open();
  if (typeof peer === 'string') {
    progress(peer);
    return { perSecond: null, hits: null, why: peer };
  }
  await using opened = peer;
  await opened.prepare(fences);
  const times: number[] = [];
  let hits = 0;
  for (let round = 0; round < rounds + 1; round++) {
    const run = await opened.count(points);
    hits = run.hits;
    // The first fills its caches.
    if (round > 0) times.push(run.ms);
  }
  times.sort((a, b) => a - b);
  return { perSecond: (points.length / 2 / times[times.length >> 1]!) * 1000, hits, why: '' };
}

function told(name: string, { perSecond, hits, why }: PeerResult): Record<string, number | string> {
  if (perSecond === null || hits === null) return { [name]: why };
  return { [`${name}_fixes_per_second`]: whole(perSecond), [`${name}_hits`]: hits };
}

/** The fences nearest to one in the middle of the list. */
function nearest(fences: readonly Fence[], { bounds }: FencePack, count: number): Fence[] {
  const middle = (i: number) =>
    [(bounds[4 * i]! + bounds[4 * i + 2]!) / 2, (bounds[4 * i + 1]! + bounds[4 * i + 3]!) / 2] as const;
  const [lng, lat] = middle(fences.length >> 1);
  return fences
    .map((fence, i) => ({ fence, far: distanceOf(lng, lat, ...middle(i)) }))
    .sort((a, b) => a.far - b.far)
    .slice(0, count)
    .map(({ fence }) => fence)
    .sort((a, b) => a.id - b.id);
}

const held = new Int32Array(256);

function membership(pack: FencePack, points: Points): number {
  const place = fleetPlace(pack.grid, 1);
  let hits = 0;
  for (let i = 0; i < points.length; i += 2) {
    hits += containing(pack, place, points[i]!, points[i + 1]!, held);
  }
  return hits;
}

function membershipNs(pack: FencePack, points: Points): number {
  return cpuNs(() => membership(pack, points)) / (points.length / 2);
}

/** The whole derivation of enter, exit and pass, with margins and minimum times, van by van as they report. */
function crossingNs(pack: FencePack, points: Points): number {
  const before: (Point | null)[] = new Array(VANS).fill(null);
  const standings: (readonly Standing[])[] = new Array(VANS).fill([]);
  const found: Crossing[] = [];
  const count = points.length / 2;
  return (
    cpuNs(() => {
      for (let i = 0; i < count; i++) {
        const v = i % VANS;
        const fix = { at: SECONDS * Math.floor(i / VANS), lng: points[2 * i]!, lat: points[2 * i + 1]! };
        standings[v] = cross(
          standings[v]!,
          { before: before[v]!, fix, vehicleId: v, fleetId: 1 },
          pack,
          found,
        );
        before[v] = fix;
        if (found.length > 10_000) found.length = 0;
      }
    }) / count
  );
}

function cpuNs(work: () => unknown): number {
  const from = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(from);
  return (user + system) * 1000;
}

/** The median of some rounds, after one that warms up. */
function median(rounds: number, measure: () => number): number {
  measure();
  const values = Array.from({ length: rounds }, measure).sort((a, b) => a - b);
  return values[values.length >> 1]!;
}

const whole = (value: number): number => Math.round(value);

function atLeast(name: string, value: number | null, unit: string, target: number): Bar {
  if (value === null) return { name, value, unit, target, ok: null };
  return { name, value: Math.round(value * 100) / 100, unit, target, ok: value >= target };
}

function atMost(name: string, value: number, unit: string, target: number): Bar {
  return { name, value: Math.round(value * 100) / 100, unit, target, ok: value <= target };
}
