import { expect, test } from 'vitest';
import { metrics } from '../schemas/metrics.ts';
import { openMetrics, serveMetrics } from './metrics.ts';

test('serveMetrics() shows the figures of several processes apart, in the text format', async () => {
  const [ingest, engine] = [openMetrics('ingest'), openMetrics('engine')];
  ingest.count('paceline_ingest_fixes_total', 3);
  ingest.count('paceline_ingest_fixes_total');
  ingest.count('paceline_ingest_rejections_total', 2, 'json');
  engine.observe('paceline_pool_run_seconds', 0.3, 'foldVehicles');
  engine.set('paceline_engine_late_vehicles', 7);
  const all = async () => [await ingest.figures(), await engine.figures()];
  await using server = await serveMetrics({ host: '127.0.0.1', port: 0 }, all);
  const answer = await fetch(server.url);
  expect(answer.headers.get('content-type')).toContain('text/plain');
  const lines = (await answer.text()).split('\n');
  expect(lines).toContain('paceline_ingest_fixes_total{process="ingest"} 4');
  expect(lines).toContain('paceline_ingest_rejections_total{reason="json",process="ingest"} 2');
  expect(lines).toContain('paceline_engine_late_vehicles{process="engine"} 7');
  expect(lines).toContain(
    'paceline_pool_run_seconds_bucket{le="0.1",task="foldVehicles",process="engine"} 0',
  );
  expect(lines).toContain(
    'paceline_pool_run_seconds_bucket{le="0.5",task="foldVehicles",process="engine"} 1',
  );
  const memory = lines.filter((line) => line.startsWith('process_resident_memory_bytes{'));
  expect(memory).toHaveLength(2);
});

test('serveMetrics() says which port is taken', async () => {
  await using first = await serveMetrics({ host: '127.0.0.1', port: 0 }, async () => []);
  const port = Number(new URL(first.url).port);
  await expect(serveMetrics({ host: '127.0.0.1', port }, async () => [])).rejects.toThrow(
    `port ${port} on 127.0.0.1 is taken`,
  );
});

test('every metric is named after its kind and unit, and says what it is', () => {
  for (const [name, { kind, help }] of Object.entries(metrics)) {
    expect(name).toMatch(/^paceline_[a-z_]+$/);
    expect(name.endsWith('_total')).toBe(kind === 'counter');
    expect(help).toMatch(/^[A-Z].*\.$/);
  }
});
