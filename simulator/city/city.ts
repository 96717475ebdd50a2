import { type Frame, frame, type Position } from '../../schemas/position.ts';
import { type Random, random } from '../../schemas/random.ts';
import { mpsFromKmh } from '../../schemas/units.ts';
import { type Graph, graphOf, type Road, type RoadClass } from './graph.ts';

/** A closed ring, [lng, lat] each, the first point repeated at the end. */
export type Ring = readonly (readonly [number, number])[];

export type City = {
  readonly name: string;
  readonly frame: Frame;
  readonly graph: Graph;
  readonly water: readonly Ring[];
  readonly parks: readonly Ring[];
  /** Where stations stand when the city has places for them: out of town, beside a main road. */
  readonly estates: readonly Position[];
  /** Neighbourhoods that tile the city; their borders run through blocks, not along streets. */
  readonly districts: readonly { readonly name: string; readonly ring: Ring }[];
};

/** What an empty road lets a van drive. */
export const freeSpeeds: Readonly<Record<RoadClass, number>> = {
  motorway: mpsFromKmh(95),
  motorway_link: mpsFromKmh(60),
  trunk: mpsFromKmh(80),
  primary: mpsFromKmh(60),
  secondary: mpsFromKmh(55),
  tertiary: mpsFromKmh(48),
  residential: mpsFromKmh(53),
  service: mpsFromKmh(15),
};

/** Blocks as in many American cities: long from east to west, short from north to south; metres. */
const BLOCK_EAST = 215;
const BLOCK_NORTH = 108;
const COLUMNS = 62;
const ROWS = 124;

/** How often a street that could be left out is: residential pieces only. */
const MISSING_STREETS = 0.16;

type Plane = (i: number, j: number) => readonly [x: number, y: number];

/**
 * A city that exists nowhere, always the same for a seed: a warped grid whose every fifth street is
 * a collector and every tenth an arterial, a motorway ring with ramps at the arterials, one-way
 * streets downtown, a river that only some arterials cross, parks without streets.
 */
export function generateCity(seed: string, origin: Position): City {
  const chance = random(`${seed}/city`);
  const plane = frame(origin);
  const warp = warpOf(chance.fork('warp'));
  const river = riverOf(chance.fork('river'));
  const parks = parksOf(chance.fork('parks'), warp);
  const nodes = { lng: [] as number[], lat: [] as number[] };
  const addNode = (x: number, y: number): number => {
    const { lng, lat } = plane.position(x, y);
    nodes.lat.push(lat);
    return nodes.lng.push(lng) - 1;
  };
  for (let j = 0; j < ROWS; j++) for (let i = 0; i < COLUMNS; i++) addNode(...warp(i, j));
  const shape = (points: readonly (readonly [number, number])[]): number[] =>
    points.flatMap(([x, y]) => {
      const { lng, lat } = plane.position(x, y);
      return [lng, lat];
    });
  const ringRoad = motorway({ warp, addNode, shape });
  const outskirts = outskirtsOf({ addNode, shape, exits: ringRoad.exits });
  const roads: Road[] = [
    ...streets({ chance: chance.fork('streets'), warp, river, parks, shape }),
    ...ringRoad.roads,
    ...outskirts.roads,
  ];
  const ring = (points: readonly (readonly [number, number])[]): Ring =>
    [...points, points[0]!].map(([x, y]) => {
      const { lng, lat } = plane.position(x, y);
      return [round(lng), round(lat)] as const;
    });
  return {
    name: 'generated',
    frame: plane,
    graph: graphOf(nodes, roads),
    water: [ring(riverBank(river))],
    parks: parks.map((park) => ring(circle(park, 24))),
    estates: outskirts.estates.map(([x, y]) => plane.position(x, y)),
    districts: districtsOf(warp).map(({ name, points }) => ({ name, ring: ring(points) })),
  };
}

const round = (degrees: number): number => Math.round(degrees * 1e6) / 1e6;

/** Grid coordinates to metres: the grid bent by a few long waves, so that no street is quite straight. */
function warpOf(chance: Random): Plane {
  const waves = Array.from({ length: 5 }, () => ({
    kx: (chance.between(0.4, 1.6) * 2 * Math.PI) / (COLUMNS * BLOCK_EAST),
    ky: (chance.between(0.4, 1.6) * 2 * Math.PI) / (ROWS * BLOCK_NORTH),
    phase: chance.between(0, 2 * Math.PI),
    x: chance.between(-150, 150),
    y: chance.between(-150, 150),
  }));
  return (i, j) => {
    const x = (i - (COLUMNS - 1) / 2) * BLOCK_EAST;
    const y = (j - (ROWS - 1) / 2) * BLOCK_NORTH;
    let dx = 0;
    let dy = 0;
    for (const wave of waves) {
      const bend = Math.sin(wave.kx * x + wave.ky * y + wave.phase);
      dx += wave.x * bend;
      dy += wave.y * bend;
    }
    return [x + dx, y + dy];
  };
}

/** The river's middle as a function of x: it runs from west to east. */
type River = { readonly middle: (x: number) => number; readonly width: number };

function riverOf(chance: Random): River {
  const [a, b] = [chance.between(0, 6.28), chance.between(0, 6.28)];
  const offset = chance.between(-1500, 1500);
  return {
    middle: (x) => offset + 700 * Math.sin(x / 2600 + a) + 250 * Math.sin(x / 900 + b),
    width: 130,
  };
}

function riverBank({ middle, width }: River): [number, number][] {
  const reach = (COLUMNS * BLOCK_EAST) / 2 + 1500;
  const xs = Array.from({ length: 121 }, (_, i) => -reach + (2 * reach * i) / 120);
  return [
    ...xs.map((x): [number, number] => [x, middle(x) - width / 2]),
    ...xs.reverse().map((x): [number, number] => [x, middle(x) + width / 2]),
  ];
}

type Disc = { readonly x: number; readonly y: number; readonly radius: number };

function parksOf(chance: Random, warp: Plane): Disc[] {
  return Array.from({ length: 9 }, () => {
    const [x, y] = warp(chance.between(5, COLUMNS - 5), chance.between(8, ROWS - 8));
    return { x, y, radius: chance.between(160, 420) };
  });
}

const circle = ({ x, y, radius }: Disc, count: number): [number, number][] =>
  Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / count;
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
  });

type StreetsInput = {
  readonly chance: Random;
  readonly warp: Plane;
  readonly river: River;
  readonly parks: readonly Disc[];
  readonly shape: (points: readonly (readonly [number, number])[]) => number[];
};

function streets({ chance, warp, river, parks, shape }: StreetsInput): Road[] {
  const roads: Road[] = [];
  const node = (i: number, j: number) => j * COLUMNS + i;
  const add = (a: readonly [number, number], b: readonly [number, number], line: number, east: boolean) => {
    const roadClass = classOf(line, east);
    const middle = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] as const;
    const points = [warp(...a), warp(...middle), warp(...b)];
    const isMissing = chance.chance(MISSING_STREETS);
    const isArterial = roadClass === 'primary';
    if (!isArterial && points.some(([x, y]) => inPark(x, y, parks))) return;
    if (!isArterial && crosses(points, river)) return;
    if (roadClass === 'residential' && isMissing) return;
    const oneWay = roadClass === 'residential' && isDowntown(...middle) ? (line % 2 === 0 ? 1 : -1) : 0;
    const speed = freeSpeeds[roadClass];
    const [from, to] = [node(...a), node(...b)];
    if (oneWay >= 0) roads.push({ from, to, roadClass, speed, shape: shape(points) });
    if (oneWay <= 0)
      roads.push({ from: to, to: from, roadClass, speed, shape: shape(points.slice().reverse()) });
  };
  for (let j = 0; j < ROWS; j++) {
    for (let i = 0; i < COLUMNS; i++) {
      if (i + 1 < COLUMNS) add([i, j], [i + 1, j], j, true);
      if (j + 1 < ROWS) add([i, j], [i, j + 1], i, false);
    }
  }
  return roads;
}

function classOf(line: number, east: boolean): RoadClass {
  const [arterial, collector] = east ? [20, 10] : [10, 5];
  if (line % arterial === arterial / 2) return 'primary';
  if (line % collector === 0) return line % arterial === 0 ? 'secondary' : 'tertiary';
  return 'residential';
}

const isDowntown = (i: number, j: number): boolean =>
  Math.abs(i - COLUMNS / 2) < 7 && Math.abs(j - ROWS / 2) < 13;

const inPark = (x: number, y: number, parks: readonly Disc[]): boolean =>
  parks.some((park) => Math.hypot(x - park.x, y - park.y) < park.radius);

const crosses = (points: readonly (readonly [number, number])[], { middle, width }: River): boolean => {
  const sides = points.map(([x, y]) => y - middle(x));
  return sides.some((side) => Math.abs(side) < width / 2) || sides.some((side) => side * sides[0]! < 0);
};

type MotorwayInput = {
  readonly warp: Plane;
  readonly addNode: (x: number, y: number) => number;
  readonly shape: StreetsInput['shape'];
};

/** Two one-way carriageways round the city, half way out, joined to every arterial they meet. */
function motorway({ warp, addNode, shape }: MotorwayInput): { roads: Road[]; exits: Exit[] } {
  const roads: Road[] = [];
  const [radiusI, radiusJ] = [COLUMNS * 0.36, ROWS * 0.36];
  const exits = Array.from({ length: 16 }, (_, k) => {
    const angle = (2 * Math.PI * k) / 16 + 0.1;
    const i = COLUMNS / 2 + radiusI * Math.cos(angle);
    const j = ROWS / 2 + radiusJ * Math.sin(angle);
    return { angle, i, j };
  });
  const ringPoint = (angle: number, side: number): readonly [number, number] => {
    const [x, y] = warp(
      COLUMNS / 2 + radiusI * Math.cos(angle) + 0.5,
      ROWS / 2 + radiusJ * Math.sin(angle) + 0.5,
    );
    return [x + side * Math.cos(angle), y + side * Math.sin(angle)];
  };
  const nodes: number[][] = exits.map(() => []);
  for (const side of [-14, 14]) {
    const ring = exits.map(({ angle }) => addNode(...ringPoint(angle, side)));
    for (const [k, exit] of exits.entries()) {
      nodes[k]!.push(ring[k]!);
      const next = (k + 1) % exits.length;
      const arc = Array.from({ length: 7 }, (_, step) =>
        ringPoint(exit.angle + (2 * Math.PI * step) / 16 / 6, side),
      );
      const isClockwise = side < 0;
      roads.push({
        from: ring[isClockwise ? next : k]!,
        to: ring[isClockwise ? k : next]!,
        roadClass: 'motorway',
        speed: freeSpeeds.motorway,
        shape: shape(isClockwise ? arc.reverse() : arc),
      });
      const [i, j] = nearestArterial(exit.i, exit.j);
      const street = j * COLUMNS + i;
      const ramp = [ringPoint(exit.angle, side), warp(i, j)];
      const link = { roadClass: 'motorway_link', speed: freeSpeeds.motorway_link } as const;
      roads.push({ ...link, from: ring[k]!, to: street, shape: shape(ramp) });
      roads.push({ ...link, from: street, to: ring[k]!, shape: shape(ramp.slice().reverse()) });
    }
  }
  const at = (angle: number) => ringPoint(angle, 0);
  return { roads, exits: exits.map(({ angle }, k) => ({ angle, at: at(angle), nodes: nodes[k]! })) };
}

/** Where the ring can be left: the node of either carriageway, metres in the plane. */
type Exit = {
  readonly angle: number;
  readonly at: readonly [x: number, y: number];
  readonly nodes: readonly number[];
};

type OutskirtsInput = {
  readonly addNode: (x: number, y: number) => number;
  readonly shape: StreetsInput['shape'];
  readonly exits: readonly Exit[];
};

/**
 * Main roads lead out of town from every fourth exit of the ring, and end in an estate with stations:
 * a van drives a good quarter of an hour before its first stop, as the measured speeds say (a tenth
 * of all driving is faster than 61 km/h, though hardly any way between two stops is).
 */
function outskirtsOf({ addNode, shape, exits }: OutskirtsInput) {
  const roads: Road[] = [];
  const estates: (readonly [number, number])[] = [];
  const both = (
    from: number,
    to: number,
    roadClass: RoadClass,
    points: readonly (readonly [number, number])[],
    speed = freeSpeeds[roadClass],
  ) => {
    roads.push({ from, to, roadClass, speed, shape: shape(points) });
    roads.push({ from: to, to: from, roadClass, speed, shape: shape(points.slice().reverse()) });
  };
  for (const { angle, at, nodes } of exits.filter((_, k) => k % 4 === 0)) {
    const out = (metres: number) => {
      const bend = 250 * Math.sin(metres / 2300 + angle);
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      return [at[0] + metres * c - bend * s, at[1] + metres * s + bend * c] as const;
    };
    const between = (from: number, until: number) =>
      Array.from({ length: 13 }, (_, i) => out(from + ((until - from) * i) / 12));
    let [here, reached] = [addNode(...out(LINK)), LINK];
    for (const node of nodes) both(node, here, 'motorway_link', [at, out(LINK)]);
    for (const [roadClass, metres, speed] of OUTWARDS) {
      const next = addNode(...out(reached + metres));
      both(here, next, roadClass, between(reached, reached + metres), speed);
      [here, reached] = [next, reached + metres];
    }
    const [end, middle] = [here, out(reached)];
    estates.push(middle);
    const half = (ESTATE_LINES - 1) / 2;
    const corner = (i: number, j: number) =>
      [middle[0] + (i - half) * ESTATE_BLOCK, middle[1] + (j - half) * ESTATE_BLOCK] as const;
    const grid = Array.from({ length: ESTATE_LINES ** 2 }, (_, n) => {
      const [i, j] = [n % ESTATE_LINES, Math.floor(n / ESTATE_LINES)];
      return i === half && j === half ? end : addNode(...corner(i, j));
    });
    for (const [n, node] of grid.entries()) {
      const [i, j] = [n % ESTATE_LINES, Math.floor(n / ESTATE_LINES)];
      if (i + 1 < ESTATE_LINES) both(node, grid[n + 1]!, 'secondary', [corner(i, j), corner(i + 1, j)]);
      if (j + 1 < ESTATE_LINES) {
        both(node, grid[n + ESTATE_LINES]!, 'secondary', [corner(i, j), corner(i, j + 1)]);
      }
    }
  }
  return { roads, estates };
}

/** The ramp from the ring, then what the road out is, for how many metres, and how fast; a village at last. */
const LINK = 400;
const OUTWARDS = [
  ['motorway', 11000, freeSpeeds.motorway],
  ['trunk', 4500, freeSpeeds.trunk],
  ['primary', 1000, freeSpeeds.primary],
  ['secondary', 7000, mpsFromKmh(34)],
] as const;
const ESTATE_LINES = 7;
const ESTATE_BLOCK = 320;

function nearestArterial(i: number, j: number): readonly [number, number] {
  const column = Math.max(5, Math.min(COLUMNS - 7, Math.round((i - 5) / 10) * 10 + 5));
  const row = Math.max(10, Math.min(ROWS - 14, Math.round((j - 10) / 20) * 20 + 10));
  const byColumn = Math.abs(column - i) * BLOCK_EAST < Math.abs(row - j) * BLOCK_NORTH;
  return byColumn ? [column, Math.round(j)] : [Math.round(i), row];
}

const districtNames = [
  'Ash Alder Birch Cedar Elm Hazel',
  'Heron Kestrel Lark Linnet Plover Wren',
  'Amber Copper Flint Granite Marble Slate',
  'Barley Clover Fennel Heather Meadow Thyme',
  'Anchor Beacon Harbour Lantern Mill Wharf',
  'Autumn Boreal Dawn Equinox Solstice Vesper',
].map((row) => row.split(' '));

/** Borders half way between two streets, bent like the streets: vans cross them, seldom drive along. */
function districtsOf(warp: Plane): { name: string; points: [number, number][] }[] {
  const edges = (count: number) =>
    Array.from({ length: 7 }, (_, k) =>
      k === 0 ? -1.5 : k === 6 ? count + 0.5 : Math.round((k * count) / 6) + 0.5,
    );
  const [columns, rows] = [edges(COLUMNS), edges(ROWS)];
  const side = (from: readonly [number, number], to: readonly [number, number]) =>
    Array.from({ length: 6 }, (_, k): [number, number] => {
      const share = k / 6;
      const [x, y] = warp(from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share);
      return [x, y];
    });
  return districtNames.flatMap((names, row) =>
    names.map((name, column) => {
      const [west, east] = [columns[column]!, columns[column + 1]!];
      const [south, north] = [rows[row]!, rows[row + 1]!];
      const points = [
        ...side([west, south], [east, south]),
        ...side([east, south], [east, north]),
        ...side([east, north], [west, north]),
        ...side([west, north], [west, south]),
      ];
      return { name, points };
    }),
  );
}
