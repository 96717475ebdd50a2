import { distanceOf } from '../../../../schemas/position.ts';
import type { Profile } from '../problem-input.ts';
import { UnreadableInstance } from './instance.ts';
import type { VroomDocument } from './vroom-document.ts';

/** Driven kilometres per straight kilometre, and metres per second, in town: the median of real van days. */
const CIRCUITY = 1.28;
const SPEED = 7;

type Located = {
  readonly location?: readonly [number, number] | undefined;
  readonly location_index?: number | undefined;
};

/** The places a document speaks of, and its matrices by profile and speed. */
export type Places = {
  readonly rowOf: (owner: string, located: Located) => number;
  readonly count: () => number;
  /** Index into the profiles of the problem. */
  readonly profile: (name: string, speedFactor: number) => number;
  readonly profiles: () => readonly Profile[];
  readonly assumptions: readonly string[];
  readonly hasCosts: (name: string) => boolean;
};

/** Matrices as the document gives them, or straight lines where it gives none. */
export function placesOf(document: VroomDocument): Places {
  return document.matrices ? givenPlaces(document.matrices) : straightPlaces();
}

function givenPlaces(matrices: NonNullable<VroomDocument['matrices']>): Places {
  const count = Object.values(matrices)[0]?.durations.length ?? 0;
  const profiles: Profile[] = [];
  const indexByKey = new Map<string, number>();
  return {
    rowOf: (owner, { location_index }) => {
      if (location_index === undefined) {
        throw new UnreadableInstance(`${owner}: with matrices given, a location_index is needed`);
      }
      return location_index;
    },
    count: () => count,
    hasCosts: (name) => matrices[name]?.costs !== undefined,
    profile: (name, speedFactor) => {
      const key = `${name} ${speedFactor}`;
      const existing = indexByKey.get(key);
      if (existing !== undefined) return existing;
      const given = matrices[name];
      if (!given) throw new UnreadableInstance(`there is no matrix for the profile “${name}”`);
      const duration = flat(given.durations, count, `${name}, durations`);
      const { distances, costs } = given;
      const distance = costs ? flat(costs, count, `${name}, costs`) : undefined;
      profiles.push({
        duration: speedFactor === 1 ? duration : duration.map((seconds) => Math.round(seconds / speedFactor)),
        distance:
          distance ?? (distances ? flat(distances, count, `${name}, distances`) : duration.map(() => 0)),
      });
      indexByKey.set(key, profiles.length - 1);
      return profiles.length - 1;
    },
    profiles: () => profiles,
    assumptions: [],
  };
}

function flat(rows: readonly (readonly number[])[], count: number, name: string): number[] {
  const isSquare = rows.length === count && rows.every((row) => row.length === count);
  if (!isSquare) throw new UnreadableInstance(`matrix ${name}: expected ${count} rows of ${count}`);
  return rows.flat();
}

function straightPlaces(): Places {
  const points: (readonly [number, number])[] = [];
  const rowByPoint = new Map<string, number>();
  const factors: number[] = [];
  const distances = (): number[] =>
    points.flatMap(([lng, lat]) =>
      points.map(([toLng, toLat]) => Math.round(CIRCUITY * distanceOf(lng, lat, toLng, toLat))),
    );
  return {
    rowOf: (owner, { location }) => {
      if (!location) throw new UnreadableInstance(`${owner}: neither matrices nor a location are given`);
      const key = location.join();
      const row = rowByPoint.get(key) ?? points.length;
      if (row === points.length) points.push(location);
      rowByPoint.set(key, row);
      return row;
    },
    count: () => points.length,
    hasCosts: () => false,
    profile: (_name, speedFactor) => {
      const index = factors.indexOf(speedFactor);
      return index >= 0 ? index : factors.push(speedFactor) - 1;
    },
    profiles: () => {
      const distance = distances();
      return factors.map((factor) => ({
        distance,
        duration: distance.map((metres) => Math.round(metres / (SPEED * factor))),
      }));
    },
    assumptions: [`no matrices: straight lines × ${CIRCUITY} at ${SPEED} m/s`],
  };
}
