import Type, { type Static } from 'typebox';

const nullable = <T extends Type.TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));

/** A happening the device itself noticed, such as harsh braking. */
export const DeviceEvent = Type.Object(
  {
    type: Type.String({ minLength: 1, maxLength: 64 }),
    value: nullable(Type.Number()),
    ts: nullable(Type.Number({ description: 'milliseconds since the epoch, when not that of the fix' })),
  },
  { additionalProperties: true },
);

/**
 * Paceline's own message: one report of one van, published to
 * `fleet/{fleet}/device/{device}/telemetry`, alone or as an array. Only ts, lat and lng are
 * required; null means "not known". Unknown fields are ignored and counted.
 */
export const OwnMessage = Type.Object(
  {
    ts: Type.Number({ description: 'time of the fix, milliseconds since the epoch' }),
    lat: Type.Number({ description: 'degrees north, WGS 84' }),
    lng: Type.Number({ description: 'degrees east, WGS 84' }),
    seq: nullable(
      Type.Integer({ minimum: 0, description: 'grows by one per fix within a boot; gaps are losses' }),
    ),
    boot: nullable(Type.String({ maxLength: 64, description: 'changes when seq starts anew' })),
    speed: nullable(Type.Number({ description: 'm/s; negative means unknown' })),
    heading: nullable(Type.Number({ description: 'degrees clockwise from north' })),
    accuracy: nullable(Type.Number({ description: 'metres, 68 % radius' })),
    altitude: nullable(Type.Number({ description: 'metres above the ellipsoid' })),
    satellites: nullable(Type.Integer()),
    ignition: nullable(Type.Boolean()),
    odometer: nullable(Type.Number({ description: 'metres the vehicle says it has ever driven' })),
    fuel: nullable(Type.Number({ description: 'share of the tank, 0–1' })),
    soc: nullable(Type.Number({ description: 'state of charge, 0–1' })),
    rpm: nullable(Type.Number()),
    door: nullable(Type.Boolean({ description: 'true when a door is open' })),
    belt: nullable(Type.Boolean({ description: 'true when the driver is belted' })),
    sent: nullable(Type.Number({ description: 'when the device sent it, ms since the epoch' })),
    buffered: nullable(Type.Boolean({ description: 'kept on the device before it was sent' })),
    events: nullable(Type.Array(DeviceEvent, { maxItems: 64 })),
  },
  { additionalProperties: true, $id: 'paceline/own-message', title: 'Paceline own message' },
);

export type OwnMessage = Static<typeof OwnMessage>;

/**
 * Fixes of many devices in one message of their gateway, published to
 * `fleet/{fleet}/gateway/{gateway}/telemetry`. Each is an own message that also says whose it is; a
 * bad one costs none of the others.
 */
export const GatewayMessage = Type.Array(
  Type.Object(
    {
      device: Type.String({
        pattern: '^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$',
        description: 'name of the device, as in its topic',
      }),
      ...OwnMessage.properties,
    },
    { additionalProperties: true },
  ),
  { $id: 'paceline/gateway-message', title: 'Paceline gateway message' },
);

/** What a driver app says about a stop, on `…/stops`; it wins over inference. One or an array. */
export const StopReport = Type.Object(
  {
    ts: Type.Number({ description: 'milliseconds since the epoch' }),
    stop: Type.String({ maxLength: 128, description: 'the code of the stop in the plan' }),
    kind: Type.Union([
      Type.Literal('arrived'),
      Type.Literal('delivered'),
      Type.Literal('failed'),
      Type.Literal('departed'),
    ]),
    reason: nullable(Type.String({ maxLength: 128 })),
  },
  { additionalProperties: true, $id: 'paceline/stop-report', title: 'Paceline stop report' },
);

export type StopReport = Static<typeof StopReport>;

/**
 * One report of one van, as everything behind the decoder sees it.
 *
 * Identity is (vehicle, at, key): two reports with the same three are the same fix. `key` is `seq`
 * where the device sends one, else minus a hash of all measured values (see `contentKey` in
 * ingest), so two different reports of one instant are both kept and arrival order picks no winner.
 * Order is (at, key) everywhere downstream.
 */
export type Fix = {
  readonly fleetId: number;
  readonly vehicleId: number;
  readonly deviceId: number;
  /** Instant, whole milliseconds. */
  readonly at: number;
  readonly key: number;
  /** When the payload reached us; not part of identity or of any conclusion. */
  readonly received: number;
  readonly lng: number;
  readonly lat: number;
  /** m/s; undefined when unknown (also when the device said a negative number). */
  readonly speed?: number | undefined;
  readonly heading?: number | undefined;
  readonly accuracy?: number | undefined;
  readonly altitude?: number | undefined;
  readonly satellites?: number | undefined;
  readonly ignition?: boolean | undefined;
  readonly odometer?: number | undefined;
  readonly fuel?: number | undefined;
  readonly soc?: number | undefined;
  readonly rpm?: number | undefined;
  readonly door?: boolean | undefined;
  readonly belt?: boolean | undefined;
  readonly seq?: number | undefined;
  readonly boot?: string | undefined;
  readonly sent?: number | undefined;
  readonly buffered?: boolean | undefined;
  readonly events?: readonly Static<typeof DeviceEvent>[] | undefined;
  /** Bits of `fixFlags` judged by the fix alone; 0 is a good fix. */
  readonly flags: number;
};
