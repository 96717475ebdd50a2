import Type, { type Static } from 'typebox';

const Instant = Type.Number({ description: 'milliseconds since the epoch' });
const Code = Type.String({ minLength: 1, maxLength: 128 });

/**
 * An order to a device, on `…/command`, not retained: sent when the device is there, again after a
 * reconnect, and no more after `expires`. The device says what became of it on `…/answers`.
 */
export const Command = Type.Object(
  {
    id: Type.String({ description: 'opaque; the answer repeats it' }),
    kind: Type.String({
      minLength: 1,
      maxLength: 64,
      description: 'message (to the driver), locate, interval, output, raw (text of the device)',
    }),
    ts: Instant,
    expires: Instant,
    body: Type.Optional(Type.Unknown()),
  },
  { $id: 'paceline/command', title: 'Paceline command' },
);
export type Command = Static<typeof Command>;

/** A planned visit, as a driver's app needs it. */
export const RouteStop = Type.Object({
  kind: Type.Literal('stop'),
  code: Code,
  lat: Type.Number(),
  lng: Type.Number(),
  service: Type.Number({ description: 'planned seconds' }),
  packages: Type.Integer(),
  windowFrom: Type.Optional(Instant),
  windowUntil: Type.Optional(Instant),
});
export type RouteStop = Static<typeof RouteStop>;

/**
 * Two vans meet and parcels change vans. It stands in the running order of both: where it stands is
 * when it is due. Whoever comes first waits until `until`, and drives on without it after that. The
 * stops of a `take` follow behind it; those of a `give` are no longer in the giver's route.
 */
export const RouteHandover = Type.Object({
  kind: Type.Literal('handover'),
  code: Code,
  lat: Type.Number(),
  lng: Type.Number(),
  role: Type.Union([Type.Literal('give'), Type.Literal('take')]),
  with: Type.String({ description: 'name of the other vehicle' }),
  stops: Type.Array(Code, {
    description: 'codes, in the taker’s route, of the stops whose parcels change vans',
  }),
  at: Instant,
  until: Instant,
  service: Type.Number({ description: 'planned seconds of the hand-over itself' }),
});
export type RouteHandover = Static<typeof RouteHandover>;

/**
 * The route of a device's vehicle, on `…/route`, retained: always the newest version, whole, in
 * running order, stops already served included. A device takes a version that is higher than the
 * one it has, and answers with it.
 */
export const RouteMessage = Type.Object(
  {
    route: Code,
    version: Type.Integer({ minimum: 1 }),
    vehicle: Type.String(),
    serviceDate: Type.String({ description: 'YYYY-MM-DD in the depot’s time zone' }),
    ts: Instant,
    items: Type.Array(Type.Union([RouteStop, RouteHandover])),
  },
  { $id: 'paceline/route', title: 'Paceline route' },
);
export type RouteMessage = Static<typeof RouteMessage>;

/** What a device says of a command (`id`), a route (`route`, `version`) or a hand-over, on `…/answers`. */
export const Answer = Type.Object(
  {
    ts: Instant,
    state: Type.Union([
      Type.Literal('received'),
      Type.Literal('done'),
      Type.Literal('refused'),
      Type.Literal('failed'),
    ]),
    id: Type.Optional(Type.String({ maxLength: 128 })),
    route: Type.Optional(Code),
    version: Type.Optional(Type.Integer()),
    handover: Type.Optional(Code),
    reason: Type.Optional(Type.String({ maxLength: 512 })),
    body: Type.Optional(Type.Unknown()),
  },
  { additionalProperties: true, $id: 'paceline/answer', title: 'Paceline answer' },
);
export type Answer = Static<typeof Answer>;
