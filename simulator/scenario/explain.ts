import { deviceClasses } from '../device/device-classes.ts';
import { deviceClassOf } from '../device/radio.ts';
import type { DayPlan } from '../plan.ts';
import { copiesOf, fleetSizes } from '../van/copies.ts';
import type { Disruption } from '../van/disruptions.ts';
import type { ProfileEntry } from './profile.ts';
import type { Scenario } from './scenario.ts';

/** What a simulation of a scenario will do, a line each, in words. */
export function explain(scenario: Scenario, plan: DayPlan): string[] {
  const { routes, depots } = plan;
  const { routed, roaming, patterns } = fleetSizes(scenario);
  const stops = (routes.reduce((sum, route) => sum + route.stops.length, 0) * routed) / patterns;
  const hours = routes.map(
    ({ plannedDeparture, plannedReturn }) => (plannedReturn - plannedDeparture) / 3600,
  );
  const longest = hours.reduce((most, value) => Math.max(most, value), 0);
  const perSecond = scenario.vans / scenario.intervalSeconds;
  const counts = new Map<string, number>();
  for (const { vehicle } of copiesOf(scenario, plan.shiftStart)) {
    const name = deviceClassOf(scenario, vehicle);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const { driving, service } = scenario.conditions;
  return [
    `${scenario.name}: seed ${scenario.seed}, fleet ${scenario.fleet}`,
    `${routed} vans from ${depots.length} stations serve ${Math.round(stops)} stops; the longest route is planned for ${longest.toFixed(1)} h`,
    `each van reports every ${scenario.intervalSeconds} s: about ${perSecond.toFixed(1)} fixes a second, ${Math.round((scenario.vans * (mean(hours) * 3600 + 1500)) / scenario.intervalSeconds)} in all`,
    ...(patterns === routed ? [] : [`they share ${patterns} different days, minutes apart`]),
    ...(roaming === 0 ? [] : [`${roaming} vans have no route and drive about`]),
    ...(driving === 1 && service === 1
      ? []
      : [
          `against the plan: ${percent(driving)} of the usual speed, ${percent(service)} of the usual time at a stop`,
        ]),
    ...[...counts].map(
      ([name, count]) => `${count} × ${name}: ${deviceClasses[name as keyof typeof deviceClasses].about}`,
    ),
    ...scenario.profile.map(profileSentence),
    ...scenario.disruptions.map((entry) => `${sentence(entry)}`),
    ...Object.entries(scenario.random).map(([kind, rate]) => `by chance: ${kind}, ${often(rate)}`),
  ];
}

function profileSentence(entry: ProfileEntry): string {
  if (entry.kind === 'ramp') return `vans come one after another, all within ${entry.lasts} min`;
  const during = `from minute ${entry.after} for ${entry.lasts} min`;
  if (entry.kind === 'spike') return `spike ${during}: ${entry.factor} times as many fixes`;
  return `storm ${during}: ${percent(entry.share)} of the vans are cut off, and come back at once`;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
const percent = (share: number): string => `${Math.round(share * 100)} %`;

function often(rate: object): string {
  if ('perVanDay' in rate) return `${rate.perVanDay} a van and day`;
  return 'perStationDay' in rate
    ? `${rate.perStationDay} a station and day`
    : `${'perDay' in rate ? rate.perDay : 0} a day`;
}

function sentence(entry: Disruption): string {
  const during =
    'after' in entry && 'lasts' in entry ? `from minute ${entry.after} for ${entry.lasts} min` : '';
  const where =
    'radius' in entry ? `within ${entry.radius} m of ${entry.east} km east, ${entry.north} km north` : '';
  const who =
    'vans' in entry && entry.vans
      ? entry.vans.join(', ')
      : 'share' in entry
        ? `${percent(entry.share ?? 0)} of the vans`
        : '';
  switch (entry.kind) {
    case 'jam':
      return `jam ${where}, ${during}: ${percent(entry.speed)} of the usual speed`;
    case 'closed-road':
      return `streets closed ${where}, ${during}`;
    case 'breakdown':
      return `breakdown of ${who} ${during}`;
    case 'van-swap':
      return `another van for ${who}, which stand meanwhile ${during}`;
    case 'driver-call-out':
      return `no driver for ${who} until ${entry.lasts} min after planned departure`;
    case 'load-out-delay':
      return `vans of station ${entry.station} leave ${entry.lasts} min late`;
    case 'heavy-route':
      return `heavy routes for ${who}: ${entry.factor} times the usual time at a stop`;
    case 'added-stops':
      return `${entry.count} stops the plan does not know for ${who}, from minute ${entry.after}`;
  }
}
