import type { OwnMessage } from '../../schemas/fix.ts';
import { distance } from '../../schemas/position.ts';
import { openRouter } from '../../simulator/city/paths.ts';
import { cityOf } from '../../simulator/city/road-file.ts';
import { uploads } from '../../simulator/device/radio.ts';
import { dayPlan } from '../../simulator/plan.ts';
import { type Scenario, scenarios } from '../../simulator/scenario/scenario.ts';
import { openTrackReader } from '../../simulator/van/track.ts';
import { vanDay } from '../../simulator/van/van.ts';

/** A report as it came, and what was true when it was made. */
export type Sighting = {
  readonly message: OwnMessage;
  /** Instant of arrival. */
  readonly received: number;
  /** True speed, m/s. */
  readonly speed: number;
  /** Metres its position is off by. */
  readonly error: number;
};

const SHIFT_START = 1_790_000_000;

/**
 * Days of vans through receivers with every imperfection that is noise: errors that wander, tall
 * buildings, tunnels, stretches without coverage, missing beats, reboots, late and repeated uploads.
 * Without those that are faults: those are injected where the bench knows. By vehicle, in the order of
 * the device's clock, each report once.
 */
export function cleanDays(vans: number, seed: string, intervalSeconds: number): Sighting[][] {
  const demo = scenarios.demo!;
  const scenario: Scenario = {
    ...demo,
    ...{ seed: `filters/${seed}`, vans, intervalSeconds },
    radio: { ...demo.radio, spike: 0, zero: 0, clockLost: 0, noiseSpread: 0.3, rebootsPerHour: 0.2 },
    devices: { 'good-phone': 0.3, 'poor-coverage': 0.1, 'urban-canyon': 0.1, tunnel: 0.1 },
  };
  const city = cityOf(scenario);
  const plan = dayPlan(scenario, city, SHIFT_START);
  const router = openRouter(city.graph);
  return plan.routes.map((_, routeIndex) => {
    const day = vanDay({ scenario, city, router, plan, routeIndex });
    const where = openTrackReader(day.track);
    const reports = new Map<string, { message: OwnMessage; received: number }>();
    for (const upload of uploads(day, scenario)) {
      if (upload.channel !== 'telemetry') continue;
      for (const message of upload.messages) {
        const name = `${message.boot} ${message.seq}`;
        if (!reports.has(name)) reports.set(name, { message, received: upload.due });
      }
    }
    return [...reports.values()]
      .sort((a, b) => a.message.ts - b.message.ts)
      .map(({ message, received }) => {
        const truth = where(message.ts / 1000);
        return { message, received, speed: truth.speed, error: distance(truth, message) };
      });
  });
}
