import { expect, test } from 'vitest';
import { scenarios } from '../../simulator/scenario/scenario.ts';
import { loadCommand } from '../verbs.ts';
import { linesOf, loadFigures, withStored } from './figures.ts';
import { findK6 } from './k6-program.ts';
import { type LoadSetup, loadOfScenario } from './setup.ts';

const setup: LoadSetup = {
  summaryFile: 'summary.json',
  dashboardUrl: '',
  mqttUrl: 'mqtt://127.0.0.1:1883',
  user: { email: '', password: 'never-told' },
  gateway: { username: 'gateway:replay/platform', password: 'never-told' },
  fleet: 'replay',
  ...loadOfScenario(scenarios['quiet-day']!),
  users: 4,
  seconds: 10,
  rate: 6,
  decides: false,
};

const summaryWith = (isMet: boolean) => ({
  state: { testRunDurationMs: 10_234.5 },
  metrics: {
    vus: { type: 'gauge', contains: 'default', values: { value: 4 } },
    mqtt_acknowledged: { type: 'counter', contains: 'default', values: { count: 60, rate: 5.99999 } },
    mqtt_puback: {
      type: 'trend',
      contains: 'time',
      values: { 'p(95)': 612.5 },
      thresholds: { 'p(95)<500': { ok: isMet }, 'p(99)<2000': { ok: true } },
    },
  },
});

test('loadFigures() passes only what met every threshold, and tells no password', () => {
  const met = loadFigures('mqtt', setup, '1.3.0', summaryWith(true));
  expect(met.passed).toBe(true);
  expect(met.metrics).toEqual({ mqtt_acknowledged: { count: 60, rate: 6 }, mqtt_puback: { 'p(95)': 612.5 } });
  const missed = loadFigures('mqtt', setup, '1.3.0', summaryWith(false));
  expect(missed.passed).toBe(false);
  expect(linesOf(missed).filter((line) => line.includes('NOT met'))).toEqual([
    'mqtt_puback        p(95)<500  NOT met',
  ]);
  expect(JSON.stringify(missed)).not.toContain('never-told');
});

test('withStored() lets nothing pass that lost an acknowledged fix', () => {
  const met = loadFigures('mqtt', setup, '1.3.0', summaryWith(true));
  // More may be stored than was acknowledged in time.
  expect(withStored(met, 61, 60)).toMatchObject({ stored: 61, lost: 0, passed: true });
  expect(withStored(met, 58, 60)).toMatchObject({ stored: 58, lost: 2, passed: false });
});

test('loadOfScenario() takes vans, interval and place from the scenario that the simulator drives', () => {
  const { vans, intervalSeconds, origin } = loadOfScenario(scenarios['soak-100k']!);
  expect({ vans, intervalSeconds }).toEqual({ vans: 100_000, intervalSeconds: 10 });
  expect(origin).toEqual({ lng: expect.any(Number), lat: expect.any(Number) });
});

test('findK6() says in a sentence how to get k6, when there is none', async () => {
  await expect(findK6('/nowhere/k6', '')).rejects.toMatchObject({
    code: 'tool/missing',
    sentence: expect.stringContaining('K6_BIN names /nowhere/k6, which is no program — install k6'),
  });
});

test('load refuses a kind that it does not know', async () => {
  const { run } = await loadCommand('load');
  const io = {
    stdout() {},
    stderr() {},
    environment: {},
    signal: new AbortController().signal,
    now: () => 0,
  };
  await expect(run(['smtp'], io)).rejects.toThrow('load takes one of http, live, mqtt, not “smtp”');
});
