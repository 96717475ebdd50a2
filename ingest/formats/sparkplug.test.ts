import { expect, test } from 'vitest';
import { rebirthCommand } from '../down/rebirths.ts';
import { hear } from '../testing/foreign.ts';
import { sparkplugBytes, type TestMetric } from '../testing/sparkplug-node.ts';
import { Assemblies } from './assemblies.ts';
import { sparkplugPayload } from './sparkplug-payload.ts';

const t = 1_789_999_990_000;
const place = (timestamp: number, lat: number, lng: number, more: Partial<TestMetric> = {}): TestMetric[] => [
  { alias: 1, timestamp, value: lat, ...more },
  { alias: 2, timestamp, value: lng, ...more },
];

/** An edge node with one van; counts its own messages. */
function openNode() {
  const asked: string[] = [];
  const assemblies = new Assemblies((_, session) => void asked.push(session));
  let seq = 0;
  const say = (type: string, metrics: readonly TestMetric[], at = t) => {
    const topic = `spBv1.0/vans/${type}/edge-1/van-7`;
    return hear(topic, sparkplugBytes(at, seq++ % 256, metrics), { assemblies });
  };
  return {
    asked,
    say,
    assemblies,
    skip: () => void seq++,
    birth: () => {
      seq = 0;
      hear('spBv1.0/vans/NBIRTH/edge-1', sparkplugBytes(t, seq++, [{ name: 'bdSeq', alias: 0, int: 0 }]), {
        assemblies,
      });
      return say('DBIRTH', [
        { name: 'Position/Latitude', alias: 1, timestamp: t, value: 45.52 },
        { name: 'Position/Longitude', alias: 2, timestamp: t, value: -122.67 },
        { name: 'Position/Altitude', alias: 3, timestamp: t, int: -12 },
        { name: 'Vehicle/Speed', alias: 4, timestamp: t, value: 36 },
        { name: 'Vehicle/Ignition', alias: 5, timestamp: t, value: true },
      ]);
    },
  };
}

test('sparkplug knows metrics by the aliases of the birth, and keeps what is not said again', () => {
  const node = openNode();
  expect(node.birth().fixes).toEqual([
    { at: t / 1000, lat: 45.52, lng: -122.67, altitude: -12, speed: 10, ignition: true, flags: 0 },
  ]);
  const moved = node.say('DDATA', place(t + 5000, 45.53, -122.68));
  expect(moved.fixes).toMatchObject([
    { at: t / 1000 + 5, lat: 45.53, lng: -122.68, speed: 10, ignition: true },
  ]);
  // Only one half of the place has changed.
  const east = node.say('DDATA', [{ alias: 2, timestamp: t + 10_000, value: -122.69 }]);
  expect(east.fixes).toMatchObject([{ at: t / 1000 + 10, lat: 45.53, lng: -122.69 }]);
  expect(node.say('DDATA', [{ alias: 4, timestamp: t + 11_000, value: 0 }]).notes).toHaveLength(1);
  expect(node.asked).toEqual([]);
});

test('sparkplug takes the metrics of several times in one message, and what is historical as kept on the device', () => {
  const node = openNode();
  node.birth();
  const history = node.say('DDATA', [
    ...place(t - 60_000, 45.4, -122.5, { isHistorical: true }),
    ...place(t - 30_000, 45.45, -122.55, { isHistorical: true }),
  ]);
  expect(history.fixes).toMatchObject([
    { at: t / 1000 - 60, lat: 45.4, buffered: true },
    { at: t / 1000 - 30, lat: 45.45, buffered: true },
  ]);
  expect(history.fixes[0]).not.toHaveProperty('speed');
  // The past is not what it knows now.
  const next = node.say('DDATA', [{ alias: 1, timestamp: t + 5000, value: 45.6 }]);
  expect(next.fixes).toMatchObject([{ lat: 45.6, lng: -122.67 }]);
});

test('sparkplug asks for a birth when its count has a gap, when an alias has no name, and not when it wraps', () => {
  const node = openNode();
  node.birth();
  for (let i = 0; i < 300; i++) node.say('DDATA', [{ alias: 4, timestamp: t, value: i }]);
  expect(node.asked).toEqual([]);
  node.skip();
  expect(node.say('DDATA', place(t + 5000, 45.53, -122.68)).fixes).toHaveLength(1);
  expect(node.asked).toEqual(['vans/edge-1']);
  const unknown = node.say('DDATA', [{ alias: 99, timestamp: t, value: 1 }]);
  expect(unknown.rejections).toMatchObject([
    { reason: 'shape', detail: expect.stringMatching(/^alias 99 has no name/) },
  ]);
  expect(node.asked).toHaveLength(2);
  // After a death its aliases mean nothing any more.
  hear('spBv1.0/vans/NDEATH/edge-1', sparkplugBytes(t, undefined, []), { assemblies: node.assemblies });
  expect(node.say('DDATA', place(t, 1, 1)).rejections).toHaveLength(1);
  expect(node.birth().fixes).toHaveLength(1);
});

test('rebirthCommand() is the NCMD that edge nodes know', () => {
  expect(sparkplugPayload(rebirthCommand(t / 1000))).toEqual({
    timestamp: t,
    seq: undefined,
    metrics: [
      { name: 'Node Control/Rebirth', alias: undefined, timestamp: t, isHistorical: false, value: true },
    ],
  });
});
