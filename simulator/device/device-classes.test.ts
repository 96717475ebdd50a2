import { expect, test } from 'vitest';
import { distance } from '../../schemas/position.ts';
import { cityOf } from '../city/road-file.ts';
import { dayMaker } from '../fleet.ts';
import { dayPlan } from '../plan.ts';
import { type Scenario, scenarios } from '../scenario/scenario.ts';
import { openTrackReader } from '../van/track.ts';
import { type DeviceClassName, deviceClasses } from './device-classes.ts';
import { uploads } from './radio.ts';

const base: Scenario = { ...scenarios.demo!, vans: 2, stopsPerRoute: [90, 90], seed: 'devices 2' };
const city = cityOf(base);
const plan = dayPlan(base, city, 1_795_250_000);
const days = [0, 1].map(dayMaker({ scenario: base, city, plan }));
const hours = days.reduce((sum, { track }) => sum + (track.t.at(-1)! - track.t[0]!) / 3600, 0);
const none = { missing: 0, repeated: 0, late: 0, tunnelsPerHour: 0, gapsPerHour: 0, rebootsPerHour: 0 };
const clean = { ...base.radio, ...none, clockSkew: 0, clockLost: 0, spike: 0, zero: 0 };

type Heard = {
  readonly van: number;
  readonly at: number;
  readonly due: number;
  readonly lng: number;
  readonly lat: number;
  readonly seq: number;
  readonly boot: string;
  readonly buffered: boolean;
  readonly error: number;
  readonly speed: number;
};

const byClass = new Map<DeviceClassName, Heard[]>();

/** Everything the devices of one class say of two days, in the order it arrives. */
function heard(name: DeviceClassName): Heard[] {
  const known = byClass.get(name);
  if (known !== undefined) return known;
  const scenario: Scenario = { ...base, radio: clean, devices: { [name]: 1 } };
  const fixes = days.flatMap((day, van) => {
    const where = openTrackReader(day.track);
    return [...uploads(day, scenario)].flatMap((upload) =>
      upload.channel !== 'telemetry'
        ? []
        : upload.messages.map(({ ts, lng, lat, seq, boot, buffered, speed }) => ({
            ...{ van, at: ts / 1000, due: upload.due, lng, lat, buffered: buffered ?? false },
            ...{ seq: seq ?? -1, boot: boot ?? '', speed: speed ?? 0 },
            error: distance({ lng, lat }, where(ts / 1000)),
          })),
    );
  });
  byClass.set(name, fixes);
  return fixes;
}

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)]!;
const shareOf = <T>(values: readonly T[], is: (value: T, i: number) => boolean): number =>
  values.filter(is).length / values.length;
const byTime = (fixes: readonly Heard[]) => fixes.toSorted((a, b) => a.van - b.van || a.at - b.at);
/** Of each fix and the one before it in time, of the same van. */
const pairs = (fixes: readonly Heard[]) =>
  byTime(fixes).flatMap((now, i, all) => (all[i - 1]?.van === now.van ? [{ now, before: all[i - 1]! }] : []));
const latencies = (fixes: readonly Heard[]) => fixes.map(({ at, due }) => due - at);
const steps = (fixes: readonly Heard[]) => pairs(fixes).map(({ now, before }) => now.at - before.at);
const near = (value: number, wanted: number, share = 0.15): void => {
  expect(value).toBeGreaterThan(wanted * (1 - share));
  expect(value).toBeLessThan(wanted * (1 + share));
};

/** What a class is said to do, seen in what it sends. */
const shown = {
  standard: (fixes) => {
    near(quantile(steps(fixes), 0.5), 5, 0.01);
    expect(fixes.every(({ buffered }) => !buffered)).toBe(true);
  },
  'good-phone': (fixes) => {
    near(quantile(latencies(fixes), 0.5), 0.61);
    near(shareOf(steps(fixes), (seconds) => seconds > 7.5) * 720, 54.6, 0.4);
  },
  'streaming-phone': (fixes) => {
    near(
      shareOf(pairs(fixes), ({ now, before }) => now.lng === before.lng && now.lat === before.lat),
      0.145,
    );
    near(quantile(latencies(fixes), 0.5), 1.77);
    expect(quantile(latencies(fixes), 0.97)).toBeGreaterThan(12);
  },
  'urban-tracker': (fixes) => near(quantile(latencies(fixes), 0.5), 2.5),
  'poor-coverage': (fixes) => {
    near(quantile(latencies(fixes), 0.5), 36, 0.4);
    expect(quantile(latencies(fixes), 0.9)).toBeGreaterThan(250);
  },
  'batching-dongle': (fixes) => {
    near(
      shareOf(latencies(fixes), (seconds) => seconds < 5),
      0.05,
      0.25,
    );
    // Of 110 cars 35 % of the rows arrived behind a newer one.
    let newest = Number.NEGATIVE_INFINITY;
    let van = -1;
    const behind = shareOf(fixes, (fix) => {
      if (fix.van !== van) newest = Number.NEGATIVE_INFINITY;
      van = fix.van;
      const isBehind = fix.at < newest;
      newest = Math.max(newest, fix.at);
      return isBehind;
    });
    near(behind, 0.352, 0.25);
  },
  'clock-2004': (fixes) => {
    const lost = fixes.filter(({ at }) => new Date(at * 1000).getUTCFullYear() === 2004);
    expect(lost.map(({ van, seq }) => `${van}:${seq}`)).toEqual(['0:0', '0:1', '0:2', '1:0', '1:1', '1:2']);
  },
  'skewed-clock': (fixes) => {
    const usual = quantile(latencies(heard('standard')), 0.5);
    expect(quantile(latencies(fixes), 0.5)).toBeCloseTo(usual - 1.1, 1);
    expect(shareOf(latencies(fixes), (seconds) => seconds < 0)).toBeGreaterThan(0.5);
  },
  'frozen-position': (fixes) => {
    const same = pairs(fixes).filter(({ now, before }) => now.lng === before.lng && now.lat === before.lat);
    // Single repeats, and three stretches an hour of a few minutes on top of them.
    expect(same.length / fixes.length).toBeGreaterThan(0.08);
    expect(fixes.some(({ error }) => error > 300)).toBe(true);
  },
  'urban-canyon': (fixes) => {
    const usual = quantile(
      heard('standard').map(({ error }) => error),
      0.9,
    );
    expect(
      quantile(
        fixes.map(({ error }) => error),
        0.9,
      ),
    ).toBeGreaterThan(3 * usual);
  },
  tunnel: (fixes) => {
    const silent = steps(fixes).filter((seconds) => seconds > 14);
    near(silent.length / hours, 4, 0.5);
    expect(Math.max(...silent)).toBeLessThan(90 + 10);
  },
  reboot: (fixes) => {
    const boots = new Set(fixes.map(({ van, boot }) => `${van} ${boot}`));
    near((boots.size - 2) / hours, 2, 0.5);
    expect(fixes.filter(({ seq }) => seq === 0)).toHaveLength(boots.size);
  },
  'duplicate-upload': (fixes) => {
    const distinct = new Set(fixes.map(({ van, boot, seq }) => `${van} ${boot} ${seq}`)).size;
    near(fixes.length / distinct - 1, 0.33);
  },
  'reconnect-storm': (fixes) => {
    const [first] = deviceClasses['reconnect-storm'].outages!;
    for (const [van, day] of days.entries()) {
      const from = day.track.t[0]! + first!.after;
      const until = from + first!.lasts;
      const own = fixes.filter((fix) => fix.van === van && fix.at > from + 5 && fix.at < until - 5);
      expect(own.length).toBeGreaterThan(100);
      expect(own.every(({ due, buffered }) => buffered && due >= until && due < until + 60)).toBe(true);
    }
  },
} satisfies Partial<Record<DeviceClassName, (fixes: readonly Heard[]) => void>>;

test.each(
  (Object.keys(shown) as (keyof typeof shown)[]).map((name) => [name, deviceClasses[name].about] as const),
)('a device of the class %s: %s', (name) => {
  const fixes = heard(name);
  expect(fixes.length).toBeGreaterThan(2000);
  shown[name](fixes);
});
