import { expect, test } from 'vitest';
import { grantedFilter, publishing } from '../access/access.ts';
import type { Identity } from '../access/credentials.ts';
import { hear } from '../testing/foreign.ts';
import { deviceNamed, FormatRegistry } from './registry.ts';
import { settingsOf } from './settings.ts';

const registry = new FormatRegistry();
const device: Identity = { kind: 'device', fleet: 'a', device: 'v1' };
const gateway: Identity = { kind: 'gateway', fleet: 'a', gateway: 'g' };
const service: Identity = { kind: 'service' };

test.each([
  { topic: 'owntracks/anybody/v1', device: 'v1', gateway: 'v1' },
  { topic: 'owntracks/device:a/v1/phone', device: 'v1', gateway: 'v1' },
  { topic: 'owntracks/v1/v2', device: undefined, gateway: 'v2' },
  { topic: 'owntracks/v1', device: undefined, gateway: undefined },
  { topic: 'traccar/v2', device: undefined, gateway: 'v2' },
  { topic: 'traccar', device: 'v1', gateway: 'nameless' },
  { topic: 'v1/devices/me/telemetry', device: 'v1', gateway: 'nameless' },
  { topic: 'flespi/message/gw/channels/9/v1', device: 'v1', gateway: 'v1' },
  { topic: '$aws/things/v1/shadow/update', device: 'v1', gateway: 'v1' },
  { topic: 'any/client/teltonika/v2/data', device: undefined, gateway: 'v2' },
  { topic: 'fleet/b/teltonika/v1/data', device: undefined, gateway: undefined },
  { topic: '$SYS/x/teltonika/v1/data', device: undefined, gateway: undefined },
  { topic: 'traccar/v 1', device: undefined, gateway: undefined },
  { topic: 'elsewhere/v1', device: undefined, gateway: undefined },
])('publishing() binds $topic to $device for a device, $gateway for a gateway', (row) => {
  const boundTo = (identity: Identity) => {
    const what = publishing(identity, row.topic, registry);
    if (what.kind === 'data') expect(what.fleet).toBe('a');
    return what.kind === 'data' ? what.device : what.kind === 'nameless' ? 'nameless' : undefined;
  };
  expect([boundTo(device), boundTo(gateway)]).toEqual([row.device, row.gateway]);
  expect(publishing(service, row.topic, registry).kind).toBe('refused');
});

test.each([
  { filter: 'fleet/a/device/v1/command', granted: 'fleet/a/device/v1/command' },
  { filter: 'owntracks/+/+', granted: 'fleet/a/device/v1/silence' },
  { filter: '$aws/things/v1/shadow/update/delta', granted: 'fleet/a/device/v1/silence' },
  { filter: 'fleet/a/device/v2/command', granted: undefined },
  { filter: '+/+/+', granted: undefined },
  { filter: '#', granted: undefined },
  { filter: '$share/g/owntracks/#', granted: undefined },
])('grantedFilter() gives a device $granted for $filter', ({ filter, granted }) => {
  expect(grantedFilter(device, filter, registry)).toBe(granted);
  // The service is ours, and the doctor listens with it.
  const ofService = granted === undefined && !filter.startsWith('fleet/') ? undefined : filter;
  expect(grantedFilter(service, filter, registry)).toBe(ofService);
  expect(publishing(gateway, 'fleet/a/device/v1/silence', registry).kind).toBe('refused');
});

test('deviceNamed() believes a payload that names one device, and none that names two or a strange one', () => {
  const route = registry.find('traccar')?.route ?? expect.fail('no route');
  const named = (...ids: readonly unknown[]) =>
    deviceNamed(
      route,
      Buffer.from(
        JSON.stringify(ids.map((uniqueId) => ({ device: { uniqueId }, position: { latitude: 1 } }))),
      ),
    );
  expect(named('v1')).toBe('v1');
  expect(named('v1', 'v1')).toBe('v1');
  expect(named('v1', 'v2')).toBeUndefined();
  expect(named('a/b')).toBeUndefined();
  expect(named(undefined)).toBeUndefined();
  expect(named({ toString: 1 })).toBeUndefined();
  expect(deviceNamed(route, Buffer.from('?id=v9&lat=1&lon=2'))).toBe('v9');
  expect(deviceNamed(route, Buffer.from('\xff\x00'))).toBeUndefined();
});

const acme = {
  name: 'acme',
  topics: ['acme/{device}/gps'],
  each: 'batch.records',
  device: 'unit',
  fields: {
    ts: { path: 'when', unit: 's' },
    lat: { path: 'pos', part: 0 },
    lng: { path: 'pos', part: 1 },
    speed: { path: '/io/ground.speed', unit: 'mph' },
    odometer: { path: 'io.odo', unit: 'km', scale: 0.1 },
    ignition: { path: 'io.key', truths: ['run', 2] },
    buffered: { constant: true },
    valid: { path: 'ok' },
  },
};
const record = {
  when: 1_790_000_000,
  pos: '45.5, -122.6',
  io: { 'ground.speed': 10, odo: 123_456, key: 'run' },
};

test('a mapping reads JSON that no format knows', () => {
  const settings = settingsOf({ mappings: [acme] });
  if ('problems' in settings) return expect.fail(settings.problems.join());
  const mapped = new FormatRegistry(settings);
  const payload = { batch: { records: [record, { ...record, ok: false }, { when: 'x' }] } };
  const { fixes, rejections } = hear('acme/v1/gps', payload, { registry: mapped });
  const fix = {
    ...{ at: 1_790_000_000, lat: 45.5, lng: -122.6, speed: Math.fround(4.4704), odometer: 12_345_600 },
    ...{ ignition: true, buffered: true },
  };
  expect(fixes).toEqual([
    { ...fix, flags: 0 },
    { ...fix, flags: 16 },
  ]);
  expect(rejections).toEqual([{ reason: 'shape', detail: 'element 2 of 3: when: missing, or not a time' }]);
});

test('settings move a format to other topics, turn one off, and give a device a profile', () => {
  const settings = settingsOf({
    topics: { owntracks: ['phones/{device}'], traccar: [] },
    profiles: { 'a/v1': 'flespi' },
  });
  if ('problems' in settings) return expect.fail(settings.problems.join());
  const other = new FormatRegistry(settings);
  expect(other.find('phones/v1')?.route.formats[0].name).toBe('owntracks');
  expect([other.find('owntracks/u/v1'), other.find('traccar/v1')]).toEqual([undefined, undefined]);
  const own = 'fleet/a/device/v1/telemetry';
  expect(publishing(device, own, other)).toMatchObject({
    kind: 'data',
    route: { formats: [{ name: 'flespi' }] },
  });
  expect(publishing(device, own, registry)).toMatchObject({ kind: 'data', route: undefined });
});

test.each([
  { json: [], problem: /the file: must be object/ },
  { json: { colour: 1 }, problem: /additional properties/ },
  { json: { topics: { owntrack: [] } }, problem: /topics\/owntrack: no such format; known are owntracks/ },
  { json: { topics: { owntracks: ['#'] } }, problem: /topics\/owntracks: “#” needs a level of its own/ },
  { json: { topics: { owntracks: ['fleet/{device}'] } }, problem: /those topics are ours/ },
  { json: { profiles: { v1: 'flespi' } }, problem: /profiles\/v1: name a device as fleet\/device/ },
  {
    json: { mappings: [{ ...acme, fields: { ...acme.fields, speed: { path: 'v' } } }] },
    problem: /mappings\/0\/fields\/speed\/unit: missing; say one of m\/s, km\/h, knots, mph/,
  },
  {
    json: { mappings: [{ ...acme, fields: { ...acme.fields, speed: { path: 'v', unit: 'kmh' } } }] },
    problem: /mappings\/0\/fields\/speed\/unit: must be one of .*not “kmh”/,
  },
  {
    json: { mappings: [{ ...acme, fields: { ...acme.fields, constructor: { path: 'v' } } }] },
    problem: /fields\/constructor: no field of a fix; known are ts,/,
  },
  { json: { mappings: [{ ...acme, fields: {} }] }, problem: /fields\/ts: missing; say where it stands/ },
  { json: { mappings: [acme, acme] }, problem: /mappings\/1\/name: “acme” is taken/ },
  { json: { mappings: [{ ...acme, topics: ['acme/x{device}'] }] }, problem: /knows one placeholder only/ },
])('settingsOf() says what is wrong with $json', ({ json, problem }) => {
  const settings = settingsOf(json);
  expect('problems' in settings ? settings.problems.join('\n') : '').toMatch(problem);
});
