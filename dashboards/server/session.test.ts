import fastify from 'fastify';
import { expect, test } from 'vitest';
import type { Database } from './query.ts';
import { guardRoutes } from './session.ts';

test('guardRoutes() does not let an app start with a route that says not who may call it', () => {
  const app = fastify();
  guardRoutes(app, {} as Database, () => 0);
  expect(() => app.get('/api/forgotten', () => 'everything')).toThrow(
    /GET \/api\/forgotten does not say who may call it/,
  );
  expect(() => app.get('/api/known', { config: { role: 'viewer' } }, () => 'something')).not.toThrow();
});
