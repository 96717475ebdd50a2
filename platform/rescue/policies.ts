import { rescueViolations } from '../../engine/route/rescue/check.ts';
import { isDue as isDueUsually } from '../../engine/route/rescue/decide.ts';
import type { OptionEffort } from '../../engine/route/rescue/options.ts';
import { arrivalAt, expected, legMean, trackOf } from '../../engine/route/rescue/outlook.ts';
import {
  apart,
  type RescueMove,
  type RescueParams,
  type RescueVan,
  rescueParams,
} from '../../engine/route/rescue/problem.ts';
import { sweep } from '../../engine/route/rescue/sweep.ts';
import { agree, type Desk, isMeeting, seenVan } from './desk.ts';
import type { Shift } from './shift.ts';

export type Scene = {
  readonly shift: Shift;
  readonly desks: readonly Desk[];
  readonly due: ReadonlyMap<number, number>;
  readonly at: number;
};

/** What is done once every so often; returns what the independent checker says against it. */
export type Policy = (scene: Scene) => readonly string[];

/** A person needs a moment: the next two stops of every van stay. */
export const COMMITTED = 2;
/** Who is there first waits for so long past the agreed time, seconds. */
export const WAIT = 1800;

/** Weighted seconds a rescue has to save. */
const GAIN_MIN = 300;
/** Seconds until a van for which nothing was found is looked at again. */
const AGAIN = 1100;

export type Knowing = (desk: Desk, scene: Scene) => RescueVan | undefined;

const asSeen: Knowing = (desk, { due }) => seenVan(desk, due, COMMITTED);

export type OurPolicy = {
  readonly params?: Partial<RescueParams>;
  readonly effort?: OptionEffort;
  /** Whether a van that will be late so surely, so long before its end, is helped now. */
  readonly isDue?: (late: number, secondsLeft: number) => boolean;
  readonly knowing?: Knowing;
};

/** The engine's own rescues: whole-fleet sweep, everything chosen is accepted. */
export function ours({ params, effort, isDue = isDueUsually, knowing = asSeen }: OurPolicy = {}): Policy {
  const triedAt = new Map<number, number>();
  const all = { ...rescueParams, ...params };
  return (scene) => {
    const vans = scene.desks.flatMap((desk) => knowing(desk, scene) ?? []);
    const givers = vans.filter((van) => {
      const desk = scene.desks[van.id - 1]!;
      if (van.isStuck) return true;
      if (isMeeting(desk.van)) return false;
      // What found no help a moment ago finds none now.
      if (scene.at - (triedAt.get(van.id) ?? 0) < AGAIN) return false;
      return isDue(expected(van, all).late, van.finishBy - scene.at);
    });
    if (givers.length === 0) return [];
    const { chosen } = sweep({ vans, givers: givers.map(({ id }) => id), params: all, effort });
    for (const { id } of givers) triedAt.set(id, scene.at);
    const acted = chosen.filter(({ appraisal }) => appraisal.gain >= GAIN_MIN);
    const found = rescueViolations(vans, acted);
    for (const option of acted) {
      const { giver, helper } = option.appraisal;
      const meetAt = Math.max(giver.arrival!.mean, helper.arrival!.mean);
      agree(scene.shift, scene.desks, option, { meetAt, wait: WAIT, params: all });
    }
    return found;
  };
}

/**
 * What a busy dispatcher does: for a van that is at risk, the nearest van with enough time to spare takes
 * as many of its last stops as are expected to be late, as its own last; they meet at the giver's first stop
 * to which the helper can come in time. Enough is the work handed over and the drive to the meeting.
 * Nobody is asked twice on one day.
 */
export function greedy(): Policy {
  const asked = new Set<number>();
  return (scene) => {
    const vans = scene.desks.flatMap((desk) => asSeen(desk, scene) ?? []);
    const slackOf = (van: RescueVan): number => van.finishBy - expected(van, rescueParams).finish.mean;
    const isAtRisk = ({ id }: RescueVan) => scene.desks[id - 1]!.status === 'at_risk';
    const late = vans
      .filter((van) => isAtRisk(van) && !asked.has(van.id) && van.mayHelp)
      .sort((a, b) => slackOf(a) - slackOf(b));
    for (const giver of late) {
      const { projection, progress } = scene.desks[giver.id - 1]!.now!;
      const dueOf = (k: number): number => giver.stops[k]!.due;
      let count = 0;
      for (let k = 0; k < progress.aheadCount; k++) if (projection.mean[k]! > dueOf(k)) count++;
      count = Math.min(giver.stops.length - COMMITTED, count);
      if (count < 1) continue;
      const each = (projection.finish - scene.at) / giver.stops.length;
      const helper = vans
        .filter((van) => van.mayHelp && !asked.has(van.id) && !isAtRisk(van))
        .filter((van) => slackOf(van) >= count * each + driveOf(van, giver))
        .sort((a, b) => apart(a.x, a.y, giver.x, giver.y) - apart(b.x, b.y, giver.x, giver.y))[0];
      if (!helper) continue;
      asked.add(helper.id).add(giver.id);
      const from = giver.stops.length - count;
      const helperAfter = Math.min(COMMITTED, helper.stops.length);
      const comes = arrivalAt(trackOf(helper), helperAfter, giver).mean;
      const ahead = projection.mean.findIndex((mean) => mean >= comes);
      const giverAfter = Math.min(from, Math.max(COMMITTED, ahead < 0 ? from : ahead));
      const { x, y } = giver.stops[giverAfter - 1]!;
      const move: RescueMove = {
        ...{ giverId: giver.id, helperId: helper.id, from, until: giver.stops.length },
        meeting: { x, y, kind: 'giver_stop', giverAfter, helperAfter },
        helperStops: [...helper.stops, ...giver.stops.slice(from)],
      };
      agree(scene.shift, scene.desks, move, { meetAt: comes, wait: 2 * WAIT });
    }
    return [];
  };
}

const driveOf = (van: RescueVan, to: { readonly x: number; readonly y: number }): number =>
  legMean(van, apart(van.x, van.y, to.x, to.y), -2, undefined);
