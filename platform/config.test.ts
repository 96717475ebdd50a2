import { expect, test } from 'vitest';
import { Fault } from '../schemas/fault.ts';
import { readConfig } from './config.ts';

const faultOf = (run: () => unknown): Fault => {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
  }
  throw new Error('no fault');
};

test('readConfig() is everything embedded, when nothing is set', () => {
  expect(readConfig({ PORT: '' })).toMatchObject({
    databaseUrl: undefined,
    clickhouse: { kind: 'embedded' },
    broker: { kind: 'embedded', host: '127.0.0.1', port: 1883 },
    http: { host: '127.0.0.1', port: 8080 },
    simulator: { enabled: true, vans: undefined },
  });
});

test('readConfig() prefers flags to the environment', () => {
  const config = readConfig({ PORT: '1', PACELINE_DATA: '/a' }, { PORT: '2', PACELINE_SIMULATOR: 'off' });
  expect(config).toMatchObject({ http: { port: 2 }, dataFolder: '/a', simulator: { enabled: false } });
});

test('readConfig() takes no URL that nobody can connect to', () => {
  const urls = ['mqtt://broker:99999', 'mqtt://'];
  for (const MQTT_URL of urls) expect(faultOf(() => readConfig({ MQTT_URL })).message).toContain('MQTT_URL');
  expect(faultOf(() => readConfig({ DATABASE_URL: 'postgres://host:99999/x' })).code).toBe('config/invalid');
  expect(faultOf(() => readConfig({ CLICKHOUSE_URL: 'http://:1/' })).code).toBe('config/invalid');
  const socket = 'postgres:///paceline?host=/run/postgresql';
  expect(readConfig({ DATABASE_URL: socket, CLICKHOUSE_URL: 'off' }).databaseUrl).toBe(socket);
});

test('readConfig() names everything that is wrong at once, and shows no secret', () => {
  const fault = faultOf(() =>
    readConfig({
      PORT: 'http',
      MQTT_PORT: '70000',
      DATABASE_URL: 'mysql://me:hush@host/',
      PACELINE_SIMULATOR: 'yes',
    }),
  );
  expect(fault.code).toBe('config/invalid');
  for (const name of ['PORT', 'MQTT_PORT', 'DATABASE_URL', 'PACELINE_SIMULATOR']) {
    expect(fault.message).toContain(name);
  }
  expect(fault.message).not.toContain('hush');
});

test('readConfig() refuses one port for two servers', () => {
  expect(faultOf(() => readConfig({ PORT: '1883' })).message).toContain('must differ');
  expect(readConfig({ PORT: '0', MQTT_PORT: '0' }).http.port).toBe(0);
});
