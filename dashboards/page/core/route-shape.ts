import type { RescueChoice } from '../../../schemas/rescue.ts';
import type { RouteDetail } from '../../api.ts';
import { type Feature, type FeatureCollection, feature, type LngLat } from './geo.ts';

export type StopState = 'done' | 'done_late' | 'failed' | 'next' | 'ahead';
export type Show = 'planned' | 'actual' | 'both';

/** A stop served more than this after its planned arrival counts as late (as in the route days). */
export const LATE_SECONDS = 900;

export type ShownStop = RouteDetail['stops'][number] & {
  readonly state: StopState;
  /** Seconds between arrival and plan; undefined until served. */
  readonly delay: number | undefined;
};

/** Every stop with what became of it. The next one is the first in order that is not served. */
export function shownStops(route: RouteDetail): ShownStop[] {
  const inOrder = [...route.stops].sort((a, b) => a.sequence - b.sequence);
  const next = route.pace?.nextStopId ?? inOrder.find((stop) => stop.arrivedAt === null)?.stopId;
  return inOrder.map((stop) => {
    const delay = stop.arrivedAt === null ? undefined : stop.arrivedAt - stop.plannedArrival;
    return { ...stop, delay, state: stopState(stop, delay, stop.stopId === next) };
  });
}

function stopState(
  stop: RouteDetail['stops'][number],
  delay: number | undefined,
  isNext: boolean,
): StopState {
  if (delay === undefined) return isNext ? 'next' : 'ahead';
  if (stop.outcome === 'failed') return 'failed';
  const missed = stop.windowUntil !== null && stop.arrivedAt! > stop.windowUntil;
  return missed || delay > LATE_SECONDS ? 'done_late' : 'done';
}

export type RouteShape = {
  readonly planned: FeatureCollection;
  readonly track: FeatureCollection;
  readonly stops: FeatureCollection;
  readonly proposal: FeatureCollection;
};

/** Degrees of latitude from the middle to the corner of the mark of a meeting: about 120 m. */
const MARK = 0.0011;

/** Both vans' ways after a rescue, and a diamond where they meet. */
function rescueLines({ giverPath, parts }: RescueChoice): LngLat[][] {
  const marks = parts.map(({ lng, lat }): LngLat[] => {
    const wide = MARK / Math.cos((lat * Math.PI) / 180);
    return [
      [lng, lat + MARK],
      [lng + wide, lat],
      [lng, lat - MARK],
      [lng - wide, lat],
      [lng, lat + MARK],
    ];
  });
  return [giverPath, ...parts.map(({ helperPath }) => helperPath), ...marks];
}

/** What the map draws of a selected route. Straight lines between stops: order, not streets. */
export function routeShape(
  route: RouteDetail,
  show: Show,
  proposed: readonly number[] | undefined,
  rescue?: RescueChoice | undefined,
): RouteShape {
  const stops = shownStops(route);
  const depot: LngLat = [route.depot.lng, route.depot.lat];
  const at = (stop: { readonly lng: number; readonly lat: number }): LngLat => [stop.lng, stop.lat];
  const collection = (features: Feature[]): FeatureCollection => ({ type: 'FeatureCollection', features });
  const line = (points: LngLat[], part: string) =>
    points.length < 2 ? [] : [feature({ type: 'LineString', coordinates: points }, { part })];

  // Stops may be served out of sequence: what is done goes by arrival, what is left by the plan.
  const served = stops.filter((stop) => stop.arrivedAt !== null).sort((a, b) => a.arrivedAt! - b.arrivedAt!);
  const left = stops.filter((stop) => stop.arrivedAt === null);
  const done = [depot, ...served.map(at)];
  const ahead = [done.at(-1)!, ...left.map(at), depot];
  const byId = new Map(stops.map((stop) => [stop.stopId, stop]));
  const proposedLine = (proposed ?? []).flatMap((stopId) => {
    const stop = byId.get(stopId);
    return stop === undefined ? [] : [at(stop)];
  });
  return {
    planned: collection(show === 'actual' ? [] : [...line(done, 'done'), ...line(ahead, 'ahead')]),
    track: collection(
      show === 'planned'
        ? []
        : line(
            route.track.map(([lng, lat]) => [lng, lat]),
            'track',
          ),
    ),
    stops: collection(
      stops.map((stop) =>
        feature(
          { type: 'Point', coordinates: at(stop) },
          { stopId: stop.stopId, code: stop.code, state: stop.state },
        ),
      ),
    ),
    proposal: collection(
      rescue
        ? rescueLines(rescue).flatMap((points) => line(points, 'proposal'))
        : proposedLine.length === 0
          ? []
          : line([done.at(-1)!, ...proposedLine], 'proposal'),
    ),
  };
}
