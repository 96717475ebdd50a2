import type { Position } from '../../schemas/position.ts';
import type { Random } from '../../schemas/random.ts';
import { radiansFromDegrees } from '../../schemas/units.ts';
import type { City } from './city.ts';
import { pointOn, roadClasses } from './graph.ts';
import type { Place } from './paths.ts';

/** Where a parcel goes: the house, and where on its street a van stands for it. */
export type Address = { readonly place: Place; readonly position: Position };

/** Streets with houses along them. */
const TERTIARY = roadClasses.indexOf('tertiary');
/** Metres between two stops of one street, and from a stop to the corner. */
const SPACING = 16;
/** Another stop in the same street, once there is one. */
const NEIGHBOUR = 0.38;

export type AddressesInput = {
  readonly city: City;
  readonly count: number;
  readonly streets: readonly number[];
  /** Whether a house may stand here: not where an area's border is within the noise. */
  readonly isClear: (position: Position) => boolean;
  readonly chance: Random;
};

/** One direction of every street with houses, nearest to `centre` first. */
export function housedStreets(city: City, centre: Position): number[] {
  const { graph, frame } = city;
  const far = new Float64Array(graph.edgeCount);
  const streets: number[] = [];
  for (let edge = 0; edge < graph.edgeCount; edge++) {
    const isHoused = graph.roadClass[edge]! >= TERTIARY && graph.length[edge]! > 2 * SPACING;
    if (!isHoused || (graph.twin[edge]! >= 0 && graph.twin[edge]! < edge)) continue;
    const node = graph.from[edge]!;
    far[edge] = Math.hypot(
      frame.x(graph.lng[node]!) - frame.x(centre.lng),
      frame.y(graph.lat[node]!) - frame.y(centre.lat),
    );
    streets.push(edge);
  }
  return streets.sort((a, b) => far[a]! - far[b]! || a - b);
}

/** Distinct addresses, in clusters of neighbours; fewer than asked for when the streets are full. */
export function addressesAlong({ city, count, streets, isClear, chance }: AddressesInput): Address[] {
  const { graph } = city;
  const taken = new Map<number, number[]>();
  const addresses: Address[] = [];
  const tryAt = (edge: number, offset: number): boolean => {
    const others = taken.get(edge) ?? [];
    if (offset < 20 || offset > graph.length[edge]! - 20) return false;
    if (others.some((other) => Math.abs(other - offset) < SPACING)) return false;
    const position = house(city, edge, offset, chance);
    if (!isClear(position)) return false;
    addresses.push({ place: { edge, offset }, position });
    taken.set(edge, [...others, offset]);
    return true;
  };
  const isChosen = openDensity(city, chance.fork('density'));
  for (let tries = 0; addresses.length < count && tries < count * 60; tries++) {
    const edge = chance.pick(streets);
    if (!isChosen(edge)) continue;
    let offset = chance.between(0, graph.length[edge]!);
    while (tryAt(edge, offset) && addresses.length < count && chance.chance(NEIGHBOUR)) {
      offset += SPACING + chance.lognormal(4.33, 0.86);
    }
  }
  return addresses;
}

/** Square neighbourhoods, metres, and the least share of a full one's parcels that one gets. */
const NEIGHBOURHOOD = 900;
const SPARSEST = 0.12;

/** Parcels are not spread evenly: some neighbourhoods order much, some little. */
function openDensity({ graph, frame }: City, chance: Random): (edge: number) => boolean {
  const shares = new Map<string, number>();
  return (edge) => {
    const node = graph.from[edge]!;
    const [column, row] = [frame.x(graph.lng[node]!), frame.y(graph.lat[node]!)].map((metres) =>
      Math.floor(metres / NEIGHBOURHOOD),
    );
    const key = `${column} ${row}`;
    const share = shares.get(key) ?? SPARSEST ** chance.fork(key).next();
    shares.set(key, share);
    return chance.chance(share);
  };
}

/** A house stands 12–32 m from the middle of its street, on either side. */
function house({ graph, frame }: City, edge: number, offset: number, chance: Random): Position {
  const { lng, lat, heading } = pointOn(graph, edge, offset);
  const side = radiansFromDegrees(heading + (chance.chance(0.5) ? 90 : -90));
  const setback = chance.between(19, 38);
  const place = frame.position(
    frame.x(lng) + setback * Math.sin(side),
    frame.y(lat) + setback * Math.cos(side),
  );
  return { lng: Math.round(place.lng * 1e6) / 1e6, lat: Math.round(place.lat * 1e6) / 1e6 };
}
