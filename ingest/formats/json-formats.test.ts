import { expect, test } from 'vitest';
import { fixFlags } from '../../schemas/reasons.ts';
import { mpsFromKmh } from '../../schemas/units.ts';
import { hear, received } from '../testing/foreign.ts';

const real = Math.fround;

test('flespi reads an array, km/h and kilometres, and what it says of buffering, harshness and validity', () => {
  const full = {
    ...{ ident: '352093081452251', timestamp: 1_700_000_000.25, 'server.timestamp': 1_700_000_000.91 },
    ...{ 'position.latitude': 43.955218, 'position.longitude': 37.66191, 'position.altitude': 244 },
    ...{ 'position.speed': 37, 'position.direction': 281, 'position.satellites': 11, 'position.hdop': 0.3 },
    ...{ 'position.valid': true, 'engine.ignition.status': true, 'vehicle.mileage': 15_734.2 },
    ...{ 'can.fuel.level': 54, 'can.engine.rpm': 1800, 'message.buffered.status': false },
    ...{ 'harsh.braking.event.trigger': true, 'overspeeding.event.trigger': false, 'record.seqnum': 8165 },
  };
  const lost = { ident: '1', timestamp: 946_684_840, 'position.latitude': 10.1, 'position.longitude': 20.8 };
  const { fixes, rejections } = hear('flespi/message/gw/devices/182083', [
    full,
    { ...lost, 'position.valid': false, 'ain#4': 0 },
    { ident: '1', timestamp: 946_684_840, 'battery.voltage': 4 },
  ]);
  expect(fixes).toEqual([
    {
      ...{ at: 1_700_000_000.25, lat: 43.955218, lng: 37.66191, altitude: 244, speed: real(mpsFromKmh(37)) },
      ...{ heading: 281, satellites: 11, ignition: true, odometer: 15_734_200, fuel: real(0.54), rpm: 1800 },
      ...{ buffered: false, events: [{ type: 'harsh_braking' }], flags: 0 },
    },
    { at: 946_684_840, lat: 10.1, lng: 20.8, flags: fixFlags.clock_past | fixFlags.doubted },
  ]);
  expect(rejections).toEqual([
    { reason: 'shape', detail: 'element 2 of 3: position.latitude: missing, or not a number of degrees' },
  ]);
});

const feature = {
  ...{ type: 'Feature', id: 'van-102:1695218602250' },
  geometry: { type: 'Point', coordinates: [-122.6765, 45.5231, 12] },
  properties: {
    deviceId: 'van-102',
    time: '2026-09-20T14:03:22.250Z',
    speed: 10.4,
    heading: 182,
    accuracy: 5,
  },
};
const featureFix = {
  ...{ at: Date.UTC(2026, 8, 20, 14, 3, 22, 250) / 1000, lng: -122.6765, lat: 45.5231, altitude: 12 },
  ...{ speed: real(10.4), heading: 182, accuracy: 5 },
};

test('geojson reads longitude before latitude and metres per second, alone and as a collection', () => {
  const { fixes } = hear('geojson/van-102', feature);
  expect(fixes).toEqual([{ ...featureFix, flags: 0 }]);
  const area = { ...feature, geometry: { type: 'Polygon', coordinates: [] } };
  const both = hear('geojson/van-102', { type: 'FeatureCollection', features: [feature, area] });
  expect(both.fixes).toEqual(fixes);
  expect(both.rejections).toEqual([
    { reason: 'shape', detail: expect.stringMatching(/element 1 of 2: geometry.type: must be Point/) },
  ]);
});

test('thingsboard reads values with their time, an array of them, and values alone as of now', () => {
  const values = { latitude: 45.52, longitude: -122.67, speed: 36, fuel: 3 };
  const topic = 'v1/devices/me/telemetry';
  const place = { lat: 45.52, lng: -122.67, speed: 10, flags: 0 };
  const timed = { ts: 1_695_218_602_250, values };
  expect(hear(topic, timed).fixes).toEqual([{ at: 1_695_218_602.25, ...place }]);
  expect(hear(topic, [timed, timed]).fixes).toHaveLength(2);
  expect(hear(topic, values).fixes).toEqual([{ at: received, ...place }]);
  expect(hear(topic, { ts: 1_695_218_602_250, values: { temperature: 4 } }).rejections).toMatchObject([
    { detail: expect.stringMatching(/^values.latitude/) },
  ]);
});

test('aws-shadow reads its envelope and AWS’s simulator, whose times have nine digits and no zone', () => {
  const topic = '$aws/things/van-7/shadow/update';
  const simulated = {
    ...{ timestamp: '2026-09-20 14:03:22.250000000', trip_id: 't', VIN: 'V', speed: 36 },
    location: { latitude: 45.5, longitude: -122.6 },
  };
  const fix = { at: featureFix.at, lat: 45.5, lng: -122.6, speed: 10, flags: 0 };
  expect(hear(topic, simulated).fixes).toEqual([fix]);
  const enveloped = {
    state: { reported: { lat: '45.5', lng: '-122.6', speed: 36 } },
    timestamp: 1_695_218_602,
  };
  expect(hear(topic, enveloped).fixes).toEqual([{ ...fix, at: 1_695_218_602 }]);
  expect(hear(topic, { state: { desired: { interval: 5 } } })).toMatchObject({ fixes: [], rejections: [] });
});

test('vss reads flat paths and trees, doors and belts of old releases and new, and a reversing van', () => {
  const flat = {
    ...{ vin: '1FTB', ts: '2026-09-20T14:03:22.250Z', 'Vehicle.Speed': -3.6 },
    ...{ 'Vehicle.CurrentLocation.Latitude': 45.5, 'Vehicle.CurrentLocation.Longitude': -122.6 },
    ...{ 'Vehicle.LowVoltageSystemState': 'ON', 'Vehicle.TraveledDistance': 123_456 },
    ...{ 'Vehicle.Powertrain.TractionBattery.StateOfCharge.Current': 80 },
    ...{ 'Vehicle.Cabin.Door.Row1.DriverSide.IsOpen': false, 'Vehicle.Cabin.Door.Row2.Right.IsOpen': true },
    'Vehicle.Cabin.Seat.Row1.Left.IsBelted': true,
  };
  const fix = {
    ...{ at: featureFix.at, lat: 45.5, lng: -122.6, speed: 1, ignition: true, odometer: 123_456 },
    ...{ soc: real(0.8), door: true, belt: true, flags: 0 },
  };
  expect(hear('vss/van-7', flat).fixes).toEqual([fix]);
  const tree = {
    Vehicle: {
      ...{ Speed: { value: 36, ts: 'x' }, LowVoltageSystemState: 'UNDEFINED' },
      CurrentLocation: {
        ...{ Latitude: 45.5, Longitude: -122.6, Timestamp: '2026-09-20T14:03:22.250Z' },
        GNSSReceiver: { FixType: 'NONE' },
      },
    },
  };
  expect(hear('vss/van-7', tree).fixes).toEqual([
    { at: featureFix.at, lat: 45.5, lng: -122.6, speed: 10, flags: fixFlags.doubted },
  ]);
});
