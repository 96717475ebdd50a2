import Type, { type Static } from 'typebox';

const Instant = Type.Number({ description: 'seconds since the epoch' });
const StopIds = Type.Array(Type.Integer());
const Path = Type.Array(Type.Tuple([Type.Number(), Type.Number()]), {
  description: '[lng, lat] of the way from where the van is, straight from place to place',
});

/** What a rescue does to one route. */
export const RouteEffect = Type.Object({
  finishBefore: Instant,
  finishAfter: Instant,
  lateBefore: Type.Number({ description: 'P(back late), as things are' }),
  lateAfter: Type.Number({ description: 'P(back late), with the rescue' }),
  lateStopsBefore: Type.Number({ description: 'expected number of late stops, as things are' }),
  lateStopsAfter: Type.Number(),
  kmMore: Type.Number({ description: 'kilometres driven more; negative: less' }),
});
export type RouteEffect = Static<typeof RouteEffect>;

/** One hand-over of a rescue: a helper, a place, a time, and the stops whose parcels change vans. */
export const RescuePart = Type.Object({
  helperRouteId: Type.Integer(),
  helperVersion: Type.Integer({ description: 'of the helper’s route it starts from' }),
  helperRoute: Type.String(),
  helperVehicle: Type.String(),
  stopIds: StopIds,
  packages: Type.Integer(),
  lng: Type.Number(),
  lat: Type.Number(),
  meetAt: Instant,
  waitUntil: Instant,
  service: Type.Number({ description: 'seconds of the hand-over' }),
  giverAfterStopId: Type.Union([Type.Integer(), Type.Null()]),
  helperAfterStopId: Type.Union([Type.Integer(), Type.Null()]),
  helperOrder: Type.Array(Type.Integer(), { description: 'all stops of the helper, in the new order' }),
  helperTimes: Type.Array(Instant, { description: 'their planned arrivals' }),
  helperPath: Path,
  helper: RouteEffect,
});
export type RescuePart = Static<typeof RescuePart>;

/** One way to help. A van that stands still may need several helpers at once. */
export const RescueChoice = Type.Object({
  parts: Type.Array(RescuePart, { minItems: 1 }),
  gain: Type.Number({ description: 'weighted seconds saved' }),
  giverOrder: Type.Array(Type.Integer(), { description: 'all stops left to the giver, in order' }),
  giverTimes: Type.Array(Instant),
  giverPath: Path,
  giver: RouteEffect,
  explanation: Type.String(),
});
export type RescueChoice = Static<typeof RescueChoice>;

/** What a proposal of the kind rescue holds. */
export const RescueDetail = Type.Object({
  cause: Type.String({ description: 'at_risk, breakdown or out_of_service' }),
  /** Ranked, best first. */
  choices: Type.Array(RescueChoice, { minItems: 1 }),
  /** Stops nobody can take, and why. */
  left: Type.Array(Type.Object({ stopIds: StopIds, reason: Type.String() })),
});
export type RescueDetail = Static<typeof RescueDetail>;
