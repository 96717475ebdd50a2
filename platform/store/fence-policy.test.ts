import { expect, test } from 'vitest';
import { defaultFencePolicy } from '../../schemas/fence.ts';
import { policyOf } from './fence-policy.ts';

const hours = { timeZone: 'Europe/Berlin', hours: [{ days: [1], from: '07:00', until: '19:00' }] };
const rule = { timeZone: 'America/Chicago', days: [1, 2], at: '07:30', side: 'inside' };

test('policyOf() keeps every field, and fills in what is left out', () => {
  const policy = { exitMargin: 40, dwell: 900, speedLimit: 5, schedule: hours, presence: [rule] };
  expect(policyOf(policy)).toEqual({ ...defaultFencePolicy, ...policy });
  expect(policyOf({ dwell: null })).toEqual(defaultFencePolicy);
  expect(policyOf(undefined)).toBeUndefined();
});

test.each([
  [{ margin: 3 }, 'policy has no “margin”'],
  [{ exitMargin: -1 }, 'policy.exitMargin is not a number of metres'],
  [{ minInside: '20' }, 'policy.minInside is not a number of seconds'],
  [{ speedLimit: 500 }, 'policy.speedLimit is not a number of metres per second from 0 to 100'],
  [{ schedule: { ...hours, timeZone: 'Mars/Olympus' } }, '“Mars/Olympus” is no time zone'],
  [{ schedule: { ...hours, hours: [] } }, 'leave schedule out'],
  [{ schedule: { ...hours, hours: [{ days: [0], from: '07:00', until: '08:00' }] } }, '1 is Monday'],
  [{ schedule: { ...hours, hours: [{ days: [1], from: '7', until: '08:00' }] } }, 'write it as 07:30'],
  [{ presence: [{ ...rule, at: '25:00' }] }, 'policy.presence[0].at “25:00” is no time of day'],
  [{ presence: [{ ...rule, side: 'near' }] }, 'neither inside nor outside'],
])('policyOf() says what is wrong with %j', (policy, sentence) => {
  expect(policyOf(policy)).toContain(sentence);
});
