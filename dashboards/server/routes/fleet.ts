import Type from 'typebox';
import { DepotRow, EventRow, FenceFeatures, Problem, VehicleRow } from '../../api.ts';
import { events } from '../../queries/events.ts';
import { depots, fences } from '../../queries/places.ts';
import { vehicles } from '../../queries/vehicles.ts';
import { openBasemap } from '../basemap.ts';
import type { App, AppDeps } from '../deps.ts';
import { fenceFeature } from '../fence-feature.ts';
import { Problematic } from '../problems.ts';
import { whoAsks } from '../session.ts';

/** Where things are: vehicles, depots, fences, what happened there, and the map under them. */
export function fleetRoutes(app: App, { database, basemapFile }: AppDeps): void {
  app.get(
    '/api/vehicles',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'Every vehicle with its newest good fix and its route of the day',
        response: { 200: Type.Array(VehicleRow) },
      },
    },
    (request) => database.withFleet(whoAsks(request).fleet.id, vehicles),
  );

  app.get(
    '/api/depots',
    { config: { role: 'viewer' }, schema: { summary: 'Depots', response: { 200: Type.Array(DepotRow) } } },
    (request) => database.withFleet(whoAsks(request).fleet.id, depots),
  );

  app.get(
    '/api/fences',
    {
      config: { role: 'viewer' },
      schema: { summary: 'Geofences as GeoJSON', response: { 200: FenceFeatures } },
    },
    async (request): Promise<FenceFeatures> => {
      const rows = await database.withFleet(whoAsks(request).fleet.id, fences);
      return { type: 'FeatureCollection', features: rows.map(fenceFeature) };
    },
  );

  app.get(
    '/api/events',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'The newest geofence crossings and stop visits',
        querystring: Type.Object({
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
        }),
        response: { 200: Type.Array(EventRow) },
      },
    },
    (request) =>
      database.withFleet(whoAsks(request).fleet.id, (query) => events(query, request.query.limit ?? 100)),
  );

  const basemap = openBasemap(basemapFile);
  app.get(
    '/api/basemap',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'The base map: GeoJSON lines (class) and areas (kind)',
        response: { 200: Type.Unknown(), 304: Type.Null(), 404: Problem },
      },
    },
    async (request, reply) => {
      const map = await basemap();
      if (!map) {
        throw new Problematic(
          404,
          'basemap/missing',
          'This installation has no base map; vans are drawn without one.',
        );
      }
      reply.header('etag', map.etag).header('cache-control', 'private, no-cache');
      if (request.headers['if-none-match'] === map.etag) return reply.code(304).send(null);
      const accepts = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
      if (accepts) reply.header('content-encoding', 'gzip');
      reply.header('vary', 'accept-encoding').type('application/geo+json');
      return reply.send(accepts ? map.gzipped : map.bytes);
    },
  );
}
