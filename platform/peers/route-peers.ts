import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { RoutePeer } from '../../engine/route/bench-peers.ts';
import type { ProblemInput } from '../../engine/route/solver/problem-input.ts';

const script = fileURLToPath(new URL('./route_peers.py', import.meta.url));
/** A peer that does not keep its time limit is waited for, but not for ever. */
const PATIENCE_MS = 120_000;

/**
 * PyVRP and VROOM where the interpreter has them (`pip install pyvrp pyvroom`); none otherwise. A
 * plan that is not feasible, or a problem the peer cannot be told, is no answer.
 */
export function routePeers(python: string): RoutePeer[] {
  const probe = spawnSync(python, [script, 'probe'], { encoding: 'utf8' });
  const names: unknown = probe.status === 0 ? JSON.parse(probe.stdout) : [];
  if (!Array.isArray(names)) return [];
  return names.map((name) => ({
    name: String(name),
    solve: (problem, budgetMs, seed) => {
      const told = plain(problem);
      if (told === undefined) return undefined;
      const input = JSON.stringify({ peer: name, seconds: budgetMs / 1000, seed, ...told });
      const { status, stdout } = spawnSync(python, [script], {
        input,
        encoding: 'utf8',
        timeout: PATIENCE_MS + budgetMs,
        maxBuffer: 1 << 26,
      });
      if (status !== 0 || stdout.trim() === '') return undefined;
      const { routes, cpuSeconds } = JSON.parse(stdout) as { routes: number[][]; cpuSeconds: number };
      return { routes, cpuMs: 1000 * cpuSeconds };
    },
  }));
}

/** The plain class that every peer knows: one depot, one size of van, one window a stop. */
function plain({ placeCount, profiles, stops, shipments, vehicles }: ProblemInput) {
  const [profile] = profiles;
  const [van] = vehicles;
  const isPlain =
    (shipments?.length ?? 0) === 0 &&
    profiles.length === 1 &&
    van?.capacity.length === 1 &&
    van.start !== undefined &&
    vehicles.every((v) => v.start === van.start && v.end === van.start && v.capacity[0] === van.capacity[0]);
  if (!isPlain || !profile) return undefined;
  return {
    size: placeCount,
    distance: Array.from(profile.distance),
    duration: Array.from(profile.duration),
    vehicles: vehicles.length,
    capacity: van.capacity[0],
    depot: van.start,
    from: van.shift.from,
    until: van.shift.until,
    stops: stops.map(({ place, delivery, service, windows }) => [
      place,
      delivery?.[0] ?? 0,
      service,
      windows?.[0]?.from ?? van.shift.from,
      windows?.[0]?.until ?? van.shift.until,
    ]),
  };
}
