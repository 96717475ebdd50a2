import { random } from '../../schemas/random.ts';
import { type TownRoute, type TownStop, usualDrive } from './town.ts';

type Place = { readonly x: number; readonly y: number };

/** What truly happens on a day: dice that are thrown once, whoever drives where. */
export type Truth = {
  /** Seconds at this stop, served by that van. */
  readonly service: (van: number, stop: TownStop) => number;
  /** Seconds of that van's drive, begun at an instant. */
  readonly drive: (van: number, from: Place, to: Place, at: number) => number;
  readonly pace: readonly number[];
  readonly lunch: readonly { readonly after: number; readonly seconds: number }[];
  /** Stands still for so long after an instant (a flat tyre, a locked gate). */
  readonly mishap: readonly ({ readonly after: number; readonly seconds: number } | undefined)[];
  /** Without dice of a single leg: what a clairvoyant expects of a drive not yet driven. */
  readonly traffic: (van: number, at: number) => number;
};

/** Spread (σ of the logarithm) of drivers' services and legs, of one service, and of one leg. */
const DRIVER = 0.08;
const STYLE = 0.05;
const SERVICE = 0.6;
const LEG = 0.3;
/** A share of routes is heavier than it was planned, by up to so much. */
const HEAVY = 0.13;
const HEAVY_MORE = [1.15, 1.45] as const;
const MISHAP = 0.03;

export function truthOf(seed: string, routes: readonly TownRoute[]): Truth {
  const chance = random(`${seed}/truth`);
  const dayPace = chance.lognormal(0, 0.025);
  const vans = routes.map(({ plannedDeparture }, v) => {
    const own = random(`${seed}/van ${v}`);
    const heavy = own.chance(HEAVY) ? own.between(...HEAVY_MORE) : 1;
    return {
      pace: dayPace * heavy * own.lognormal(0, DRIVER),
      style: dayPace * own.lognormal(0, STYLE),
      lunch: {
        after: plannedDeparture + 4.5 * 3600 + 900 * own.normal(),
        seconds: Math.max(900, 1800 + 300 * own.normal()),
      },
      mishap: own.chance(MISHAP)
        ? {
            after: plannedDeparture + own.between(1.5, 6.5) * 3600,
            seconds: own.between(1200, 3600),
          }
        : undefined,
    };
  });
  // Thrown by name, so that a leg or a service comes out the same whoever drives and whatever else happens.
  const noise = (label: string, sigma: number): number =>
    Math.exp(sigma * random(label).normal() - (sigma * sigma) / 2);
  const traffic = (van: number, at: number): number => {
    const hours = (at - routes[van]!.plannedDeparture) / 3600;
    return vans[van]!.style * (hours > 5.5 ? 1.06 : 1);
  };
  const key = ({ x, y }: Place): string => `${Math.round(x)},${Math.round(y)}`;
  return {
    service: (van, stop) =>
      Math.max(8, stop.usual * vans[van]!.pace * noise(`${seed}/stop ${stop.id}`, SERVICE)),
    drive: (van, from, to, at) => {
      const metres = Math.hypot(from.x - to.x, from.y - to.y);
      if (metres < 1) return 0;
      // Long drives are made of many short ones, and vary less.
      const sigma = LEG / Math.sqrt(1 + metres / 1500);
      return usualDrive(metres) * traffic(van, at) * noise(`${seed}/${key(from)}/${key(to)}`, sigma);
    },
    pace: vans.map(({ pace }) => pace),
    lunch: vans.map(({ lunch }) => lunch),
    mishap: vans.map(({ mishap }) => mishap),
    traffic,
  };
}
