import Type, { type Static } from 'typebox';
import { topicName } from '../schemas/topics.ts';

/** What the API says of devices and gateways; the rest of the contract is in api.ts. */
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** A name as topics hold it. */
export const TopicName = Type.String({
  pattern: topicName.source,
  description: 'letters, digits and . _ : @ -, at most 128',
});

/** What a device can be in trouble with; none: it is well. */
export const deviceTroubles = [
  'never',
  'silent',
  'rejected',
  'missing',
  'clock',
  'filtered',
  'closed',
] as const;
export type DeviceTrouble = (typeof deviceTroubles)[number];
const Trouble = Type.Union(deviceTroubles.map((trouble) => Type.Literal(trouble)));

export const deviceOrders = [
  ...['device', 'vehicle', 'accepted', 'duplicate', 'late', 'filtered', 'rejected'],
  ...['missing', 'skew', 'lastReceived', 'trouble'],
] as const;

/** GET /api/devices?search=&trouble=&sort=&descending=&offset=&limit= */
export const DeviceRow = Type.Object({
  deviceId: Type.Integer(),
  device: Type.String(),
  vehicle: nullable(Type.String()),
  profile: nullable(Type.String({ description: 'format of its own telemetry topic; null: our own' })),
  hasSecret: Type.Boolean({ description: 'false: it speaks through a gateway only' }),
  oldSecretUntil: nullable(Type.Number({ description: 'until when the former secret opens too' })),
  revokedAt: nullable(Type.Number()),
  registeredBy: Type.String(),
  firmware: nullable(Type.String()),
  accepted: Type.Integer(),
  duplicate: Type.Integer(),
  late: Type.Integer(),
  filtered: Type.Integer({ description: 'stored with a flag of their own' }),
  rejected: Type.Integer(),
  missing: Type.Integer({ description: 'gaps in seq: fixes that were counted and never came' }),
  lastAt: nullable(Type.Number({ description: 'instant of its newest fix' })),
  lastReceived: nullable(Type.Number()),
  skew: nullable(Type.Number({ description: 'seconds from its clock to ours; below 0 it is ahead' })),
  troubles: Type.Array(Trouble),
});
export type DeviceRow = Static<typeof DeviceRow>;

export const DevicePage = Type.Object({
  /** The instant these are of. */
  at: Type.Number(),
  /** How many match. */
  total: Type.Integer(),
  /** How many of the fleet have each trouble, whatever is searched for. */
  troubles: Type.Record(Type.String(), Type.Integer()),
  devices: Type.Integer({ description: 'of the whole fleet' }),
  unknown: Type.Integer({ description: 'devices that knocked and are not known' }),
  rows: Type.Array(DeviceRow),
});
export type DevicePage = Static<typeof DevicePage>;

const Reason = Type.Object({
  reason: Type.String(),
  times: Type.Integer(),
  lastReceived: nullable(Type.Number()),
  meaning: Type.String(),
  remedy: Type.String({ description: 'what to do about it' }),
});
export type ReasonCount = Static<typeof Reason>;

/** GET /api/devices/{deviceId}/health */
export const DeviceHealth = Type.Object({
  at: Type.Number({ description: 'the instant this is of' }),
  device: DeviceRow,
  username: Type.String(),
  topic: Type.String({ description: 'where it publishes' }),
  /** By a fix alone, since the beginning. */
  filtered: Type.Array(Reason),
  /** By neighbours, in the day before the newest fix; late data revises it. */
  filteredByNeighbours: Type.Array(Reason),
  rejected: Type.Array(Reason),
  rejections: Type.Array(
    Type.Object({
      received: Type.Number(),
      topic: Type.String(),
      reason: Type.String(),
      detail: Type.String(),
      times: Type.Integer(),
      payload: Type.String({ description: 'the first 512 bytes, octal escapes for what is no text' }),
      remedy: Type.String(),
    }),
  ),
  /** Newest first; none: it has always spoken for the same vehicle. */
  assignments: Type.Array(
    Type.Object({
      from: nullable(Type.Number({ description: 'null: from the beginning' })),
      vehicle: nullable(Type.String()),
      assignedBy: Type.String(),
    }),
  ),
  commands: Type.Array(
    Type.Object({
      commandId: Type.Integer(),
      kind: Type.String(),
      state: Type.String(),
      createdAt: Type.Number(),
      createdBy: Type.String(),
      answeredAt: nullable(Type.Number()),
    }),
  ),
});
export type DeviceHealth = Static<typeof DeviceHealth>;

/** POST /api/devices (dispatcher), and POST /api/devices/claim for one of the unknown. */
export const NewDevice = Type.Object(
  {
    device: TopicName,
    vehicle: Type.Optional(nullable(TopicName)),
    profile: Type.Optional(nullable(Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}$' }))),
    secret: Type.Optional(Type.Boolean({ description: 'false: it speaks through a gateway only' })),
  },
  { additionalProperties: false },
);
export type NewDevice = Static<typeof NewDevice>;

/** A credential, shown this once. */
export const Issued = Type.Object({
  kind: Type.Union([Type.Literal('device'), Type.Literal('gateway')]),
  id: Type.Integer(),
  name: Type.String(),
  vehicle: nullable(Type.String()),
  username: Type.String(),
  secret: nullable(Type.String({ description: 'shown this once; null: none was made' })),
  topic: Type.String(),
  oldSecretUntil: nullable(Type.Number()),
});
export type Issued = Static<typeof Issued>;

/** POST /api/devices/import {csv}: all of it, or none and why not, by line. */
export const CsvImport = Type.Object({ csv: Type.String({ minLength: 1, maxLength: 4_000_000 }) });
export const LineProblem = Type.Object({ line: Type.Integer(), message: Type.String() });
export type LineProblem = Static<typeof LineProblem>;
export const ImportProblem = Type.Object({
  statusCode: Type.Integer(),
  code: Type.String(),
  message: Type.String(),
  lines: Type.Array(LineProblem),
});

/** GET /api/devices/unknown */
export const UnknownRow = Type.Object({
  name: Type.String(),
  firstSeen: Type.Number(),
  lastSeen: Type.Number(),
  attempts: Type.Integer(),
  lastTopic: nullable(Type.String()),
  lastPayload: nullable(
    Type.String({ description: 'the first 512 bytes, octal escapes for what is no text' }),
  ),
});
export type UnknownRow = Static<typeof UnknownRow>;

/** POST /api/devices/{deviceId}/rotate, and the same of a gateway. */
export const Rotation = Type.Object(
  {
    overlap: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 90 * 86_400,
        default: 86_400,
        description: 'seconds for which the former secret opens too',
      }),
    ),
  },
  { additionalProperties: false },
);

/** POST /api/devices/{deviceId}/assign */
export const Assigning = Type.Object(
  {
    vehicle: nullable(TopicName),
    from: Type.Optional(
      Type.Number({ description: 'fixes from this instant on; not in the future; default: now' }),
    ),
  },
  { additionalProperties: false },
);

/** POST /api/devices/{deviceId}/profile */
export const Profiling = Type.Object(
  { profile: nullable(Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}$' })) },
  { additionalProperties: false },
);

/** GET /api/gateways; POST /api/gateways {name, mayRegister} (admin). */
export const GatewayRow = Type.Object({
  gatewayId: Type.Integer(),
  name: Type.String(),
  username: Type.String(),
  mayRegister: Type.Boolean(),
  createdAt: Type.Number(),
  oldSecretUntil: nullable(Type.Number()),
  revokedAt: nullable(Type.Number()),
});
export type GatewayRow = Static<typeof GatewayRow>;
export const NewGateway = Type.Object(
  { name: TopicName, mayRegister: Type.Optional(Type.Boolean()) },
  { additionalProperties: false },
);

/** GET /api/devices/export?for=mosquitto|emqx (admin): files by name. */
export const BrokerFiles = Type.Object({
  files: Type.Record(Type.String(), Type.String()),
  /** Credentials made before this could be exported: they need a rotation first. */
  left: Type.Array(Type.String()),
});
export type BrokerFiles = Static<typeof BrokerFiles>;
