import type { OwnMessage } from '../../../schemas/fix.ts';
import { instantFromMs, kmhFromMps, knotsFromMps } from '../../../schemas/units.ts';
import { protobufFixes } from './protobuf.ts';
import { greenDriving, teltonikaFrame } from './teltonika-frames.ts';

/** The ways to say a fix other than our own JSON, as the devices that speak them do. */
export const foreignFormats = [
  'owntracks',
  'traccar',
  'osmand',
  'teltonika',
  'teltonika-frames',
  'protobuf',
] as const;
export type ForeignFormat = (typeof foreignFormats)[number];

/** One message on the wire, with the fixes in it. */
export type ForeignMessage = {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly messages: readonly OwnMessage[];
};

const FRAME_RECORDS_MAX = 255;

/**
 * What of a fix a format can say that decides which fix it is: foreign ones do not count their fixes, and
 * some tell the time in whole seconds. The ledger and the truth go by this.
 */
export function asSaid(message: OwnMessage, format: ForeignFormat): OwnMessage {
  if (format === 'protobuf') return message;
  const { seq: _seq, boot: _boot, ...rest } = message;
  const isCoarse = format === 'owntracks' || format === 'osmand';
  return isCoarse ? { ...rest, ts: Math.floor(instantFromMs(rest.ts)) * 1000 } : rest;
}

/** The messages in which a device sends these fixes, each on its customary topic. `sent`: an instant. */
export function foreignMessages(
  device: string,
  messages: readonly OwnMessage[],
  format: ForeignFormat,
  sent: number,
): ForeignMessage[] {
  if (format === 'teltonika-frames') {
    const count = Math.ceil(messages.length / FRAME_RECORDS_MAX);
    return Array.from({ length: count }, (_, i) => {
      const part = messages.slice(i * FRAME_RECORDS_MAX, (i + 1) * FRAME_RECORDS_MAX);
      return { topic: `teltonika/${device}/data`, payload: teltonikaFrame(part), messages: part };
    });
  }
  if (format === 'protobuf') {
    const stamped = messages.map((message) => ({ ...message, sent: Math.round(sent * 1000) }));
    return [{ topic: `protobuf/${device}`, payload: protobufFixes(stamped), messages }];
  }
  if (format === 'traccar') {
    // The client sends what it kept while offline as one array.
    const location = messages.length === 1 ? traccarLocation(messages[0]!) : messages.map(traccarLocation);
    return [
      { topic: `traccar/${device}`, payload: JSON.stringify({ device_id: device, location }), messages },
    ];
  }
  return messages.map((message) => ({ ...single(device, message, format, sent), messages: [message] }));
}

function single(
  device: string,
  message: OwnMessage,
  format: 'owntracks' | 'osmand' | 'teltonika',
  sent: number,
): Omit<ForeignMessage, 'messages'> {
  if (format === 'owntracks') {
    return { topic: `owntracks/sim/${device}`, payload: JSON.stringify(ownTracks(device, message, sent)) };
  }
  if (format === 'osmand') return { topic: `osmand/${device}`, payload: osmand(device, message) };
  return { topic: `teltonika/${device}/data`, payload: JSON.stringify(codecJson(message)) };
}

/** https://owntracks.org/booklet/tech/json/: velocity in whole km/h, what is zero is left out. */
function ownTracks(device: string, message: OwnMessage, sent: number): object {
  const { ts, lat, lng, accuracy, altitude, speed, heading, soc, ignition } = message;
  return {
    _type: 'location',
    ...{ lat, lon: lng, tst: instantFromMs(ts), tid: device.slice(-2), t: 't', conn: 'm' },
    ...(accuracy ? { acc: Math.round(accuracy) } : {}),
    ...(altitude ? { alt: Math.round(altitude) } : {}),
    ...(speed ? { vel: Math.round(kmhFromMps(speed)) } : {}),
    ...(heading ? { cog: Math.round(heading) } : {}),
    ...(soc == null ? {} : { batt: Math.round(soc * 100) }),
    ...(ignition == null ? {} : { ign: ignition }),
    created_at: Math.round(sent),
  };
}

/** Traccar Client (the shape of transistorsoft's background geolocation): −1 is “not known”. */
function traccarLocation({
  ts,
  lat,
  lng,
  speed,
  heading,
  accuracy,
  altitude,
  odometer,
  soc,
}: OwnMessage): object {
  return {
    timestamp: new Date(ts).toISOString(),
    is_moving: (speed ?? 0) > 0.5,
    odometer: odometer ?? 0,
    coords: {
      ...{ latitude: lat, longitude: lng, accuracy: accuracy ?? -1 },
      ...{ speed: speed ?? -1, heading: heading ?? -1, altitude: altitude ?? 0 },
    },
    battery: { level: soc ?? -1, is_charging: false },
    activity: { type: (speed ?? 0) > 0.5 ? 'in_vehicle' : 'still', confidence: 100 },
  };
}

/** https://www.traccar.org/osmand/: speed in knots. */
function osmand(
  device: string,
  { ts, lat, lng, speed, heading, altitude, accuracy, ignition }: OwnMessage,
): string {
  const values: Record<string, number | boolean | null | undefined> = {
    ...{ timestamp: instantFromMs(ts), lat, lon: lng },
    speed: speed == null ? undefined : Math.round(knotsFromMps(speed) * 100) / 100,
    ...{ bearing: heading, altitude, accuracy, ignition },
  };
  const known = Object.entries(values).filter(([, value]) => value != null);
  return `?${new URLSearchParams([['id', device], ...known.map(([name, value]) => [name, String(value)])])}`;
}

/** https://wiki.teltonika-gps.com/view/Codec_JSON: speed in whole km/h, the elements by their ids. */
function codecJson(message: OwnMessage): object {
  const { ts, lat, lng, altitude, heading, satellites, speed, ignition, odometer, fuel, rpm } = message;
  const reported: Record<string, number | string> = {
    ...{ ts, pr: 0, latlng: `${lat.toFixed(7)},${lng.toFixed(7)}`, alt: Math.round(altitude ?? 0) },
    ...{
      ang: Math.round(heading ?? 0) % 360,
      sat: satellites ?? 9,
      sp: Math.round(kmhFromMps(speed ?? 0)),
      evt: 0,
    },
    '240': (speed ?? 0) > 0.3 ? 1 : 0,
  };
  if (ignition != null) reported['239'] = ignition ? 1 : 0;
  if (odometer != null) reported['16'] = Math.round(odometer);
  if (fuel != null) reported['89'] = Math.round(fuel * 100);
  if (rpm != null) reported['85'] = Math.round(rpm);
  // Green driving: what was done harshly, by type and strength.
  const harsh = greenDriving(message);
  if (harsh !== undefined) Object.assign(reported, { evt: 253, '253': harsh.type, '254': harsh.value });
  return { state: { reported } };
}
