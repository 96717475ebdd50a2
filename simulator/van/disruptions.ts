import Type, { type Static } from 'typebox';
import type { Position } from '../../schemas/position.ts';
import { random } from '../../schemas/random.ts';
import type { City } from '../city/city.ts';
import { type Graph, pointOn } from '../city/graph.ts';
import type { DayPlan } from '../plan.ts';

const minutes = (description: string, maximum = 1440) => Type.Number({ minimum: 0, maximum, description });
const kilometres = (description: string) => Type.Number({ minimum: -100, maximum: 100, description });
const span = {
  after: minutes('minutes since the shift began'),
  lasts: minutes('minutes'),
};
const area = {
  east: kilometres('of the middle of the city'),
  north: kilometres('of the middle of the city'),
  radius: Type.Number({ minimum: 10, maximum: 50_000, description: 'metres' }),
};
/** Which vans: those of these names, or each with this probability. */
const who = {
  vans: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
  share: Type.Optional(
    Type.Number({ minimum: 0, maximum: 1, description: 'of the vans, instead of their names' }),
  ),
};
const disruption = <Kind extends string, Fields extends Type.TProperties>(
  kind: Kind,
  description: string,
  fields: Fields,
) => Type.Object({ kind: Type.Literal(kind), ...fields }, { additionalProperties: false, description });

/** What goes wrong on a day, as a scenario says it. None of it is in the plan. */
export const Disruption = Type.Union([
  disruption('jam', 'streets of an area are slow for a while', {
    ...span,
    ...area,
    speed: Type.Number({ minimum: 0.05, maximum: 1, description: 'share of the usual speed' }),
  }),
  disruption('closed-road', 'streets of an area are driven only by who has a stop there', {
    ...span,
    ...area,
  }),
  disruption('breakdown', 'a van stands until it is repaired', { ...span, ...who }),
  disruption('van-swap', 'a van stands until another one takes over parcels, driver and device', {
    ...span,
    ...who,
  }),
  disruption('driver-call-out', 'a driver does not come; another one does, later', {
    lasts: minutes('minutes until the other one leaves'),
    ...who,
  }),
  disruption('load-out-delay', 'the vans of a station leave late', {
    station: Type.Integer({ minimum: 1, description: 'number of the station' }),
    lasts: minutes('minutes'),
  }),
  disruption('heavy-route', 'every stop of a van takes longer', {
    factor: Type.Number({ minimum: 1, maximum: 5, description: 'on the seconds at a stop' }),
    ...who,
  }),
  disruption('added-stops', 'a van is given stops that the plan does not know', {
    after: span.after,
    count: Type.Integer({ minimum: 1, maximum: 50 }),
    ...who,
  }),
]);
export type Disruption = Static<typeof Disruption>;

/** A disruption as it really was; `vehicle` where it met one van. Instants. */
export type TrueDisruption = {
  readonly kind: Disruption['kind'];
  readonly vehicle?: string | undefined;
  readonly from: number;
  readonly until: number;
};

/** What of a day's disruptions meets one van. */
export type VanTrouble = {
  /** Seconds by which it leaves late, and on how long it serves. */
  readonly late: number;
  readonly serviceFactor: number;
  /** In order of `from`. */
  readonly breakdowns: readonly {
    readonly kind: 'breakdown' | 'van-swap';
    readonly from: number;
    readonly seconds: number;
  }[];
  readonly added: readonly { readonly from: number; readonly count: number }[];
  /** Share of the usual speed on an edge at an instant. */
  readonly speed: (edge: number, at: number) => number;
  /** Edges that only residents may use at an instant; always the same set for the same closures. */
  readonly closed: (at: number) => ReadonlySet<number>;
  readonly kinds: readonly {
    readonly kind: Disruption['kind'];
    readonly from: number;
    readonly until: number;
  }[];
};

const NONE: ReadonlySet<number> = new Set();

type DayInput = {
  readonly seed: string;
  readonly disruptions: readonly Disruption[];
  readonly city: City;
  readonly plan: Pick<DayPlan, 'shiftStart' | 'routes'>;
};

/** Reads a scenario's disruptions once for a day; then tells each van its own. */
export function openDisruptions({
  seed,
  disruptions,
  city,
  plan,
}: DayInput): (routeIndex: number) => VanTrouble {
  const { shiftStart } = plan;
  const instant = (after: number): number => shiftStart + after * 60;
  const areas = disruptions.flatMap((entry) => {
    if (entry.kind !== 'jam' && entry.kind !== 'closed-road') return [];
    const centre = city.frame.position(entry.east * 1000, entry.north * 1000);
    const edges = edgesWithin(city, centre, entry.radius);
    const from = instant(entry.after);
    return [
      { edges, from, until: from + entry.lasts * 60, speed: entry.kind === 'jam' ? entry.speed : undefined },
    ];
  });
  const jams = areas.filter(({ speed }) => speed !== undefined);
  const closures = areas.filter(({ speed }) => speed === undefined);
  const unions = new Map<string, ReadonlySet<number>>();
  const closed = (at: number): ReadonlySet<number> => {
    const active = closures.filter(({ from, until }) => at >= from && at < until);
    if (active.length === 0) return NONE;
    const key = active.map((closure) => closures.indexOf(closure)).join(' ');
    const union = unions.get(key) ?? new Set(active.flatMap(({ edges }) => [...edges]));
    unions.set(key, union);
    return union;
  };
  const speed = (edge: number, at: number): number =>
    jams.reduce(
      (least, jam) =>
        at >= jam.from && at < jam.until && jam.edges.has(edge) ? Math.min(least, jam.speed!) : least,
      1,
    );
  return (routeIndex) => {
    const { vehicle, depotIndex, plannedDeparture, plannedReturn } = plan.routes[routeIndex]!;
    const mine = disruptions.filter((entry, i) =>
      meets(entry, `${seed}/disruption ${i}`, vehicle, depotIndex),
    );
    const of = <Kind extends Disruption['kind']>(kind: Kind) =>
      mine.filter((entry): entry is Extract<Disruption, { kind: Kind }> => entry.kind === kind);
    const delays = [...of('driver-call-out'), ...of('load-out-delay')];
    return {
      late: 60 * delays.reduce((most, { lasts }) => Math.max(most, lasts), 0),
      serviceFactor: of('heavy-route').reduce((product, { factor }) => product * factor, 1),
      breakdowns: [...of('breakdown'), ...of('van-swap')]
        .map(({ kind, after, lasts }) => ({ kind, from: instant(after), seconds: lasts * 60 }))
        .sort((a, b) => a.from - b.from),
      added: of('added-stops')
        .map(({ after, count }) => ({ from: instant(after), count }))
        .sort((a, b) => a.from - b.from),
      speed,
      closed,
      kinds: [
        ...delays.map(({ kind, lasts }) => ({
          kind,
          from: plannedDeparture,
          until: plannedDeparture + lasts * 60,
        })),
        ...of('heavy-route').map(({ kind }) => ({ kind, from: plannedDeparture, until: plannedReturn })),
      ],
    };
  };
}

function meets(entry: Disruption, label: string, vehicle: string, depotIndex: number): boolean {
  if (entry.kind === 'load-out-delay') return entry.station === depotIndex + 1;
  if (entry.kind === 'jam' || entry.kind === 'closed-road') return false;
  if (entry.vans !== undefined) return entry.vans.includes(vehicle);
  return random(`${label}/${vehicle}`).chance(entry.share ?? 0);
}

function edgesWithin({ graph, frame }: City, centre: Position, radius: number): ReadonlySet<number> {
  const [x, y] = [frame.x(centre.lng), frame.y(centre.lat)];
  const edges = new Set<number>();
  for (let edge = 0; edge < graph.edgeCount; edge++) {
    const { lng, lat } = middleOf(graph, edge);
    if (Math.hypot(frame.x(lng) - x, frame.y(lat) - y) <= radius) edges.add(edge);
  }
  return edges;
}

const middleOf = (graph: Graph, edge: number) => pointOn(graph, edge, graph.length[edge]! / 2);

/** The disruptions of places, which meet whoever comes by. */
export const placeDisruptions = (disruptions: readonly Disruption[], shiftStart: number): TrueDisruption[] =>
  disruptions.flatMap((entry) => {
    if (entry.kind !== 'jam' && entry.kind !== 'closed-road') return [];
    const from = shiftStart + entry.after * 60;
    return [{ kind: entry.kind, from, until: from + entry.lasts * 60 }];
  });
