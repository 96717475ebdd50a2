import Type, { type Static } from 'typebox';
import { hash32 } from '../../schemas/random.ts';
import { openStretches, type Stretch } from '../van/stretches.ts';

const minutes = (description: string) => Type.Number({ minimum: 0, maximum: 1440, description });

/** How a load changes while it runs; without an entry it is steady, which is a soak. */
export const ProfileEntry = Type.Union([
  Type.Object(
    {
      kind: Type.Literal('ramp'),
      lasts: minutes('until all vans are on the air, from the start of the shift'),
    },
    {
      additionalProperties: false,
      description: 'vans come one after another: those that roam or share days',
    },
  ),
  Type.Object(
    {
      kind: Type.Literal('spike'),
      after: minutes('since the shift began'),
      lasts: minutes('how long'),
      factor: Type.Number({ minimum: 1, maximum: 100, description: 'so many times as many fixes' }),
    },
    { additionalProperties: false, description: 'all vans report more often for a while' },
  ),
  Type.Object(
    {
      kind: Type.Literal('storm'),
      after: minutes('since the shift began'),
      lasts: minutes('how long'),
      share: Type.Number({ minimum: 0, maximum: 1, description: 'of the vans' }),
    },
    {
      additionalProperties: false,
      description: 'vans lose their network at once, keep what they measure, and come back at once',
    },
  ),
]);
export type ProfileEntry = Static<typeof ProfileEntry>;

/** What the profile of a load means for one van. */
export type VanProfile = {
  /** Seconds after the start of the shift at which it is on the air. */
  readonly joins: number;
  /** Seconds by which it is behind the day it drives; the rest is in the time of that day. */
  readonly behind: number;
  /** Stretches without a network. */
  readonly outages: readonly Stretch[];
  /** By how much it reports more often than usual. */
  readonly factorAt: (at: number) => number;
};

export const steady: VanProfile = { joins: 0, behind: 0, outages: [], factorAt: () => 1 };

export type ProfileInput = {
  readonly profile: readonly ProfileEntry[];
  readonly seed: string;
  readonly vehicle: string;
  /** Its place among the vans, 0–1: the order in which they come. */
  readonly place: number;
  readonly shiftStart: number;
};

export function profileOf({ profile, seed, vehicle, place, shiftStart }: ProfileInput): VanProfile {
  if (profile.length === 0) return steady;
  const stretchOf = ({ after, lasts }: { readonly after: number; readonly lasts: number }): Stretch => ({
    from: shiftStart + after * 60,
    until: shiftStart + (after + lasts) * 60,
  });
  let joins = 0;
  const outages: Stretch[] = [];
  const spikes: { readonly isIn: (at: number) => boolean; readonly factor: number }[] = [];
  for (const [i, entry] of profile.entries()) {
    if (entry.kind === 'ramp') joins = Math.max(joins, Math.round(place * entry.lasts * 60));
    else if (entry.kind === 'spike')
      spikes.push({ isIn: openStretches([stretchOf(entry)]), factor: entry.factor });
    else if (hash32(`${seed}/storm ${i}/${vehicle}`) / 2 ** 32 < entry.share) outages.push(stretchOf(entry));
  }
  const factorAt = (at: number): number =>
    spikes.reduce((most, { isIn, factor }) => (isIn(at) ? Math.max(most, factor) : most), 1);
  return { joins, behind: 0, outages, factorAt };
}

/** The same for a van that is so many seconds behind the day it drives. */
export const profileBehind = ({ outages, factorAt, ...profile }: VanProfile, behind: number): VanProfile => ({
  ...profile,
  behind,
  outages: outages.map(({ from, until }) => ({ from: from - behind, until: until - behind })),
  factorAt: (at) => factorAt(at + behind),
});
