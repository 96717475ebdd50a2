import Type from 'typebox';
import { Problem } from '../../api.ts';
import { openBasemap } from '../basemap.ts';
import type { App, AppDeps } from '../deps.ts';
import { Problematic } from '../problems.ts';

/** The map under the vans; the same for every fleet. */
export function basemapRoutes(app: App, { basemapFile }: AppDeps): void {
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
