import type { Quantiles } from '../report/quantiles.ts';
import type { RadioScenario } from '../scenario/scenario.ts';
import type { ForeignFormat } from './encode/foreign.ts';

/**
 * A kind of device by how it misbehaves. What a class does not say is as the scenario's `radio` says.
 * Quantiles were measured; each names its source. Rates and shares without one are chosen so that a
 * day of one van shows the trouble several times.
 */
export type DeviceClass = {
  readonly about: string;
  /** Seconds between two fixes as multiples of the nominal interval; gaps are its tail. */
  readonly interval?: Quantiles | undefined;
  /** Seconds from the fix to its arrival, and for how long it stays about the same. */
  readonly latency?: { readonly seconds: Quantiles; readonly steadySeconds: number } | undefined;
  /** Fixes are collected for so long, then held for so long; but a share is sent at once. */
  readonly batching?: {
    readonly window: number;
    readonly held: number;
    readonly atOnce: number;
  };
  /** Seconds by which its clock is ahead. */
  readonly clockAhead?: number | undefined;
  /** A fix says the position of the one before. */
  readonly repeatsPosition?: number | undefined;
  /** Stretches in which the receiver is stuck at one place while time goes on. */
  readonly freezesPerHour?: number | undefined;
  /** Every device of the class loses its network at once, this long after it began, seconds each. */
  readonly outages?: readonly { readonly after: number; readonly lasts: number }[] | undefined;
  readonly radio?: Partial<RadioScenario> | undefined;
  /** Whether it feels what is done harshly; false for phones. */
  readonly accelerometer?: false | undefined;
  /** What it speaks; our own message where nothing is said. */
  readonly format?: ForeignFormat | undefined;
};

/** GOAL couriers, 805 chunks with a fix each 5 s; as multiples of that. The tail makes the gaps. */
const courierInterval: Quantiles = [
  [0, 0.5],
  [0.01, 0.976],
  [0.05, 0.994],
  [0.1, 0.996],
  [0.5, 1],
  [0.75, 1.004],
  [0.8, 1.006],
  [0.85, 1.058],
  [0.9, 1.392],
  [0.95, 1.99],
  [0.98, 2.006],
  [0.99, 3.004],
  [0.995, 5.998],
  [0.9987, 14],
  [0.9996, 24],
  [1, 60],
];

/** fleet-debugger lmfs.json, a fix each 10 s; as multiples of that. */
const streamingInterval: Quantiles = [
  [0, 0.99],
  [0.25, 0.998],
  [0.5, 1],
  [0.75, 1],
  [0.95, 1.11],
  [0.99, 6.57],
  [1, 12],
];

/** The measured error across the road (Kubicka, 98 tracks) as a mixture; see `openNoise`. */
const measuredNoise = { noise: 4.7, noiseSpread: 0.4, canyon: 0.03 } as const;

const classes = {
  standard: { about: 'a tracker of its own, as the scenario’s radio says' },
  'good-phone': {
    accelerometer: false,
    about: 'a phone with good coverage that now and then skips a beat',
    interval: courierInterval,
    // fleet-debugger two-trips.json, n = 528, without its negative first percent.
    latency: {
      seconds: [
        [0, 0.15],
        [0.5, 0.61],
        [0.95, 1.42],
        [0.99, 1.52],
        [1, 2],
      ],
      steadySeconds: 5,
    },
    radio: measuredNoise,
  },
  'streaming-phone': {
    accelerometer: false,
    about: 'a phone that streams through a cloud: two seconds late, minutes when it stalls',
    interval: streamingInterval,
    // fleet-debugger lmfs.json, n = 649.
    latency: {
      seconds: [
        [0, 1.1],
        [0.01, 1.17],
        [0.05, 1.26],
        [0.25, 1.45],
        [0.5, 1.77],
        [0.75, 2.17],
        [0.95, 15.9],
        [0.99, 229],
        [1, 300],
      ],
      steadySeconds: 60,
    },
    repeatsPosition: 0.145,
    radio: measuredNoise,
  },
  'urban-tracker': {
    about: 'a truck’s tracker in town',
    // Portal-Tajo v1, trip 2, n = 2209.
    latency: {
      seconds: [
        [0, 1.2],
        [0.05, 1.7],
        [0.5, 2.5],
        [0.75, 3.8],
        [0.9, 5.7],
        [0.95, 10.7],
        [0.99, 38.4],
        [1, 61.9],
      ],
      steadySeconds: 20,
    },
  },
  'poor-coverage': {
    about: 'a tracker that stores and forwards: arrives up to ten minutes late',
    // Portal-Tajo v2, n = 492.
    latency: {
      seconds: [
        [0, 1],
        [0.05, 2.6],
        [0.25, 12.8],
        [0.5, 36],
        [0.75, 160],
        [0.9, 378],
        [0.99, 544],
        [1, 563],
      ],
      steadySeconds: 60,
    },
  },
  'batching-dongle': {
    about: 'a dongle that uploads once a minute, a few fixes ahead of the rest',
    // Munic, 110 cars, n = 3 266 709: p10 23, p50 51, p90 78 s, uniform in between; 5 % within 2 s; 35 % arrive behind a newer one.
    batching: { window: 64, held: 20.8, atOnce: 0.05 },
  },
  'clock-2004': { about: 'says 2004 until it has its first fixes', radio: { clockLost: 1 } },
  // fleet-debugger jump-demo.json, n = 507: half of the fixes arrive 0.49 s before they were made.
  'skewed-clock': { about: 'a clock that is about a second ahead', clockAhead: 1.1 },
  'frozen-position': {
    about: 'a receiver that sticks to one place while the van drives on',
    freezesPerHour: 3,
    repeatsPosition: 0.05,
  },
  'urban-canyon': {
    about: 'among tall buildings: errors of tens of metres for minutes',
    radio: { noise: 6, noiseSpread: 0.5, canyon: 0.3 },
  },
  tunnel: { about: 'often without any position', radio: { tunnelsPerHour: 4 } },
  reboot: { about: 'starts anew: another boot, seq from 0', radio: { rebootsPerHour: 2 } },
  'duplicate-upload': {
    about: 'sends a third of its uploads twice, and late ones once more',
    radio: { repeated: 0.33, late: 0.05 },
  },
  'reconnect-storm': {
    about: 'loses its network with all of its kind at once, and comes back with them',
    outages: [
      { after: 4500, lasts: 600 },
      { after: 12_600, lasts: 1800 },
      { after: 23_400, lasts: 600 },
    ],
  },
  'owntracks-phone': {
    accelerometer: false,
    about: 'a phone with OwnTracks',
    format: 'owntracks',
    interval: courierInterval,
    radio: measuredNoise,
  },
  'traccar-phone': {
    accelerometer: false,
    about: 'a phone with Traccar Client',
    format: 'traccar',
    interval: courierInterval,
    radio: measuredNoise,
  },
  'osmand-phone': {
    accelerometer: false,
    about: 'a phone that sends OsmAnd’s query',
    format: 'osmand',
    interval: courierInterval,
    radio: measuredNoise,
  },
  'teltonika-json': { about: 'a Teltonika tracker with Codec JSON', format: 'teltonika' },
  'protobuf-tracker': { about: 'a tracker that pays by the byte', format: 'protobuf' },
  'teltonika-frames': { about: 'a Teltonika tracker with binary frames', format: 'teltonika-frames' },
} as const satisfies Record<string, DeviceClass>;

export type DeviceClassName = keyof typeof classes;
export const deviceClasses: Readonly<Record<DeviceClassName, DeviceClass>> = classes;
export const deviceClassNames = Object.keys(classes) as readonly DeviceClassName[];
