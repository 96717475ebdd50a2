import { radiansFromDegrees } from '../../schemas/units.ts';
import type { Observation } from '../vehicle-state.ts';
import { filterPolicy } from './policy.ts';
import { drivenBetween, eastOf, metresBetween, northOf } from './step.ts';

/** Slower than this a heading says nothing, m/s. */
const HEADING_SPEED = 1.5;

/**
 * Whether a fix is off the motion that it and the one before it tell of, so far that it may be a spike:
 * then it waits for the next one. Costs a delay of one fix where it is none, so it may well be wrong.
 */
export function isOffMotion(good: Observation, fix: Observation): boolean {
  if (fix.at <= good.at) return false;
  const driven = drivenBetween(good, fix);
  if (driven === undefined) {
    const { speedUnknown, noise } = filterPolicy;
    return metresBetween(good, fix) > noise + speedUnknown * (fix.at - good.at);
  }
  const limit = tolerance(good, fix, driven);
  if (!hasCourse(good) || !hasCourse(fix)) return metresBetween(good, fix) - driven > limit;
  const east = eastOf(good, fix) - driven * courseEast(good, fix);
  const north = northOf(good, fix) - driven * courseNorth(good, fix);
  return Math.hypot(east, north) > limit;
}

/**
 * Whether a fix is a spike: away and back, while its neighbours tell of one motion without it. With s its
 * height, the step before it is wrong by s and the one after it by −s: half the difference of the two
 * errors is the height, and their sum is what the neighbours disagree by.
 */
export function isSpike(before: Observation, fix: Observation, after: Observation): boolean {
  if (fix.at <= before.at || after.at <= fix.at) return false;
  const { spikeRest } = filterPolicy;
  const [driven1, driven2] = [drivenBetween(before, fix), drivenBetween(fix, after)];
  if (driven1 === undefined || driven2 === undefined) return isSpikeWithoutSpeed(before, fix, after);
  const limit = Math.min(tolerance(before, fix, driven1), tolerance(fix, after, driven2));
  if (!hasCourse(before) || !hasCourse(fix) || !hasCourse(after)) {
    const [error1, error2] = [metresBetween(before, fix) - driven1, metresBetween(fix, after) - driven2];
    const height = (error1 + error2) / 2;
    const rest = Math.max(0, metresBetween(before, after) - driven1 - driven2);
    return Math.min(error1, error2) > limit / 2 && height > limit && rest <= spikeRest * height;
  }
  const east1 = eastOf(before, fix) - driven1 * courseEast(before, fix);
  const north1 = northOf(before, fix) - driven1 * courseNorth(before, fix);
  const east2 = eastOf(fix, after) - driven2 * courseEast(fix, after);
  const north2 = northOf(fix, after) - driven2 * courseNorth(fix, after);
  const height = Math.hypot(east1 - east2, north1 - north2) / 2;
  return height > limit && Math.hypot(east1 + east2, north1 + north2) <= spikeRest * height;
}

/** Off the straight line between its neighbours by more than it can have driven there and back. */
function isSpikeWithoutSpeed(before: Observation, fix: Observation, after: Observation): boolean {
  const { speedUnknown, noise, spikeRest } = filterPolicy;
  const away = metresBetween(before, fix);
  const back = metresBetween(fix, after);
  const isFar =
    away > noise + speedUnknown * (fix.at - before.at) && back > noise + speedUnknown * (after.at - fix.at);
  return isFar && metresBetween(before, after) <= spikeRest * Math.min(away, back);
}

/** Metres by which honest neighbours may differ from what their speeds and headings say. */
function tolerance(a: Observation, b: Observation, driven: number): number {
  const { spikeMetres, accuracy, acceleration, bend } = filterPolicy;
  const seconds = b.at - a.at;
  return (
    spikeMetres +
    2 * Math.hypot(a.accuracy ?? accuracy, b.accuracy ?? accuracy) +
    // Pulled away and braked again, unseen: a·t²/4 metres.
    Math.min((acceleration * seconds * seconds) / 4, filterPolicy.speedUnknown * seconds) +
    driven * (bend + turned(a, b))
  );
}

/**
 * The share of the way by which a turn somewhere on it may differ from the mean of the two courses: half
 * their difference, which is √(1 − |mean|²).
 */
function turned(a: Observation, b: Observation): number {
  if (a.heading === undefined || b.heading === undefined) return 0;
  const east = courseEast(a, b);
  const north = courseNorth(a, b);
  return Math.sqrt(Math.max(0, 1 - east * east - north * north));
}

/** Whether it stands or says where it drives to. */
function hasCourse({ speed, heading }: Observation): boolean {
  return heading !== undefined || (speed !== undefined && speed < HEADING_SPEED);
}

/** East component of the mean of two courses; 0 for one that stands. */
function courseEast(a: Observation, b: Observation): number {
  return (sine(a) + sine(b)) / 2;
}

function courseNorth(a: Observation, b: Observation): number {
  return (cosine(a) + cosine(b)) / 2;
}

const sine = ({ heading }: Observation): number =>
  heading === undefined ? 0 : Math.sin(radiansFromDegrees(heading));
const cosine = ({ heading }: Observation): number =>
  heading === undefined ? 0 : Math.cos(radiansFromDegrees(heading));
