import Type, { type Static } from 'typebox';

/** Orders to devices, as the API has them; how they travel stands in schemas/down.ts. */
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** The least and most seconds for which a command may wait for its device. */
const expiresIn = Type.Optional(
  Type.Integer({
    minimum: 10,
    maximum: 604_800,
    default: 3600,
    description: 'seconds after which it is not sent any more',
  }),
);
const order = <Kind extends string, Body extends Type.TProperties>(kind: Kind, body: Body) =>
  Type.Object(
    { kind: Type.Literal(kind), body: Type.Object(body, { additionalProperties: false }), expiresIn },
    { additionalProperties: false },
  );

/** POST /api/devices/{deviceId}/commands (dispatcher; `raw`: admin). */
export const NewCommand = Type.Union([
  order('message', { text: Type.String({ minLength: 1, maxLength: 1000 }) }),
  Type.Object({ kind: Type.Literal('locate'), expiresIn }, { additionalProperties: false }),
  order('interval', { seconds: Type.Integer({ minimum: 1, maximum: 86_400 }) }),
  order('output', { output: Type.Integer({ minimum: 1, maximum: 4 }), on: Type.Boolean() }),
  order('raw', { text: Type.String({ minLength: 1, maxLength: 512 }) }),
]);
export type NewCommand = Static<typeof NewCommand>;

/**
 * GET /api/devices/{deviceId}/commands, newest first; POST /api/commands/{commandId}/cancel. waiting:
 * for the device; sent: no word of it yet; received, done, refused, failed: its word; expired: not sent
 * any more; cancelled.
 */
export const CommandRow = Type.Object({
  commandId: Type.Integer(),
  deviceId: Type.Integer(),
  device: Type.String(),
  kind: Type.String(),
  body: Type.Unknown(),
  state: Type.String(),
  attempts: Type.Integer({ description: 'how often it was sent' }),
  createdAt: Type.Number(),
  createdBy: Type.String(),
  expiresAt: Type.Number(),
  sentAt: nullable(Type.Number()),
  answeredAt: nullable(Type.Number()),
  answer: Type.Unknown({ description: 'the newest answer of the device, as it came' }),
});
export type CommandRow = Static<typeof CommandRow>;
