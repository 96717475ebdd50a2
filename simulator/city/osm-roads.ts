import { mpsFromKmh } from '../../schemas/units.ts';
import { type Nodes, type Road, type RoadClass, roadClasses } from './graph.ts';
import { eachNode, type OsmWay, osmBlocks, waysIn } from './osm-pbf.ts';

/** km/h where no sign says otherwise. */
const usualKmh: Readonly<Record<RoadClass, number>> = {
  motorway: 105,
  motorway_link: 60,
  trunk: 80,
  primary: 60,
  secondary: 55,
  tertiary: 50,
  residential: 40,
  service: 20,
};
const KMH_PER_MPH = 1.609344;
const barred = new Set(['no', 'private', 'agricultural', 'forestry']);
const notStreets = new Set(['driveway', 'parking_aisle', 'drive-through', 'emergency_access']);

/**
 * The streets of an .osm.pbf extract that a van may drive
 * (https://wiki.openstreetmap.org/wiki/Key:highway), cut at their junctions. The file is read twice:
 * for the ways first, and then for the nodes that they use, so that an extract may be large.
 */
export function osmRoads(path: string): { readonly nodes: Nodes; readonly roads: readonly Road[] } {
  const ways: { readonly way: OsmWay; readonly roadClass: RoadClass }[] = [];
  /** Of nodes on streets: how many streets meet there; ends count twice. */
  const uses = new Map<number, number>();
  for (const block of osmBlocks(path)) {
    for (const way of waysIn(block)) {
      const roadClass = streetClass(way);
      if (roadClass === undefined || way.refs.length < 2) continue;
      ways.push({ way, roadClass });
      const last = way.refs.length - 1;
      for (const [i, ref] of way.refs.entries()) {
        uses.set(ref, (uses.get(ref) ?? 0) + (i === 0 || i === last ? 2 : 1));
      }
    }
  }
  const places = new Map<number, readonly [lng: number, lat: number]>();
  for (const block of osmBlocks(path)) {
    eachNode(block, (id, lng, lat) => {
      if (uses.has(id)) places.set(id, [lng, lat]);
    });
  }
  const nodes = { lng: [] as number[], lat: [] as number[] };
  const indexes = new Map<number, number>();
  const indexOf = (id: number): number => {
    const known = indexes.get(id);
    if (known !== undefined) return known;
    const [lng, lat] = places.get(id)!;
    nodes.lat.push(lat);
    const index = nodes.lng.push(lng) - 1;
    indexes.set(id, index);
    return index;
  };
  const roads: Road[] = [];
  for (const { way, roadClass } of ways) {
    const speed = Math.max(1, mpsFromKmh(speedKmh(way.tags.get('maxspeed')) ?? usualKmh[roadClass]));
    const direction = directionOf(way, roadClass);
    // At the edge of an extract, nodes may be missing.
    for (const refs of piecesOf(
      way.refs.filter((ref) => places.has(ref)),
      uses,
    )) {
      const shape = refs.flatMap((ref) => places.get(ref)!);
      const [from, to] = [indexOf(refs[0]!), indexOf(refs.at(-1)!)];
      if (direction !== 'backward') roads.push({ from, to, roadClass, speed, shape });
      if (direction !== 'forward') {
        const back = refs.toReversed().flatMap((ref) => places.get(ref)!);
        roads.push({ from: to, to: from, roadClass, speed, shape: back });
      }
    }
  }
  return { nodes, roads };
}

/** From junction to junction. */
function piecesOf(refs: readonly number[], uses: ReadonlyMap<number, number>): number[][] {
  const pieces: number[][] = [];
  let piece: number[] = [];
  for (const ref of refs) {
    piece.push(ref);
    if (piece.length > 1 && (uses.get(ref) ?? 0) > 1) {
      pieces.push(piece);
      piece = [ref];
    }
  }
  if (piece.length > 1) pieces.push(piece);
  return pieces;
}

function streetClass({ tags }: OsmWay): RoadClass | undefined {
  const highway = tags.get('highway');
  if (highway === undefined || tags.get('area') === 'yes') return undefined;
  if (barred.has(tags.get('motor_vehicle') ?? tags.get('access') ?? '')) return undefined;
  if (notStreets.has(tags.get('service') ?? '')) return undefined;
  const known = roadClasses.find((roadClass) => roadClass === highway);
  if (known !== undefined) return known;
  if (highway === 'unclassified' || highway === 'living_street') return 'residential';
  const main = highway.endsWith('_link') ? highway.slice(0, -'_link'.length) : undefined;
  return roadClasses.find((roadClass) => roadClass === main);
}

function directionOf({ tags }: OsmWay, roadClass: RoadClass): 'forward' | 'backward' | 'both' {
  const said = tags.get('oneway');
  if (said === '-1' || said === 'reverse') return 'backward';
  if (said === 'yes' || said === 'true' || said === '1') return 'forward';
  const isOneWay = tags.get('junction') === 'roundabout' || roadClass === 'motorway';
  return isOneWay && said !== 'no' ? 'forward' : 'both';
}

/** “50”, “30 mph”; undefined for words. */
export function speedKmh(sign: string | undefined): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*(mph|km\/h|kmh|)/.exec(sign ?? '') ?? [];
  if (amount === undefined) return undefined;
  return Number(amount) * (unit === 'mph' ? KMH_PER_MPH : 1);
}
