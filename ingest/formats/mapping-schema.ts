import Type, { type Static } from 'typebox';

const PATH =
  'dotted names and array positions such as gps.0.speed, or a JSON pointer such as /gps/0/ground.speed';
const optional = <T extends Type.TSchema>(schema: T) => Type.Optional(schema);

/** Where a field of a fix stands in foreign JSON, and how it is written there. */
export const MappedField = Type.Object(
  {
    path: optional(Type.String({ minLength: 1, maxLength: 256, description: PATH })),
    constant: optional(Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
    part: optional(
      Type.Integer({ minimum: 0, maximum: 15, description: 'of text such as “45.5,-122.6”: 0 is 45.5' }),
    ),
    unit: optional(Type.String()),
    scale: optional(Type.Number({ description: 'multiplied before the unit is converted' })),
    offset: optional(Type.Number({ description: 'added after scale' })),
    truths: optional(
      Type.Array(Type.Union([Type.String(), Type.Number(), Type.Boolean()]), {
        description: 'the values that mean true; others mean false',
      }),
    ),
  },
  { additionalProperties: false },
);

/** How to read one kind of JSON that no format knows. */
export const Mapping = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}$' }),
    topics: optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
        description: 'topic templates: literal levels, {device}, + and a final #',
      }),
    ),
    each: optional(Type.String({ description: 'the path of an array whose elements are fixes' })),
    device: optional(Type.String({ description: 'the path of the device’s name, for gateways' })),
    fields: Type.Record(Type.String(), MappedField),
  },
  { additionalProperties: false },
);

/** The file that PACELINE_FORMATS names. */
export const FormatSettings = Type.Object(
  {
    topics: optional(
      Type.Record(Type.String(), Type.Array(Type.String()), {
        description: 'topic templates of a format, in place of the customary ones; [] turns it off',
      }),
    ),
    profiles: optional(
      Type.Record(Type.String(), Type.String(), {
        description: 'by fleet/device: the format or mapping of what it publishes on its own telemetry topic',
      }),
    ),
    mappings: optional(Type.Array(Mapping, { maxItems: 256 })),
    fleet: optional(
      Type.String({
        description: 'with an outside broker: the fleet of the devices on customary topics, which name none',
      }),
    ),
  },
  { additionalProperties: false, $id: 'paceline/format-settings', title: 'Paceline format settings' },
);

export type MappedField = Static<typeof MappedField>;
export type Mapping = Static<typeof Mapping>;
export type FormatSettings = Static<typeof FormatSettings>;
