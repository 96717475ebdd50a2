import type { Random } from '../../schemas/random.ts';
import type { Graph } from '../city/graph.ts';
import type { Place, Router } from '../city/paths.ts';
import { drive, type Line, lineOf, type Motion, type Style } from './motion.ts';
import type { TemperInput } from './temper.ts';

export type Way = {
  readonly from: Place;
  readonly to: Place;
  readonly style: Style;
  /** Local time of day, hours. */
  readonly hour: number;
  /** Without it, what a way takes on average. */
  readonly chance?: Random | undefined;
  /** Whether the end is an address to look for. */
  readonly isStop: boolean;
  readonly closed?: ReadonlySet<number> | undefined;
  readonly share?: ((edge: number) => number) | undefined;
  readonly temper?: TemperInput | undefined;
};

/** A movement from standstill to standstill, t and s from 0, and the line it follows. */
export type Leg = {
  readonly motion: Motion;
  readonly line: () => Line;
  readonly metres: number;
  /** Where the van stands at the end: the direction it came in. */
  readonly to: Place;
  /** The place `metres` along, for who turns back half way; and about half way, off any address. */
  readonly placeAt: (metres: number) => Place;
  readonly corner: Place | undefined;
};

/** How vans get from place to place. */
export type Travel = (way: Way) => Leg;

/** Along the streets, by what junctions, lights and traffic ask of a driver. */
export function roadTravel(graph: Graph, router: Router): Travel {
  return ({ from, to, closed, ...rest }) => {
    const path = router(from, to, closed);
    const corner =
      path.metres > 260 && path.edges.length >= 4 ? path.edges[path.edges.length >> 1]! : undefined;
    return {
      motion: drive({ graph, path, ...rest }),
      line: () => lineOf(graph, path),
      metres: path.metres,
      to: path.to,
      corner: corner === undefined ? undefined : { edge: corner, offset: 1 },
      placeAt: (metres) => {
        let left = metres + path.from.offset;
        for (const edge of path.edges) {
          if (left <= graph.length[edge]!) return { edge, offset: left };
          left -= graph.length[edge]!;
        }
        return path.to;
      },
    };
  };
}
