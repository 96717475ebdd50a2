import type { OwnMessage } from '../../schemas/fix.ts';
import { frame } from '../../schemas/position.ts';
import type { Random } from '../../schemas/random.ts';
import type { Sighting } from './clean-days.ts';

/** A report as it came, perhaps with a fault. */
export type Report = Sighting & { readonly isFault: boolean };

/** A kind of fault: changes the reports from `i` on, and says how many; 0 where it does not fit. */
export type Fault = {
  readonly name: string;
  readonly put: (reports: Report[], i: number, chance: Random) => number;
};

/** Good reports between two faults, at least. */
const APART = 25;
/** Share of the places where a fault could be that have one. */
const SHARE = 0.25;

/** Days with a fault now and then. The first and the last reports of a day stay as they are. */
export function withFaults(day: readonly Sighting[], fault: Fault, chance: Random): Report[] {
  const reports = day.map((sighting): Report => ({ ...sighting, isFault: false }));
  for (let i = APART; i < reports.length - APART; i++) {
    if (!chance.chance(SHARE)) continue;
    const count = fault.put(reports, i, chance);
    if (count > 0) i += count + APART;
  }
  return reports;
}

const change = (reports: Report[], i: number, fields: Partial<OwnMessage>): void => {
  const report = reports[i]!;
  reports[i] = { ...report, message: { ...report.message, ...fields }, isFault: true };
};

/** A position that is `metres` away, somewhere. */
const displaced = ({ lng, lat }: OwnMessage, metres: number, angle: number): Partial<OwnMessage> => {
  const { position } = frame({ lng, lat });
  return position(metres * Math.sin(angle), metres * Math.cos(angle));
};

const anywhere = (chance: Random): number => chance.between(0, 2 * Math.PI);

/** One report away and back. */
export const spike = (metres: (chance: Random) => number): Fault => ({
  name: 'spike',
  put(reports, i, chance) {
    change(reports, i, displaced(reports[i]!.message, metres(chance), anywhere(chance)));
    return 1;
  },
});

/** Two to six reports from another place. */
export const jump = (metres: (chance: Random) => number): Fault => ({
  name: 'jump',
  put(reports, i, chance) {
    const [count, height, angle] = [2 + chance.integer(5), metres(chance), anywhere(chance)];
    for (let k = i; k < i + count; k++) {
      change(reports, k, displaced(reports[k]!.message, height, angle));
    }
    return count;
  },
});

export const zero: Fault = {
  name: 'zero',
  put(reports, i, chance) {
    const count = 1 + chance.integer(4);
    for (let k = i; k < i + count; k++) change(reports, k, { lat: 0, lng: 0 });
    return count;
  },
};

/** One or both signs lost, for one report up to a good quarter of an hour. */
export const signFlip: Fault = {
  name: 'sign_flip',
  put(reports, i, chance) {
    const wanted = chance.chance(0.1) ? 200 : 1 + chance.integer(6);
    const count = Math.min(wanted, reports.length - APART - i);
    const which = chance.integer(3);
    for (let k = i; k < i + count; k++) {
      const { lat, lng } = reports[k]!.message;
      change(reports, k, { lat: which === 0 ? lat : -lat, lng: which === 1 ? lng : -lng });
    }
    return count;
  },
};

/** The device's clock is wrong by so much, for some reports. */
export const clock = (seconds: (chance: Random) => number, counts: number): Fault => ({
  name: 'clock',
  put(reports, i, chance) {
    const [count, wrong] = [1 + chance.integer(counts), Math.round(seconds(chance) * 1000)];
    // What falls before the day has no neighbours to be judged by.
    if (reports[i]!.message.ts + wrong < reports[APART]!.message.ts) return 0;
    for (let k = i; k < i + count; k++) change(reports, k, { ts: reports[k]!.message.ts + wrong });
    return count;
  },
});

/** A receiver that lost its date. */
export const lostDate: Fault = {
  name: 'lost_date',
  put(reports, i, chance) {
    const count = 1 + chance.integer(4);
    for (let k = i; k < i + count; k++) {
      change(reports, k, { ts: Date.UTC(2004, 0, 1) + 1000 * chance.integer(86_400) });
    }
    return count;
  },
};

/** Says again what it said before, one to four times, all of it or only the place, while at least so fast. */
export const stale = (speed: number, speedBelow = Number.POSITIVE_INFINITY): Fault => ({
  name: 'stale',
  put(reports, i, chance) {
    const count = 1 + chance.integer(4);
    const { lat, lng, ...old } = reports[i - 1]!.message;
    for (let k = i - 1; k < i + count; k++) {
      if (reports[k]!.speed < speed || reports[k]!.speed >= speedBelow) return 0;
    }
    const isAll = chance.chance(0.5);
    for (let k = i; k < i + count; k++) {
      change(reports, k, { lat, lng, ...(isAll ? { speed: old.speed, heading: old.heading } : {}) });
    }
    return count;
  },
});

/** Wanders off over a minute, and stays there until the engine starts; from half the way on it is a fault, before it neither. */
export const drift = (metres: number): Fault => ({
  name: 'drift',
  put(reports, i, chance) {
    const standing = reports.slice(i - 8).findIndex(({ speed }) => speed > 0) - 8;
    if (standing < 12 || reports.slice(i - 8, i).some(({ speed }) => speed > 0)) return 0;
    if (reports.slice(i - 8, i + standing).some(({ message }) => message.ignition !== false)) return 0;
    const angle = anywhere(chance);
    for (let k = i; k < i + standing; k++) {
      const off = metres * Math.min(1, (k - i + 1) / 12);
      const report = reports[k]!;
      const message = { ...report.message, ...displaced(report.message, off, angle) };
      reports[k] = { ...report, message, isFault: off >= metres / 2, error: Number.POSITIVE_INFINITY };
    }
    return standing;
  },
});
