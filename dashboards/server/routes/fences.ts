import Type from 'typebox';
import type { FenceDesk, NewFence } from '../../../schemas/fence-desk.ts';
import { ImportProblem } from '../../api-devices.ts';
import {
  EditableFence,
  FenceEdit,
  FenceFile,
  FenceImport,
  FenceListRow,
  FenceSource,
  FencesImported,
} from '../../api-fences.ts';
import {
  addFence,
  changeFence,
  deleteFence,
  fenceById,
  fenceList,
  fencesOfSet,
  importFences,
  type StoredFence,
} from '../../queries/fences.ts';
import type { App, AppDeps } from '../deps.ts';
import { Problematic } from '../problems.ts';
import { whoAsks } from '../session.ts';
import { Id } from './inputs.ts';

const Params = Type.Object({ fenceId: Id });
const OfSet = Type.Object({ set: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })) });
/** A boundary of 70,000 corners is some 3 MB; 50,000 outlines of a country are 30. */
const FEATURE_BYTES = 8 * 1024 * 1024;
const IMPORT_BYTES = 64 * 1024 * 1024;

/** Fences drawn, edited, brought in and taken out; each change stands in the audit log. */
export function fenceRoutes(app: App, deps: AppDeps): void {
  readingRoutes(app, deps);
  writingRoutes(app, deps);
}

function deskOf({ fences }: AppDeps): FenceDesk {
  if (fences !== undefined) return fences;
  throw new Problematic(503, 'request/unavailable', 'This server was started without what reads fences.');
}

const editable = (desk: FenceDesk, stored: StoredFence): EditableFence => ({
  ...{ fenceId: stored.fenceId, version: stored.version, changedAt: stored.changedAt },
  feature: desk.feature(stored) as FenceSource,
});

/** The one fence of a feature, or the sentence that says why it is none. */
function readOne(desk: FenceDesk, feature: FenceSource): NewFence {
  const { fences, problems } = desk.read(JSON.stringify(feature), undefined);
  const [problem] = problems;
  const [fence] = fences;
  if (fence !== undefined && problem === undefined) return fence;
  const sentence = (problem ?? 'it is no fence').replace(/^feature( \(“[^”]*”\))?: /, '');
  throw new Problematic(422, 'fence/invalid', `This is no fence: ${sentence}.`);
}

function readingRoutes(app: App, deps: AppDeps): void {
  const { database } = deps;
  app.get(
    '/api/fences/list',
    {
      config: { role: 'viewer' },
      schema: { summary: 'Geofences without their shapes', response: { 200: Type.Array(FenceListRow) } },
    },
    (request) => database.withFleet(whoAsks(request).fleet.id, fenceList),
  );

  app.get(
    '/api/fences/export',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'Geofences with their policies as GeoJSON that imports to the same, of one set or all',
        querystring: OfSet,
        response: { 200: FenceFile },
      },
    },
    async (request) => {
      const { set } = request.query;
      const rows = await database.withFleet(whoAsks(request).fleet.id, (query) => fencesOfSet(query, set));
      const features = rows.map((row) => deskOf(deps).feature(row) as FenceSource);
      return { type: 'FeatureCollection' as const, features };
    },
  );

  app.get(
    '/api/fences/export.kml',
    {
      config: { role: 'viewer' },
      schema: { summary: 'The outlines of geofences as KML, of one set or all', querystring: OfSet },
    },
    async (request, reply) => {
      const { set } = request.query;
      const rows = await database.withFleet(whoAsks(request).fleet.id, (query) => fencesOfSet(query, set));
      return reply.type('application/vnd.google-earth.kml+xml').send(deskOf(deps).kml(rows));
    },
  );

  app.get(
    '/api/fences/:fenceId',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'One geofence as it was drawn, with its policy and version',
        params: Params,
        response: { 200: EditableFence },
      },
    },
    async (request) => {
      const { fenceId } = request.params;
      const stored = await database.withFleet(whoAsks(request).fleet.id, (query) =>
        fenceById(query, fenceId),
      );
      return editable(deskOf(deps), stored);
    },
  );
}

function writingRoutes(app: App, deps: AppDeps): void {
  const { database } = deps;
  app.post(
    '/api/fences',
    {
      config: { role: 'dispatcher' },
      bodyLimit: FEATURE_BYTES,
      schema: {
        summary: 'Make a geofence of a GeoJSON Feature',
        body: Type.Object({ feature: FenceSource }),
        response: { 200: EditableFence },
      },
    },
    async (request) => {
      const me = whoAsks(request);
      const desk = deskOf(deps);
      const fence = readOne(desk, request.body.feature);
      const write = { write: true };
      return editable(
        desk,
        await database.withFleet(me.fleet.id, (query) => addFence(query, me, fence), write),
      );
    },
  );

  app.post(
    '/api/fences/:fenceId',
    {
      config: { role: 'dispatcher' },
      bodyLimit: FEATURE_BYTES,
      schema: {
        summary: 'Change a geofence: name, set, kind, shape and policy; what it was stays as a version',
        params: Params,
        body: FenceEdit,
        response: { 200: EditableFence },
      },
    },
    async (request) => {
      const me = whoAsks(request);
      const desk = deskOf(deps);
      const { fenceId } = request.params;
      const edit = { fence: readOne(desk, request.body.feature), version: request.body.version };
      const changed = await database.withFleet(
        me.fleet.id,
        (query) => changeFence(query, me, fenceId, edit),
        { write: true },
      );
      return editable(desk, changed);
    },
  );

  app.post(
    '/api/fences/:fenceId/delete',
    {
      config: { role: 'dispatcher' },
      schema: {
        summary: 'Delete a geofence; what happened at it stays',
        params: Params,
        response: { 200: Type.Object({ done: Type.Literal(true) }) },
      },
    },
    async (request) => {
      const me = whoAsks(request);
      const { fenceId } = request.params;
      const remove = (query: Parameters<typeof deleteFence>[0]) => deleteFence(query, me, fenceId);
      await database.withFleet(me.fleet.id, remove, { write: true });
      return { done: true as const };
    },
  );

  app.post(
    '/api/fences/import',
    {
      config: { role: 'dispatcher' },
      bodyLimit: IMPORT_BYTES,
      schema: {
        summary: 'Bring in geofences of GeoJSON: all of them, or none and why not by feature',
        body: FenceImport,
        response: { 200: FencesImported, 422: ImportProblem },
      },
    },
    async (request, reply) => {
      const me = whoAsks(request);
      const { fences, problems } = deskOf(deps).read(request.body.geojson, request.body.set);
      if (problems.length > 0 || fences.length === 0) {
        const refused =
          problems.length === 1 ? '1 feature is no fence' : `${problems.length} features are no fences`;
        const why = problems.length === 0 ? 'there is no fence in it' : refused;
        const lines = problems.slice(0, 200).map(lineProblem);
        const message = `Nothing was imported: ${why}.`;
        return await reply.code(422).send({ statusCode: 422, code: 'import/invalid', message, lines });
      }
      const bring = (query: Parameters<typeof importFences>[0]) => importFences(query, me, fences);
      return await database.withFleet(me.fleet.id, bring, { write: true, timeout: 60_000 });
    },
  );
}

/** “feature 3 (“Yard”): it has no geometry” by the number of the feature, or of the line. */
function lineProblem(problem: string): { line: number; message: string } {
  const found = /^(?:line|feature) ?(\d+)?(?: \(.*?\))?: (.*)$/s.exec(problem);
  return { line: Number(found?.[1] ?? 1), message: found?.[2] ?? problem };
}
