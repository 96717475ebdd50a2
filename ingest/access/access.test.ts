import { expect, test } from 'vitest';
import { newSecret } from '../testing/world.ts';
import { maySubscribe, publishing } from './access.ts';
import { type Identity, identityOf, isSecret } from './credentials.ts';

const service: Identity = { kind: 'service' };
const device: Identity = { kind: 'device', fleet: 'a', device: 'v1' };
const gateway: Identity = { kind: 'gateway', fleet: 'a', gateway: 'g' };

test.each([
  { topic: 'fleet/a/device/v1/telemetry', device: 'data', gateway: 'data', service: 'refused' },
  { topic: 'fleet/a/device/v1/stops', device: 'data', gateway: 'data', service: 'refused' },
  { topic: 'fleet/a/device/v1/status', device: 'status', gateway: 'status', service: 'refused' },
  { topic: 'fleet/a/device/v2/telemetry', device: 'refused', gateway: 'data', service: 'refused' },
  { topic: 'fleet/b/device/v1/telemetry', device: 'refused', gateway: 'refused', service: 'refused' },
  { topic: 'fleet/a/device/v1/command', device: 'refused', gateway: 'refused', service: 'traffic' },
  { topic: 'fleet/a/live/positions', device: 'refused', gateway: 'refused', service: 'traffic' },
  { topic: 'fleet/a/live/secrets', device: 'refused', gateway: 'refused', service: 'refused' },
  { topic: '$SYS/x', device: 'refused', gateway: 'refused', service: 'refused' },
  { topic: 'fleet/a/device/v1/telemetry/x', device: 'refused', gateway: 'refused', service: 'refused' },
])(
  'publishing() to $topic is $device for a device, $gateway for a gateway, $service for the service',
  (row) => {
    const kinds = [device, gateway, service].map((identity) => publishing(identity, row.topic).kind);
    expect(kinds).toEqual([row.device, row.gateway, row.service]);
  },
);

test.each([
  { filter: 'fleet/a/device/v1/command', allowed: ['device', 'gateway', 'service'] },
  { filter: 'fleet/a/device/v1/route', allowed: ['device', 'gateway', 'service'] },
  { filter: 'fleet/a/device/+/command', allowed: ['gateway', 'service'] },
  { filter: 'fleet/a/device/v2/route', allowed: ['gateway', 'service'] },
  { filter: 'fleet/a/device/v1/telemetry', allowed: ['service'] },
  { filter: 'fleet/a/device/v1/#', allowed: ['service'] },
  { filter: 'fleet/+/device/v1/command', allowed: ['service'] },
  { filter: 'fleet/b/device/+/command', allowed: ['service'] },
  { filter: 'fleet/a/live/positions', allowed: ['service'] },
  { filter: '#', allowed: [] },
  { filter: '$SYS/#', allowed: [] },
  { filter: '$share/g/fleet/a/device/v1/command', allowed: [] },
])('maySubscribe() lets $allowed listen to $filter', ({ filter, allowed }) => {
  const who = [device, gateway, service].filter((identity) => maySubscribe(identity, filter));
  expect(who.map(({ kind }) => kind)).toEqual(allowed);
});

test.each([
  { username: 'device:a/v1', identity: device },
  { username: 'gateway:a/g', identity: gateway },
  { username: 'a/device/v1', identity: device },
  { username: 'a/gateway/g', identity: gateway },
  { username: 'a/service/g', identity: undefined },
  { username: 'office', identity: service },
  { username: 'service', identity: undefined },
  { username: 'device:a/v1/x', identity: undefined },
  { username: 'device:a/+', identity: undefined },
  { username: 'device:/v1', identity: undefined },
  { username: '', identity: undefined },
])('identityOf() takes $username for $identity', ({ username, identity }) => {
  expect(identityOf(username, 'office')).toEqual(identity);
});

test('isSecret() knows the secret, and no other, and no other form of hash', () => {
  const { secret, kept } = newSecret();
  expect(isSecret(Buffer.from(secret), kept)).toBe(true);
  expect(isSecret(Buffer.from(`${secret}x`), kept)).toBe(false);
  for (const form of ['', 'sha256$$', `plain$x$${secret}`, `${kept}$x`]) {
    expect(isSecret(Buffer.from(secret), form), form).toBe(false);
  }
});
