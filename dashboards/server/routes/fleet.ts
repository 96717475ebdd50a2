import Type from 'typebox';
import { DepotRow, EventRow, FenceFeatures, VehicleRow } from '../../api.ts';
import { events } from '../../queries/events.ts';
import { depots, fences } from '../../queries/places.ts';
import { vehicles } from '../../queries/vehicles.ts';
import type { App, AppDeps } from '../deps.ts';
import { fenceFeature } from '../fence-feature.ts';
import { whoAsks } from '../session.ts';

/** Where things are: vehicles, depots, fences, and what happened there. */
export function fleetRoutes(app: App, { database }: AppDeps): void {
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
}
