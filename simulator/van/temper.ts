import type { Random } from '../../schemas/random.ts';
import { mpsFromKmh, radiansFromDegrees } from '../../schemas/units.ts';

/** Something a driver does harshly or too fast: seconds from the start of a motion, later instants. */
export type Deed = {
  readonly kind: 'harsh_braking' | 'harsh_acceleration' | 'harsh_cornering' | 'speeding';
  readonly from: number;
  readonly until: number;
  /** g; for speeding the highest speed, m/s. */
  readonly value: number;
};

export type TemperInput = {
  /** Probability that a braking, a pulling away or a corner is done harshly. */
  readonly harsh: number;
  /** Probability that the motorways of a way are driven too fast. */
  readonly speeding: number;
  readonly chance: Random;
};

const GRAVITY = 9.80665;
/** Metres of the circle on which vans go round a corner: kerb to kerb of ordinary streets. */
export const CORNER_RADIUS = 15;
/** Harsh is what starts here, g: braking 0.41 and cornering 0.5 as eDriving has it, pulling away 0.3 as AWS has it. */
const BRAKING_G = [0.43, 0.65] as const;
const ACCELERATION_G = [0.34, 0.48] as const;
const CORNER_G = [0.54, 0.75] as const;
const CORNER_HARSH_G = 0.5;
/** Less than this is over before it is felt, m/s. */
const CHANGE_MIN = 6;
/** What is driven by who is too fast on a motorway, m/s; from the first on it is no ordinary speed. */
const FAST = [mpsFromKmh(128), mpsFromKmh(142)] as const;
export const FAST_FROM = mpsFromKmh(125);

export type Temper = ReturnType<typeof openTemper>;

/** What one way makes of a driver's temper; drawn apart from everything else that chance does on it. */
export function openTemper({ harsh, speeding, chance }: TemperInput) {
  const fast = chance.chance(speeding) ? chance.between(...FAST) : undefined;
  const isHarsh = (): boolean => chance.chance(harsh);
  const rate = (change: number, g: readonly [number, number]): number | undefined =>
    change >= CHANGE_MIN && isHarsh() ? chance.between(...g) * GRAVITY : undefined;
  return {
    /** The cap of motorways, where it is not the usual one. */
    fast,
    isHarsh,
    cornerG: () => chance.between(...CORNER_G),
    /** m/s², for a change of so many m/s; undefined where it is done as usual. */
    pullingAway: (change: number) => rate(change, ACCELERATION_G),
    braking: (change: number) => rate(change, BRAKING_G),
    deed: (kind: Deed['kind'], from: number, until: number, mps2: number): Deed => ({
      kind,
      from,
      until,
      value: mps2 / GRAVITY,
    }),
  };
}

/** The heading turns by tan(half of it) / radius per metre in the middle of a corner: see `openTrackReader`. */
const bend = (degrees: number): number => Math.tan(radiansFromDegrees(degrees / 2)) / CORNER_RADIUS;

/** m/s at which a corner takes so many g. */
export const harshCornerSpeed = (g: number, degrees: number): number =>
  Math.sqrt((g * GRAVITY) / bend(degrees));

/** A corner taken at `speed` at t; undefined where that was slow enough after all. */
export function cornerG(speed: number, degrees: number, t: number): Deed | undefined {
  const value = (speed * speed * bend(degrees)) / GRAVITY;
  if (value < CORNER_HARSH_G) return undefined;
  return { kind: 'harsh_cornering', from: t, until: t + (2 * CORNER_RADIUS) / speed, value };
}

/** Shorter than this is no speeding, seconds (eDriving). */
const SPEEDING_SECONDS = 60;

/** Pieces of speeding that follow one another are one; those too short are none. */
export function lastingDeeds(deeds: readonly Deed[]): Deed[] {
  const joined: Deed[] = [];
  for (const deed of deeds) {
    const before = joined.at(-1);
    if (deed.kind === 'speeding' && before?.kind === 'speeding' && deed.from - before.until < 5)
      joined[joined.length - 1] = {
        ...before,
        until: deed.until,
        value: Math.max(before.value, deed.value),
      };
    else joined.push(deed);
  }
  return joined.filter(({ kind, from, until }) => kind !== 'speeding' || until - from >= SPEEDING_SECONDS);
}
