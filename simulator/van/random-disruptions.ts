import Type, { type Static } from 'typebox';
import { type Random, random } from '../../schemas/random.ts';
import type { City } from '../city/city.ts';
import type { DayPlan } from '../plan.ts';
import type { Disruption } from './disruptions.ts';

const rate = (description: string) => Type.Number({ minimum: 0, maximum: 100, description });
const range = (minimum: number, maximum: number, description: string) =>
  Type.Optional(
    Type.Tuple([Type.Number({ minimum, maximum }), Type.Number({ minimum, maximum })], {
      description: `[least, most] ${description}; drawn evenly`,
    }),
  );
const perVanDay = rate('how often one van meets it in a day, on average');
const perStationDay = rate('how often one station has it in a day, on average');
const perDay = rate('how many there are in a day, on average');
const lasts = range(0, 1440, 'minutes');
const radius = range(10, 50_000, 'metres');
const open = { additionalProperties: false };

/** Disruptions that come by chance, by kind: how often, and how bad. What is not said is as `usual` has it. */
export const RandomDisruptions = Type.Partial(
  Type.Object({
    jam: Type.Object(
      { perDay, lasts, radius, speed: range(0.05, 1, 'share of the usual speed') },
      { ...open, description: 'round a stop of the plan' },
    ),
    'closed-road': Type.Object(
      { perDay, lasts, radius },
      { ...open, description: 'round a stop of the plan' },
    ),
    breakdown: Type.Object({ perVanDay, lasts }, open),
    'van-swap': Type.Object({ perVanDay, lasts }, open),
    'driver-call-out': Type.Object({ perVanDay, lasts }, open),
    'load-out-delay': Type.Object({ perStationDay, lasts }, open),
    'heavy-route': Type.Object({ perVanDay, factor: range(1, 5, 'times the usual seconds at a stop') }, open),
    'added-stops': Type.Object({ perVanDay, count: range(1, 50, 'stops') }, open),
  }),
  open,
);
export type RandomDisruptions = Static<typeof RandomDisruptions>;

/** No recording tells these: chosen so that a dispatcher would call the day an ordinary bad one. */
const usual = {
  jam: { lasts: [30, 120], radius: [400, 1500], speed: [0.25, 0.6] },
  'closed-road': { lasts: [60, 480], radius: [40, 200] },
  breakdown: { lasts: [20, 90] },
  'van-swap': { lasts: [40, 100] },
  'driver-call-out': { lasts: [45, 120] },
  'load-out-delay': { lasts: [15, 90] },
  'heavy-route': { factor: [1.15, 1.5] },
  'added-stops': { count: [1, 6] },
} as const;

/** They begin this long after the shift, minutes: not before the first vans are out, nor after most are back. */
const AFTER = [30, 480] as const;

type Input = {
  readonly seed: string;
  readonly random: RandomDisruptions;
  readonly city: City;
  readonly plan: Pick<DayPlan, 'routes'> & { readonly depots: readonly unknown[] };
};

/** What happens by chance on one day, as entries like those a scenario names itself. */
export function randomDisruptions(input: Input): Disruption[] {
  const { seed, random: rates, plan } = input;
  const { 'load-out-delay': delay } = rates;
  const drawn = ofPlaces(input);
  const each = eachBy(seed);
  if (delay !== undefined) {
    const span = delay.lasts ?? usual['load-out-delay'].lasts;
    for (const depot of plan.depots.keys()) {
      each('load-out-delay', delay.perStationDay, String(depot), (chance) =>
        drawn.push({ kind: 'load-out-delay', station: depot + 1, lasts: minute(span, chance) }),
      );
    }
  }
  if (Object.keys(rates).length === 0) return drawn;
  return [...drawn, ...plan.routes.flatMap(({ vehicle }) => ofVan(input, vehicle))];
}

type Kind = keyof RandomDisruptions;
type Span = readonly [number, number];

const eachBy =
  (seed: string) =>
  (kind: Kind, mean: number, whose: string, add: (chance: Random) => void): void => {
    const chance = random(`${seed}/random ${kind}/${whose}`);
    for (let left = countOf(mean, chance); left > 0; left--) add(chance);
  };

const minute = ([least, most]: Span, chance: Random): number => Math.round(chance.between(least, most));
const when = (chance: Random, span: Span) => ({ after: minute(AFTER, chance), lasts: minute(span, chance) });

function ofPlaces({ seed, random: rates, city, plan }: Input): Disruption[] {
  const { jam, 'closed-road': closed } = rates;
  const drawn: Disruption[] = [];
  const each = eachBy(seed);
  const around = (chance: Random, span: Span) => {
    const { lng, lat } = chance.pick(chance.pick(plan.routes).stops).position;
    const [east, north] = [city.frame.x(lng) / 1000, city.frame.y(lat) / 1000];
    return { east, north, radius: minute(span, chance) };
  };
  if (jam !== undefined) {
    const by = { ...usual.jam, ...jam };
    each('jam', jam.perDay, 'city', (chance) => {
      const place = { ...when(chance, by.lasts), ...around(chance, by.radius) };
      const [slowest, fastest] = by.speed ?? usual.jam.speed;
      drawn.push({ kind: 'jam', ...place, speed: chance.between(slowest, fastest) });
    });
  }
  if (closed !== undefined) {
    const by = { ...usual['closed-road'], ...closed };
    each('closed-road', closed.perDay, 'city', (chance) =>
      drawn.push({ kind: 'closed-road', ...when(chance, by.lasts), ...around(chance, by.radius) }),
    );
  }
  return drawn;
}

function ofVan({ seed, random: rates }: Input, vehicle: string): Disruption[] {
  const drawn: Disruption[] = [];
  const each = eachBy(seed);
  const vans = [vehicle];
  for (const kind of ['breakdown', 'van-swap'] as const) {
    const entry = rates[kind];
    if (entry === undefined) continue;
    const span = entry.lasts ?? usual[kind].lasts;
    each(kind, entry.perVanDay, vehicle, (chance) => drawn.push({ kind, vans, ...when(chance, span) }));
  }
  const { 'driver-call-out': callOut, 'heavy-route': heavy, 'added-stops': added } = rates;
  if (callOut !== undefined) {
    const span = callOut.lasts ?? usual['driver-call-out'].lasts;
    each('driver-call-out', callOut.perVanDay, vehicle, (chance) =>
      drawn.push({ kind: 'driver-call-out', vans, lasts: minute(span, chance) }),
    );
  }
  if (heavy !== undefined) {
    const span: Span = heavy.factor ?? usual['heavy-route'].factor;
    each('heavy-route', heavy.perVanDay, vehicle, (chance) =>
      drawn.push({ kind: 'heavy-route', vans, factor: chance.between(...span) }),
    );
  }
  if (added !== undefined) {
    const span = added.count ?? usual['added-stops'].count;
    each('added-stops', added.perVanDay, vehicle, (chance) =>
      drawn.push({ kind: 'added-stops', vans, after: minute(AFTER, chance), count: minute(span, chance) }),
    );
  }
  return drawn;
}

/** Poisson (Knuth: products of uniforms, https://en.wikipedia.org/wiki/Poisson_distribution). */
function countOf(mean: number, chance: Random): number {
  const least = Math.exp(-mean);
  let count = 0;
  for (let product = chance.next(); product > least; product *= chance.next()) count++;
  return count;
}

/** All that happens on a day: what the scenario names, and what comes by chance. */
export const disruptionsOf = (
  {
    seed,
    disruptions,
    random: rates,
  }: Omit<Input, 'city' | 'plan'> & { readonly disruptions: readonly Disruption[] },
  city: City,
  plan: Input['plan'],
): Disruption[] => [...disruptions, ...randomDisruptions({ seed, random: rates, city, plan })];
