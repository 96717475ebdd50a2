import { random } from '../../schemas/random.ts';
import type { City } from '../city/city.ts';
import { pointOn } from '../city/graph.ts';
import { kerbMetres, kerbOf } from '../city/kerbs.ts';
import { openRouter, type Place } from '../city/paths.ts';
import { dayPlan } from '../plan.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { drive, traffic, usualStyle } from './motion.ts';
import type { Travel, Way } from './travel.ts';

/** What ways of about one length take, learned from so many drives along the streets. */
type Span = {
  /** Metres as streets in two directions would have them. */
  readonly apart: number;
  readonly metres: number;
  /** Seconds on average, without chance and with it; and σ of their logarithm. */
  readonly planned: number;
  readonly seconds: number;
  readonly sigma: number;
  /** Exponent on how much slower a driver is, and share by which full traffic makes it longer. */
  readonly slowness: number;
  readonly rush: number;
};

type Point = ReturnType<typeof pointOn>;

const NIGHT = 3;
const RUSH = 17;
const SLOWER = 0.7;
/** Routes whose ways are looked at, how many ways make one span, and luck of how many days each is driven with. */
const ROUTES = 6;
const EACH = 24;
const DAYS = ['a', 'b', 'c'];
/** Not only to the next stop: to one so many stops on, for ways that no plan has. */
const FURTHER = [1, 1, 1, 1, 2, 3, 6, 12, 30, 60];
/** A closed street makes a way through it so much longer. */
const ROUND = 1.4;

/**
 * Ways as straight lines that take what such ways take: distance, seconds, their spread, and what
 * traffic and a driver's speed do to them, learned from drives along the streets of the same city.
 * For who needs thousands of days and no positions: a leg costs microseconds. What it does not know:
 * rivers, one-way streets and lights of the very way, and jams and closures other than at its ends.
 */
export function learnedTravel(city: City, scenario: Scenario): Travel {
  const spans = learn(city, scenario);
  return (way) => {
    const { from, to } = way;
    const apart = kerbMetres(kerbOf(city, from), kerbOf(city, to));
    const { metres, seconds } = expected(spans, apart, way);
    const [a, b] = [from, to].map(({ edge, offset }) => pointOn(city.graph, edge, offset)) as [Point, Point];
    const line = { lng: [a.lng, b.lng], lat: [a.lat, b.lat], d: [0, metres] };
    const placeAt = (driven: number): Place => (driven * 2 < metres ? from : to);
    return {
      // Speeds up for the first half and slows down for the second.
      motion: { t: [0, seconds / 2, seconds], s: [0, metres / 2, metres], v: [0, (2 * metres) / seconds, 0] },
      line: () => line,
      metres,
      to,
      placeAt,
      corner: metres > 260 ? from : undefined,
    };
  };
}

function expected(spans: readonly Span[], apart: number, way: Way) {
  const { style, hour, chance, share, closed, from, to } = way;
  let i = 1;
  while (i < spans.length - 1 && spans[i]!.apart < apart) i++;
  const [low, high] = [spans[i - 1]!, spans[i]!];
  const part = Math.max(0, (apart - low.apart) / Math.max(1, high.apart - low.apart));
  const between = (pick: (span: Span) => number) => pick(low) + (pick(high) - pick(low)) * Math.min(part, 1);
  // Beyond the longest, as the longest goes on.
  const beyond = part > 1 ? apart / high.apart : 1;
  const slower = (usualStyle.speedFactor / style.speedFactor) ** between(({ slowness }) => slowness);
  const load = 1 - traffic(hour, 'primary');
  const jam = share === undefined ? 1 : 2 / (share(from.edge) + share(to.edge));
  const detour = closed?.has(to.edge) || closed?.has(from.edge) ? ROUND : 1;
  const sigma = between((span) => span.sigma);
  const usual =
    chance === undefined
      ? between(({ planned }) => planned)
      : between(({ seconds }) => seconds) * Math.exp(sigma * chance.normal() - sigma ** 2 / 2);
  const seconds = usual * beyond * slower * (1 + load * between(({ rush }) => rush)) * jam * detour;
  return {
    metres: Math.max(1, between(({ metres }) => metres) * beyond * detour),
    seconds: Math.max(4, seconds),
  };
}

function learn(city: City, scenario: Scenario): Span[] {
  const { graph } = city;
  const router = openRouter(graph);
  const chance = random('ways to learn from');
  const drives = waysToLearn(city, scenario).map(([from, to, isStop], i) => {
    const path = router(from, to);
    const seconds = (hour: number, speedFactor: number, luck?: string) => {
      const lucky = luck === undefined ? {} : { chance: chance.fork(`${i} ${luck}`) };
      const style = { ...usualStyle, speedFactor };
      return drive({ graph, path, style, hour, isStop, ...lucky }).t.at(-1)!;
    };
    const usual = usualStyle.speedFactor;
    const planned = seconds(NIGHT, usual);
    return {
      apart: kerbMetres(kerbOf(city, from), kerbOf(city, to)),
      metres: path.metres,
      planned,
      lucky: DAYS.map((luck) => seconds(NIGHT, usual, luck)),
      rush: (seconds(RUSH, usual) / planned - 1) / (1 - traffic(RUSH, 'primary')),
      slowness: Math.log(seconds(NIGHT, usual * SLOWER) / planned) / -Math.log(SLOWER),
    };
  });
  drives.sort((a, b) => a.apart - b.apart);
  const spans: Span[] = [];
  for (let i = 0; i + EACH <= drives.length; i += EACH) {
    const some = drives.slice(i, i + EACH);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const seconds = mean(some.flatMap(({ lucky }) => lucky));
    const spread = some.flatMap(({ lucky }) => lucky.map((one) => (one / seconds - 1) ** 2));
    spans.push({
      apart: mean(some.map(({ apart }) => apart)),
      metres: mean(some.map(({ metres }) => metres)),
      planned: mean(some.map(({ planned }) => planned)),
      seconds,
      // Of a lognormal from its mean and variance.
      sigma: Math.sqrt(Math.log(1 + mean(spread))),
      slowness: mean(some.map(({ slowness }) => slowness)),
      rush: mean(some.map(({ rush }) => rush)),
    });
  }
  return spans;
}

/** Ways of vans of this scenario: from stop to stop, and between them and the stations. */
function waysToLearn(city: City, scenario: Scenario): (readonly [from: Place, to: Place, isStop: boolean])[] {
  const vans = Math.min(ROUTES, scenario.vans);
  const { routes, depots } = dayPlan({ ...scenario, vans, seed: 'ways to learn from' }, city, 0);
  return routes.flatMap(({ stops, depotIndex }) => {
    const { gate } = depots[depotIndex]!;
    const between = stops.flatMap(({ place }, i) => {
      const next = stops[i + FURTHER[i % FURTHER.length]!];
      return next === undefined ? [] : [[place, next.place, true] as const];
    });
    const out = stops.filter((_, i) => i % 16 === 0).map(({ place }) => [gate, place, true] as const);
    const home = stops.filter((_, i) => i % 16 === 8).map(({ place }) => [place, gate, false] as const);
    return [...between, ...out, ...home];
  });
}
