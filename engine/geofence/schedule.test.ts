import { expect, test } from 'vitest';
import type { Crossing } from '../../schemas/event.ts';
import type { Fence, WeeklyHours } from '../../schemas/fence.ts';
import { cross, type Standing } from './crossing.ts';
import { packFences } from './fence-pack.ts';
import { isOpen } from './schedule.ts';

const at = (iso: string): number => Date.parse(iso) / 1000;
const chicago = (hours: WeeklyHours['hours']): WeeklyHours => ({ timeZone: 'America/Chicago', hours });
const weekdays = [1, 2, 3, 4, 5];

test('isOpen() follows the wall clock, when daylight saving begins and ends', () => {
  const early = chicago([{ days: [1, 2, 3, 4, 5, 6, 7], from: '07:00', until: '09:00' }]);
  // Chicago is 6 hours behind UTC until 2026-03-08 and 5 afterwards, until 2026-11-01.
  expect(isOpen(early, at('2026-03-07T13:00:00Z'))).toBe(true);
  expect(isOpen(early, at('2026-03-07T12:59:59Z'))).toBe(false);
  expect(isOpen(early, at('2026-03-09T12:00:00Z'))).toBe(true);
  expect(isOpen(early, at('2026-03-09T14:00:00Z'))).toBe(false);
  expect(isOpen(early, at('2026-11-02T13:00:00Z'))).toBe(true);
  expect(isOpen(early, at('2026-11-02T12:30:00Z'))).toBe(false);
});

test('isOpen() opens for no moment in the hour that is left out, and twice in the one that comes twice', () => {
  const nightly = chicago([{ days: [7], from: '01:30', until: '02:30' }]);
  expect(isOpen(nightly, at('2026-03-08T07:45:00Z'))).toBe(true); // 01:45, then the clock jumps to 03:00
  expect(isOpen(nightly, at('2026-03-08T08:00:00Z'))).toBe(false);
  expect(isOpen(nightly, at('2026-11-01T06:45:00Z'))).toBe(true); // 01:45, summer
  expect(isOpen(nightly, at('2026-11-01T07:15:00Z'))).toBe(false); // 01:15 again, winter
  expect(isOpen(nightly, at('2026-11-01T07:45:00Z'))).toBe(true); // 01:45 again
});

test('isOpen() counts the hours after midnight to the day on which they began', () => {
  const night = chicago([{ days: [5], from: '22:00', until: '06:00' }]);
  expect(isOpen(night, at('2026-06-06T04:00:00Z'))).toBe(true); // Friday 23:00
  expect(isOpen(night, at('2026-06-06T10:59:00Z'))).toBe(true); // Saturday 05:59
  expect(isOpen(night, at('2026-06-06T11:00:00Z'))).toBe(false);
  expect(isOpen(night, at('2026-06-05T10:00:00Z'))).toBe(false); // Friday 05:00
  expect(
    isOpen(chicago([{ days: weekdays, from: '00:00', until: '24:00' }]), at('2026-06-06T04:59:00Z')),
  ).toBe(true);
});

test('cross() takes a fence for gone outside of its hours, and for there again as they begin', () => {
  const fence: Fence = {
    ...{ id: 1, fleetId: 1, set: 's', name: 'yard', kind: 'area' },
    shape: { kind: 'circle', centre: [-97.5, 41.2], radius: 200 },
    policy: {
      ...{ enterMargin: 0, exitMargin: 25, minInside: 20, minOutside: 20 },
      schedule: chicago([{ days: weekdays, from: '07:00', until: '07:10' }]),
    },
  };
  const pack = packFences([fence]);
  const crossings: Crossing[] = [];
  let standings: readonly Standing[] = [];
  let before: { at: number; lng: number; lat: number } | null = null;
  // A van that stands in the middle all the time, on a Monday.
  const from = at('2026-06-08T11:50:00Z');
  for (let seconds = 0; seconds < 3600; seconds += 10) {
    const fix = { at: from + seconds, lng: -97.5, lat: 41.2 };
    standings = cross(standings, { before, fix, vehicleId: 7, fleetId: 1 }, pack, crossings);
    before = fix;
  }
  expect(crossings.map(({ kind, at: when }) => [kind, when - from])).toEqual([
    ['enter', 600],
    ['exit', 1200],
  ]);
});
