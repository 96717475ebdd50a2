import { frame } from '../../schemas/position.ts';
import type { Random } from '../../schemas/random.ts';
import type { City } from '../city/city.ts';
import { pointOn } from '../city/graph.ts';
import type { Place, Router } from '../city/paths.ts';
import { drive, lineOf, usualStyle } from './motion.ts';
import { openTrackBuilder, type Track } from './track.ts';

/** A way through the city that ends where it began: who has driven it can drive it again. */
export type Loop = {
  /** From t = 0. */
  readonly track: Track;
  readonly seconds: number;
  readonly metres: number;
};

/** A loop goes on for at least this long, from halt to halt some kilometres apart. */
const LOOP_SECONDS = 3600;
const HALT = [30, 420] as const;
const REACH = 3000;

/**
 * Loops for vans without a route. They obey the same roads, lights and traffic as the others; many
 * vans share one, each from a place of its own on it.
 */
export function loopOf(city: City, router: Router, hour: number, chance: Random): Loop {
  const { graph } = city;
  const home = placeIn(city, chance);
  const start = pointOn(graph, home.edge, home.offset);
  const track = openTrackBuilder(0, start);
  const plane = frame(start);
  let here = home;
  const go = (to: Place): void => {
    const path = router(here, to);
    const style = { ...usualStyle, speedFactor: usualStyle.speedFactor * chance.between(0.92, 1.08) };
    const at = hour + track.now() / 3600;
    const motion = drive({ graph, path, style, hour: at, chance, isStop: true });
    track.move(motion, lineOf(graph, path));
    track.wait(Math.exp(chance.between(Math.log(HALT[0]), Math.log(HALT[1]))));
    here = path.to;
  };
  while (track.now() < LOOP_SECONDS) {
    const tries = Array.from({ length: 4 }, () => placeIn(city, chance));
    const far = ({ edge, offset }: Place) => {
      const { lng, lat } = pointOn(graph, edge, offset);
      return Math.abs(Math.hypot(plane.x(lng), plane.y(lat)) - REACH);
    };
    go(tries.reduce((best, place) => (far(place) < far(best) ? place : best)));
  }
  go(home);
  const built = track.build();
  return { track: built, seconds: track.now(), metres: track.driven() };
}

/** Somewhere on a street. */
function placeIn({ graph }: City, chance: Random): Place {
  for (;;) {
    const edge = chance.integer(graph.edgeCount);
    if (graph.length[edge]! > 40) return { edge, offset: graph.length[edge]! * chance.between(0.3, 0.7) };
  }
}
