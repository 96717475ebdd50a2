import Type, { type Static } from 'typebox';

/**
 * A fence as GeoJSON has it: Polygon, MultiPolygon, Point with `radius`, LineString with `width` (metres);
 * properties set, name, kind and policy. What it has to be is checked with sentences, not by this schema.
 */
export const FenceSource = Type.Object({
  type: Type.Literal('Feature'),
  properties: Type.Record(Type.String(), Type.Unknown()),
  geometry: Type.Unknown(),
});
export type FenceSource = Static<typeof FenceSource>;

/** GET /api/fences/{fenceId}, and the answer to whoever made or changed it. */
export const EditableFence = Type.Object({
  fenceId: Type.Integer(),
  version: Type.Integer(),
  changedAt: Type.Number(),
  feature: FenceSource,
});
export type EditableFence = Static<typeof EditableFence>;

/** GET /api/fences/list */
export const FenceListRow = Type.Object({
  fenceId: Type.Integer(),
  set: Type.String(),
  name: Type.String(),
  kind: Type.String(),
  shape: Type.String({ description: 'circle, polygon or corridor' }),
  vertices: Type.Integer(),
  version: Type.Integer(),
  changedAt: Type.Number(),
});
export type FenceListRow = Static<typeof FenceListRow>;

export const FenceEdit = Type.Object({
  feature: FenceSource,
  version: Type.Optional(
    Type.Integer({ minimum: 1, description: 'the version that was looked at; another one is a conflict' }),
  ),
});

export const FenceImport = Type.Object({
  geojson: Type.String({ description: 'a Feature, a FeatureCollection, or one Feature a line' }),
  set: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
});

export const FencesImported = Type.Object({ added: Type.Integer(), changed: Type.Integer() });

/** GET /api/fences/export */
export const FenceFile = Type.Object({
  type: Type.Literal('FeatureCollection'),
  features: Type.Array(FenceSource),
});
