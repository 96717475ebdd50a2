import { distance, type Position } from '../../schemas/position.ts';
import { kmhFromMps } from '../../schemas/units.ts';
import { openRouter } from '../city/paths.ts';
import { cityOf } from '../city/road-file.ts';
import type { DeviceClassName } from '../device/device-classes.ts';
import { uploads } from '../device/radio.ts';
import { dayPlan } from '../plan.ts';
import { type Scenario, scenarios } from '../scenario/scenario.ts';
import { openTrackReader } from '../van/track.ts';
import { type VanDay, vanDay } from '../van/van.ts';

/** One measured distribution beside what the simulator makes of it. */
export type Comparison = {
  readonly name: string;
  readonly unit: string;
  readonly source: string;
  readonly quantiles: readonly {
    readonly share: number;
    readonly measured: number;
    readonly simulated: number;
  }[];
};

type Measured = {
  readonly name: string;
  readonly unit: string;
  readonly source: string;
  /** Share below → value. */
  readonly quantiles: readonly (readonly [share: number, value: number])[];
};

const courier = 'GOAL couriers, 805 chunks, 93 h (amazon-science, CC-BY-4.0)';
const phones = 'google fleet-debugger recordings (Apache-2.0)';

/**
 * What was measured, p10 to p90 as far as it is known: gathered from public recordings, in the units
 * of the source. Dwell and leg times are Kaplan–Meier estimates, since chunks end within them.
 */
export const measured = {
  dwell: {
    name: 'dwell at a stop',
    unit: 's',
    source: courier,
    quantiles: [
      [0.1, 40],
      [0.25, 55],
      [0.5, 78],
      [0.75, 128],
      [0.9, 236],
    ],
  },
  legTime: {
    name: 'time between two stops',
    unit: 's',
    source: courier,
    quantiles: [
      [0.1, 22],
      [0.25, 30],
      [0.5, 52],
      [0.75, 90],
      [0.9, 159],
    ],
  },
  legLength: {
    name: 'way between two stops',
    unit: 'm',
    source: courier,
    quantiles: [
      [0.1, 39.9],
      [0.25, 81.4],
      [0.5, 169.1],
      [0.75, 321.5],
      [0.9, 581.4],
    ],
  },
  hop: {
    name: 'straight line between two stops',
    unit: 'm',
    source: 'LMRRC, 13 routes (Amazon, CC-BY-NC-4.0)',
    quantiles: [
      [0.25, 86],
      [0.5, 135],
      [0.75, 224],
      [0.9, 358],
    ],
  },
  drivingSpeed: {
    name: 'speed while driving, from fix to fix',
    unit: 'km/h',
    source: courier,
    quantiles: [
      [0.1, 2.5],
      [0.25, 9],
      [0.5, 20.8],
      [0.75, 36],
      [0.9, 61.6],
    ],
  },
  service: {
    name: 'planned service at a stop',
    unit: 's',
    source: 'LMRRC, 13 routes (Amazon, CC-BY-NC-4.0)',
    quantiles: [
      [0.25, 49],
      [0.5, 70],
      [0.75, 115],
      [0.9, 190],
    ],
  },
  interval: {
    name: 'good phone: between two fixes',
    unit: 's',
    source: courier,
    quantiles: [
      [0.1, 4.98],
      [0.25, 4.99],
      [0.5, 5],
      [0.75, 5.02],
      [0.9, 6.96],
    ],
  },
  gaps: {
    name: 'good phone: gaps beyond 12 s',
    unit: 's',
    source: courier,
    quantiles: [
      [0.25, 15],
      [0.5, 20],
      [0.75, 39],
      [0.9, 70],
    ],
  },
  gpsError: {
    name: 'GPS error across the road',
    unit: 'm',
    source: 'Kubicka et al., 98 tracks, 220 881 fixes',
    quantiles: [
      [0.1, 0.57],
      [0.25, 1.47],
      [0.5, 3.22],
      [0.75, 5.86],
      [0.9, 9.64],
    ],
  },
  goodPhone: {
    name: 'good phone: latency',
    unit: 's',
    source: `${phones}, two-trips`,
    quantiles: [
      [0.5, 0.61],
      [0.95, 1.42],
    ],
  },
  streamingPhone: {
    name: 'streaming phone: latency',
    unit: 's',
    source: `${phones}, lmfs`,
    quantiles: [
      [0.25, 1.45],
      [0.5, 1.77],
      [0.75, 2.17],
    ],
  },
  urbanTracker: {
    name: 'urban tracker: latency',
    unit: 's',
    source: 'Portal-Tajo v1, trip 2',
    quantiles: [
      [0.5, 2.5],
      [0.75, 3.8],
      [0.9, 5.7],
    ],
  },
  poorCoverage: {
    name: 'poor coverage: latency',
    unit: 's',
    source: 'Portal-Tajo v2',
    quantiles: [
      [0.25, 12.8],
      [0.5, 36],
      [0.75, 160],
      [0.9, 378],
    ],
  },
  batchingDongle: {
    name: 'batching dongle: latency',
    unit: 's',
    source: 'Munic, 110 cars, 3 266 709 rows',
    quantiles: [
      [0.1, 23],
      [0.25, 33],
      [0.5, 51],
      [0.75, 67],
      [0.9, 78],
    ],
  },
} as const satisfies Record<string, Measured>;

export type MeasuredName = keyof typeof measured;

/** Vans of a calibration: enough that its own chance stays below a few per cent. */
const VANS = 30;
const SHIFT_START = 1_795_250_000;
/** Vans whose every fix is looked at. */
const FEW = 8;
/** A leg with lunch in it is none. */
const LEG_MAX = 1200;

/** Drives usual drivers with the given scenario's seed and city, and compares with what was measured. */
export function calibration(base: Scenario = scenarios.demo!, vans = VANS): Comparison[] {
  const driver = { ...base.driver, spread: 0, slow: 0 };
  const scenario: Scenario = { ...base, vans, driver, disruptions: [], random: {}, intervalSeconds: 5 };
  const city = cityOf(scenario);
  const plan = dayPlan(scenario, city, SHIFT_START);
  const router = openRouter(city.graph);
  const days = plan.routes.map((_, routeIndex) => vanDay({ scenario, city, router, plan, routeIndex }));
  const hops = plan.routes.flatMap(({ stops }) =>
    stops.slice(1).map((stop, i) => distance(stop.position, stops[i]!.position)),
  );
  const services = plan.routes.flatMap(({ stops }) => stops.map(({ service }) => service));
  const some = days.slice(0, FEW);
  const classed = (name: DeviceClassName, intervalSeconds = 5) =>
    observed(some, { ...cleanRadio(scenario), devices: { [name]: 1 }, intervalSeconds });
  const good = classed('good-phone');
  const simulated: Record<MeasuredName, readonly number[]> = {
    ...movement(days),
    drivingSpeed: speeds(days.slice(0, 3 * FEW), scenario),
    hop: hops,
    service: services,
    interval: good.intervals,
    gaps: good.intervals.filter((seconds) => seconds > 12),
    gpsError: good.errors,
    goodPhone: good.latencies,
    streamingPhone: classed('streaming-phone', 10).latencies,
    urbanTracker: classed('urban-tracker').latencies,
    poorCoverage: classed('poor-coverage').latencies,
    batchingDongle: classed('batching-dongle').latencies,
  };
  return (Object.entries(measured) as [MeasuredName, Measured][]).map(([key, { quantiles, ...about }]) => {
    const sorted = Float64Array.from(simulated[key]).sort();
    return {
      ...about,
      quantiles: quantiles.map(([share, value]) => ({
        share,
        measured: value,
        simulated: sorted[Math.floor(sorted.length * share)] ?? Number.NaN,
      })),
    };
  });
}

/** The largest share by which a simulated quantile is off the measured one. */
export const deviation = ({ quantiles }: Comparison): number =>
  Math.max(...quantiles.map(({ measured: value, simulated }) => Math.abs(simulated / value - 1)));

/** Without what is not the class's own. */
function cleanRadio(scenario: Scenario): Scenario {
  const none = { missing: 0, repeated: 0, late: 0, tunnelsPerHour: 0, gapsPerHour: 0, rebootsPerHour: 0 };
  const right = { clockSkew: 0, clockLost: 0, spike: 0, zero: 0 };
  return { ...scenario, radio: { ...scenario.radio, ...none, ...right } };
}

/** Dwell and legs, from the truth. */
function movement(days: readonly VanDay[]) {
  const [dwell, legTime, legLength] = [[], [], []] as [number[], number[], number[]];
  for (const { visits, track } of days) {
    const where = openTrackReader(track);
    const driven = visits.map(({ arrivedAt }) => where(arrivedAt).driven);
    for (const [i, visit] of visits.entries()) {
      dwell.push(visit.departedAt - visit.arrivedAt);
      const before = visits[i - 1];
      const seconds = visit.arrivedAt - (before?.departedAt ?? Number.NEGATIVE_INFINITY);
      if (seconds > LEG_MAX) continue;
      legTime.push(seconds);
      legLength.push(driven[i]! - driven[i - 1]!);
    }
  }
  return { dwell, legTime, legLength };
}

/** Speed as the source has it: from fix to fix, noise and all. Kilometres per hour. */
function speeds(days: readonly VanDay[], scenario: Scenario): number[] {
  const phone = { ...cleanRadio(scenario), devices: { 'good-phone': 1 } };
  const found: number[] = [];
  for (const day of days) {
    let before: (Position & { readonly at: number }) | undefined;
    for (const fix of fixesOf(day, phone)) {
      if (before !== undefined && isDriving(day, before.at, fix.at)) {
        found.push(kmhFromMps(distance(before, fix) / (fix.at - before.at)));
      }
      before = fix;
    }
  }
  return found;
}

/** Whether nothing between two instants was a stop, a rest or the yard. */
function isDriving(day: VanDay, from: number, until: number): boolean {
  if (from < day.leftAt || until > day.returnedAt) return false;
  const isStopped = day.visits.some(({ arrivedAt, departedAt }) => from < departedAt && until > arrivedAt);
  return !isStopped && !day.rests.some((rest) => from < rest.until && until > rest.from);
}

function* fixesOf(day: VanDay, scenario: Scenario) {
  const fixes = [...uploads(day, scenario)].flatMap((upload) =>
    upload.channel === 'telemetry' ? upload.messages.map((message) => ({ message, due: upload.due })) : [],
  );
  for (const { message, due } of fixes.sort((a, b) => a.message.ts - b.message.ts)) {
    yield { at: message.ts / 1000, due, lng: message.lng, lat: message.lat };
  }
}

/** What arrives from devices of one class: when, how late, and how far off. */
function observed(days: readonly VanDay[], scenario: Scenario) {
  const [intervals, latencies, errors] = [[], [], []] as [number[], number[], number[]];
  for (const day of days) {
    const where = openTrackReader(day.track);
    let last = Number.NaN;
    for (const { at, due, lng, lat } of fixesOf(day, scenario)) {
      if (!Number.isNaN(last)) intervals.push(at - last);
      last = at;
      latencies.push(due - at);
      const truth = where(at);
      const away = distance(truth, { lng, lat });
      const bearing = Math.atan2((lng - truth.lng) * Math.cos((lat * Math.PI) / 180), lat - truth.lat);
      errors.push(Math.abs(away * Math.sin(bearing - (truth.heading * Math.PI) / 180)));
    }
  }
  return { intervals, latencies, errors };
}
