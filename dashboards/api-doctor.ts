import Type, { type Static } from 'typebox';

/** What the API says of payloads; the rest of the contract is in api.ts. */
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** GET /api/doctor/formats */
export const DoctorFormat = Type.Object({
  name: Type.String(),
  title: Type.String(),
  units: Type.String(),
  topics: Type.Array(Type.String()),
});
export type DoctorFormat = Static<typeof DoctorFormat>;

/** POST /api/doctor/examine */
export const Examining = Type.Object(
  {
    payload: Type.String({ minLength: 1, maxLength: 200_000 }),
    encoding: Type.Optional(
      Type.Union([Type.Literal('auto'), Type.Literal('text'), Type.Literal('hex'), Type.Literal('base64')]),
    ),
    topic: Type.Optional(
      Type.String({ maxLength: 512, description: 'none: the payload has to tell by itself' }),
    ),
  },
  { additionalProperties: false },
);

export const Diagnosis = Type.Object({
  format: nullable(Type.String()),
  title: Type.String(),
  units: Type.String({ description: 'units and clock it is assumed to be in' }),
  by: Type.Union([
    Type.Literal('topic'),
    Type.Literal('profile'),
    Type.Literal('payload'),
    Type.Literal('nothing'),
  ]),
  device: nullable(Type.String()),
  fixes: Type.Array(Type.Record(Type.String(), Type.Unknown())),
  rejections: Type.Array(Type.Object({ reason: Type.String(), detail: Type.String() })),
  notes: Type.Array(Type.String()),
  remedies: Type.Array(Type.String()),
  settings: Type.Unknown({
    description: 'lines for the file of PACELINE_FORMATS; null: none are needed, or none would help',
  }),
});
export type Diagnosis = Static<typeof Diagnosis>;

/** POST /api/doctor/tail */
export const Tailing = Type.Object(
  {
    device: Type.String({ maxLength: 128, description: 'its name; + listens to all of the fleet' }),
    seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 30, default: 5 })),
  },
  { additionalProperties: false },
);

export const Heard = Type.Object({
  filter: Type.String(),
  problem: nullable(Type.String()),
  messages: Type.Array(
    Type.Object({
      topic: Type.String(),
      received: Type.Number(),
      payload: Type.String(),
      encoding: Type.Union([Type.Literal('text'), Type.Literal('hex')]),
      diagnosis: Diagnosis,
    }),
  ),
});
export type Heard = Static<typeof Heard>;
