import type { RouteHandover, RouteMessage, RouteStop } from '../../schemas/down.ts';
import type { Position } from '../../schemas/position.ts';
import type { Place } from '../city/paths.ts';
import type { Premises, StopPlan } from '../plan.ts';
import { normalScore, plannedService } from '../report/quantiles.ts';

/** A stop as a van has to serve it, planned for it or taken over from whomever. */
export type StopTask = {
  readonly kind: 'stop';
  /** Name in the route of the van that serves it. */
  readonly code: string;
  /** Name of the parcels, whoever carries them: where they go. Everything true of a stop follows from it. */
  readonly key: string;
  readonly place: Place;
  readonly effort: number;
  readonly packages: number;
  readonly premises: Premises;
  readonly opens?: number | undefined;
  readonly closes?: number | undefined;
};

export type HandoverTask = Omit<RouteHandover, 'lat' | 'lng' | 'at' | 'until'> & {
  readonly place: Place;
  /** Instant up to which whoever is there waits. */
  readonly until: number;
};

export type Task = StopTask | HandoverTask;

/** Parcels are told apart by where they go, to 1e−6 degrees as plans say it. */
export const parcelKey = ({ lng, lat }: Position): string => `${lng.toFixed(6)},${lat.toFixed(6)}`;

export const plannedTask = (stop: StopPlan): StopTask => ({
  kind: 'stop',
  code: stop.code,
  key: parcelKey(stop.position),
  place: stop.place,
  effort: stop.effort,
  packages: stop.packages,
  premises: stop.premises,
  ...(stop.hours === undefined ? {} : { opens: stop.hours.opens, closes: stop.hours.closes }),
});

/** What a fleet knows of stops beyond one van's own: that of others, and the street beside any address. */
export type StopBook = {
  readonly planned: (key: string) => StopPlan | undefined;
  readonly kerb: (position: Position) => Place;
};

/** The items of a route as tasks, without those that are over; in running order, each code once. */
export function tasksOf(message: RouteMessage, book: StopBook, isOver: (code: string) => boolean): Task[] {
  const seen = new Set<string>();
  return message.items.flatMap((item): Task[] => {
    if (seen.has(item.code) || isOver(item.code)) return [];
    seen.add(item.code);
    return [item.kind === 'stop' ? stopTask(item, book) : handoverTask(item, book)];
  });
}

function stopTask({ code, lat, lng, service, packages }: RouteStop, book: StopBook): StopTask {
  const key = parcelKey({ lng, lat });
  const known = book.planned(key);
  if (known !== undefined) return { ...plannedTask(known), code };
  const effort = normalScore(plannedService, service);
  const place = book.kerb({ lng, lat });
  return { kind: 'stop', code, key, place, effort, packages, premises: 'house' };
}

const handoverTask = (
  { lat, lng, at: _at, until, ...rest }: RouteHandover,
  book: StopBook,
): HandoverTask => ({
  ...rest,
  place: book.planned(parcelKey({ lng, lat }))?.place ?? book.kerb({ lng, lat }),
  until: until / 1000,
});
