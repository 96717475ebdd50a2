import { hourOf } from '../../engine/pace/hour-of-day.ts';
import { learnedFrom } from '../../engine/pace/learned-json.ts';
import { areaMiddle, SPEED_COLUMNS, speedColumn, streetFactors } from '../../engine/pace/speeds.ts';
import type { PaceLearned } from '../api.ts';
import type { Query } from '../server/query.ts';

type Row = {
  readonly version: number;
  readonly serviceDate: string;
  readonly learnedAt: number;
  readonly routeCount: number;
  readonly visitCount: number;
  readonly data: unknown;
};

/** Areas told at most: those of which most was seen. */
const AREAS_MAX = 200;
/** Somewhere without an area of its own: an hour's factor alone. */
const NOWHERE = { lng: -180, lat: -90 };

/** What pace has learned of the fleet so far, and from how much; undefined before the first day was over. */
export async function paceLearned(query: Query): Promise<PaceLearned | undefined> {
  const [row] = await query<Row>(
    `select version, service_date::text as "serviceDate", extract(epoch from learned_at)::float8 as "learnedAt",
       route_count as "routeCount", visit_count as "visitCount", data
     from pace_learned order by service_date desc limit 1`,
  );
  if (row === undefined) return undefined;
  const { data, ...told } = row;
  const { speeds, drivers, between, form } = learnedFrom(data);
  const hours = Array.from({ length: 24 }, (_, hour) => {
    const at = hour * 3600;
    const from = hourOf(at) * SPEED_COLUMNS;
    const { hour: travel, service } = streetFactors(speeds, at, NOWHERE);
    const services = speeds.hours[from + speedColumn.services]!;
    return { hour, travel, service, services, legSeconds: speeds.hours[from + speedColumn.actual]! };
  });
  const areas = [...speeds.areas]
    .sort(([, [a]], [, [b]]) => b - a)
    .slice(0, AREAS_MAX)
    .map(([area, [, actual]]) => {
      const middle = areaMiddle(area);
      return { ...middle, travel: streetFactors(speeds, 0, middle).area, legSeconds: actual };
    });
  return {
    ...told,
    drivers: drivers.size,
    driverSpread: between === undefined ? null : Math.sqrt(between.service),
    driverForm: Math.sqrt(form),
    hours: hours.filter(({ services, legSeconds }) => services > 0 || legSeconds > 0),
    areas,
  };
}
