import Type, { type Static } from 'typebox';
import { TopicName } from './api-devices.ts';

/** What the API says of how long things are kept; the rest of the contract is in api.ts. */
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Days = nullable(Type.Integer({ minimum: 1, maximum: 36_500, description: 'null: for good' }));

/** GET and POST /api/storage (admin) */
export const StorageRule = Type.Object({
  fixesDays: Days,
  resultsDays: Days,
  fixesFrom: nullable(Type.Number({ description: 'older fixes have been removed' })),
  changedAt: nullable(Type.Number()),
  changedBy: nullable(Type.String()),
});
export type StorageRule = Static<typeof StorageRule>;
export const NewStorageRule = Type.Object(
  { fixesDays: Days, resultsDays: Days },
  { additionalProperties: false },
);

/** POST /api/personal-data/forget (admin): a vehicle or a driver; a dry run unless `dryRun` is false. */
export const Forget = Type.Object(
  {
    vehicle: Type.Optional(TopicName),
    driver: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    dryRun: Type.Optional(Type.Boolean({ default: true })),
  },
  { additionalProperties: false },
);
export const Forgotten = Type.Object({
  dryRun: Type.Boolean(),
  rows: Type.Record(Type.String(), Type.Integer()),
  history: nullable(Type.Integer()),
});
