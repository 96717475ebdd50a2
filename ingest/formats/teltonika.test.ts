import { expect, test } from 'vitest';
import { fixFlags } from '../../schemas/reasons.ts';
import { mpsFromKmh } from '../../schemas/units.ts';
import { hear } from '../testing/foreign.ts';
import { avlLinesOf, avlTable, avlValue } from './teltonika-avl.ts';
import { crc16, decodeFrame, imeiOf } from './teltonika-codec.ts';

const topic = '$aws/things/352093081452251/shadow/update';
const real = Math.fround;
const reported = {
  ...{ ts: 1_698_922_776_030, pr: 1, latlng: '52.370216,4.895168', alt: 3, ang: 182, sat: 11, sp: 37 },
  ...{ evt: 253, 239: 1, 240: 1, 21: 4, 69: 1, 181: 14, 182: 8, 66: 13_922, 16: 6_870_123, 199: 1450 },
  ...{ 253: 2, 254: 43, 243: 1200, 250: 1, 251: 0, 89: 62, 36: 1500, 17: 45, 18: -11, 19: 988 },
};
const message = (fields: object = {}) => ({ state: { reported: { ...reported, ...fields } } });

test('teltonika reads Codec JSON with its AVL elements and the event that made it report', () => {
  expect(hear(topic, message())).toEqual({
    fixes: [
      {
        ...{ at: 1_698_922_776.03, lat: 52.370216, lng: 4.895168, altitude: 3, heading: 182, satellites: 11 },
        ...{ speed: real(mpsFromKmh(37)), ignition: true, odometer: 6_870_123, fuel: real(0.62), rpm: 1500 },
        ...{ events: [{ type: 'harsh_braking', value: 0.43 }], flags: 0 },
      },
    ],
    rejections: [],
    notes: [],
  });
});

test.each([
  {
    quirk: 'numbers as text',
    fields: { alt: '0', sp: '37', ts: '1698922776030' },
    fix: { altitude: 0, flags: 0 },
  },
  {
    quirk: 'no satellites',
    fields: { latlng: '0,0', sat: 0 },
    fix: { flags: fixFlags.zero | fixFlags.doubted },
  },
  {
    quirk: 'a clock of 2004, before it is set',
    fields: { ts: 1_072_915_236_000 },
    fix: { at: 1_072_915_236, flags: fixFlags.clock_past },
  },
  { quirk: 'a receiver without a fix', fields: { 69: 2 }, fix: { flags: fixFlags.doubted } },
  {
    quirk: 'an odometer only of the vehicle, in kilometres',
    fields: { 16: undefined, 389: 123_456 },
    fix: { odometer: 123_456_000 },
  },
  { quirk: 'an open door', fields: { 662: 1 }, fix: { door: true } },
  { quirk: 'no event, when it reports by the clock', fields: { evt: 0 }, fix: { events: undefined } },
  {
    quirk: 'overspeeding, in m/s',
    fields: { evt: 255, 255: 90 },
    fix: { events: [{ type: 'overspeeding', value: 25 }] },
  },
  { quirk: 'a zone left', fields: { evt: 157, 157: 0 }, fix: { events: [{ type: 'zone_exit', value: 3 }] } },
  {
    quirk: 'ignition off',
    fields: { evt: 239, 239: 0 },
    fix: { ignition: false, events: [{ type: 'ignition_off' }] },
  },
])('teltonika reads $quirk', ({ fields, fix }) => {
  const { fixes, rejections } = hear(topic, message(fields));
  expect(rejections).toEqual([]);
  expect({ events: undefined, ...fixes[0] }).toMatchObject(fix);
});

test('teltonika takes any realm of a broker that puts it in front, and answers to commands are no data', () => {
  expect(hear('master/client9/teltonika/352093081452251/data', message()).fixes).toHaveLength(1);
  expect(hear('teltonika/352093081452251/data', { RSP: 'ok' })).toMatchObject({
    fixes: [],
    rejections: [],
    notes: [expect.any(String)],
  });
});

test('avlValue() takes a signed value that came as unsigned, and scales', () => {
  const of = (id: number, raw: number) => avlValue(avlTable.get(id) ?? expect.fail(`${id}`), raw);
  expect(of(17, 64_577)).toBe(-959);
  expect(of(17, 45)).toBe(45);
  expect(of(66, 13_922)).toBeCloseTo(13.922, 9);
  expect(of(32, 236)).toBe(-20);
});

test('avlLinesOf() makes lines of the table from rows of Teltonika’s list', () => {
  const rows = [
    ['66', 'External Voltage', '2', 'Unsigned', '0', '65535', '0.001', 'V'],
    ['17', 'Axis X', '2', 'Signed', '-8000', '8000', '1', 'mG'],
    ['256', 'VIN', '17', 'ASCII', '0', '0', '1', ''],
  ];
  expect(avlLinesOf(rows)).toEqual(['66 2 u 0.001 V external_voltage', '17 2 s 1 mG axis_x']);
});

/** A frame as a device would send it. */
function frameOf(codec: number, records: readonly string[], count = records.length): Buffer {
  const number = count.toString(16).padStart(2, '0');
  const data = Buffer.from(
    `${codec.toString(16).padStart(2, '0')}${number}${records.join('')}${number}`,
    'hex',
  );
  const frame = Buffer.alloc(8 + data.length + 4);
  frame.writeUInt32BE(data.length, 4);
  data.copy(frame, 8);
  frame.writeUInt32BE(crc16(data), 8 + data.length);
  return frame;
}

// 1,698,922,776,030 ms, high priority, lng 4.895168, lat 52.370216, 3 m, 182°, 11 satellites, 37 km/h.
const gps = '0000018b8fb045de0102eaf1801f370f90000300b60b0025';

test.each([
  { codec: 0x08, io: 'ef' + '03' + '02ef01f001' + '01423662' + '00' + '00' },
  { codec: 0x08, io: 'ef' + '03' + '02ef01f001' + '01423662' + '00' + '00' + '00' },
  { codec: 0x10, io: '00ef' + '05' + '03' + '0200ef0100f001' + '0100423662' + '00' + '00' },
  { codec: 0x8e, io: '00ef' + '0003' + '000200ef0100f001' + '000100423662' + '0000' + '0000' + '0000' },
])('decodeFrame() reads codec $codec with $io', ({ codec, io }) => {
  const frame = decodeFrame(frameOf(codec, [`${gps}${io}`, `${gps}${io}`]));
  const record = {
    ...{
      ms: 1_698_922_776_030,
      priority: 1,
      altitude: 3,
      angle: 182,
      satellites: 11,
      speedKmh: 37,
      event: 239,
    },
    ...{ lng: 4.895168, lat: 52.370216 },
    io: new Map([
      [239, 1],
      [240, 1],
      [66, 13_922],
    ]),
  };
  expect(frame).toEqual({ kind: 'records', codec, records: [record, record] });
});

const one = `${gps}00000000000000`.slice(0, -2);

test.each([
  { frame: Buffer.alloc(0), reason: 'not_a_frame' },
  { frame: Buffer.from('000f313233343536373839303132333435', 'hex'), reason: 'not_a_frame' },
  { frame: frameOf(0x08, [one]).subarray(0, -3), reason: 'length' },
  { frame: Buffer.concat([frameOf(0x08, [one]), Buffer.from([0])]), reason: 'length' },
  { frame: frameOf(0x08, [one]).fill(1, 20, 21), reason: 'crc' },
  { frame: frameOf(0x0c, [one]), reason: 'codec' },
  { frame: frameOf(0x08, [one], 2), reason: 'records' },
  { frame: frameOf(0x08, [one.slice(0, -8)]), reason: 'records' },
])('decodeFrame() refuses with $reason', ({ frame, reason }) => {
  expect(decodeFrame(frame)).toMatchObject({ kind: 'refused', reason });
});

test('teltonika reads a frame that a gateway passes on over MQTT, and keeps a broken one with its reason', () => {
  const frame = frameOf(0x08, [`${gps}ef0302ef01f001014236620000`]);
  expect(hear('teltonika/352093081452251/data', frame).fixes).toMatchObject([
    { ignition: true, satellites: 11, events: [{ type: 'ignition_on' }] },
  ]);
  expect(hear('teltonika/352093081452251/data', frame.fill(9, 12, 13)).rejections).toEqual([
    { reason: 'crc', detail: expect.stringMatching(/^crc:/) },
  ]);
});

test('imeiOf() reads the log-in of a device', () => {
  expect(imeiOf(Buffer.from('000f313233343536373839303132333435', 'hex'))).toBe('123456789012345');
  expect(imeiOf(Buffer.from('000e313233343536373839303132333435', 'hex'))).toBeUndefined();
  expect(imeiOf(Buffer.alloc(0))).toBeUndefined();
});
