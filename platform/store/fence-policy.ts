import { defaultFencePolicy, type FencePolicy } from '../../schemas/fence.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Numbers of a policy: their largest sensible value and what they are. */
const numbers: Readonly<Record<string, { readonly most: number; readonly unit: string }>> = {
  enterMargin: { most: 100_000, unit: 'metres' },
  exitMargin: { most: 100_000, unit: 'metres' },
  minInside: { most: 86_400, unit: 'seconds' },
  minOutside: { most: 86_400, unit: 'seconds' },
  dwell: { most: 30 * 86_400, unit: 'seconds' },
  speedLimit: { most: 100, unit: 'metres per second' },
};
const names = [...Object.keys(numbers), 'schedule', 'presence'];
const RULES_MAX = 50;

/**
 * A fence's policy as somebody wrote it, what is left out by default; undefined when nothing was written,
 * and a sentence when it is none.
 */
export function policyOf(value: unknown): FencePolicy | undefined | string {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) return 'policy is not an object; see FencePolicy';
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined || field === null) continue;
    const problem = fieldProblem(name, field);
    if (problem !== undefined) return problem;
  }
  const given = Object.fromEntries(Object.entries(value).filter(([, field]) => field != null));
  return { ...defaultFencePolicy, ...given } as FencePolicy;
}

function fieldProblem(name: string, field: unknown): string | undefined {
  if (name === 'schedule') return scheduleProblem(field);
  if (name === 'presence') return presenceProblem(field);
  const known = numbers[name];
  if (known === undefined) return `policy has no “${name}”; it has ${names.join(', ')}`;
  if (typeof field === 'number' && field >= 0 && field <= known.most) return undefined;
  return `policy.${name} is not a number of ${known.unit} from 0 to ${known.most}`;
}

function scheduleProblem(value: unknown): string | undefined {
  if (!isObject(value)) return 'policy.schedule is not an object with timeZone and hours';
  const { timeZone, hours, ...rest } = value;
  const [other] = Object.keys(rest);
  if (other !== undefined) return `policy.schedule has no “${other}”; it has timeZone and hours`;
  const zone = zoneProblem('policy.schedule', timeZone);
  if (zone !== undefined) return zone;
  if (!Array.isArray(hours) || hours.length === 0 || hours.length > RULES_MAX) {
    return `policy.schedule.hours is not a list of 1 to ${RULES_MAX} spans; leave schedule out for a fence that is always there`;
  }
  return first(hours, (span, i) => {
    const place = `policy.schedule.hours[${i}]`;
    if (!isObject(span)) return `${place} is not an object with days, from and until`;
    const { days, from, until } = span;
    return (
      daysProblem(place, days) ?? timeProblem(`${place}.from`, from) ?? timeProblem(`${place}.until`, until)
    );
  });
}

function presenceProblem(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length > RULES_MAX) {
    return `policy.presence is not a list of at most ${RULES_MAX} rules`;
  }
  return first(value, (rule, i) => {
    const place = `policy.presence[${i}]`;
    if (!isObject(rule)) return `${place} is not an object with timeZone, days, at and side`;
    const { timeZone, days, at, side } = rule;
    const problem =
      zoneProblem(place, timeZone) ?? daysProblem(place, days) ?? timeProblem(`${place}.at`, at);
    if (problem !== undefined) return problem;
    return side === 'inside' || side === 'outside'
      ? undefined
      : `${place}.side is neither inside nor outside`;
  });
}

function zoneProblem(place: string, timeZone: unknown): string | undefined {
  try {
    if (typeof timeZone === 'string' && timeZone !== '') {
      new Intl.DateTimeFormat('en-US', { timeZone });
      return undefined;
    }
  } catch {
    // Said below.
  }
  return `${place}.timeZone “${String(timeZone)}” is no time zone; use an IANA name such as America/Chicago`;
}

function daysProblem(place: string, days: unknown): string | undefined {
  const isDay = (day: unknown): boolean =>
    typeof day === 'number' && Number.isInteger(day) && day >= 1 && day <= 7;
  if (Array.isArray(days) && days.length > 0 && days.every(isDay)) return undefined;
  return `${place}.days is not a list of days; 1 is Monday, 7 is Sunday`;
}

function timeProblem(place: string, time: unknown): string | undefined {
  if (typeof time === 'string' && /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/.test(time)) return undefined;
  return `${place} “${String(time)}” is no time of day; write it as 07:30`;
}

function first<T>(
  items: readonly T[],
  problem: (item: T, i: number) => string | undefined,
): string | undefined {
  for (const [i, item] of items.entries()) {
    const found = problem(item, i);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
