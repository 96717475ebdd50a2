import type { Appraisal } from './appraise.ts';
import { rescueViolations } from './check.ts';
import { isDue } from './decide.ts';
import { type RescueOption, thoroughEffort, usualEffort } from './options.ts';
import { expected, type Outlook } from './outlook.ts';
import { handoverSeconds, type RescueVan, rescueParams } from './problem.ts';
import { sweep } from './sweep.ts';

export type RescueJob = {
  readonly vans: readonly RescueVan[];
  /** Vans that may need help, and whether they may wait for it. */
  readonly givers: readonly { readonly id: number; readonly mayWait: boolean }[];
};

/** What changes for one van. */
export type Effect = Pick<Outlook, 'late' | 'lateStops' | 'metres'> & { readonly finish: number };

/** One hand-over in ids: what crosses back from the thread. */
export type FoundPart = {
  readonly helperId: number;
  readonly stopIds: readonly number[];
  readonly packages: number;
  readonly place: { readonly x: number; readonly y: number };
  readonly giverAfter: number;
  readonly helperAfter: number;
  readonly helperStopIds: readonly number[];
  readonly meetAt: number;
  /** Seconds by which who is there first may have to wait, in nine cases of ten. */
  readonly spread: number;
  readonly seconds: number;
  readonly before: Effect;
  readonly after: Effect;
};

export type FoundChoice = {
  readonly parts: readonly FoundPart[];
  readonly gain: number;
  readonly before: Effect;
  readonly after: Effect;
};

export type FoundRescue = { readonly giverId: number; readonly choices: readonly FoundChoice[] };

/** Choices shown to a person: more are noise. */
const CHOICES = 3;
/** A rescue has to save so many weighted seconds to be worth a person's attention. */
const GAIN_MIN = 300;

/**
 * The whole sweep on a thread: options for every van in need, shared out over the fleet, each judged by
 * the independent checker before anybody sees it.
 */
export function findRescues({ vans, givers }: RescueJob): FoundRescue[] {
  const inNeed = givers.filter(({ id, mayWait }) => {
    const van = vans.find((each) => each.id === id);
    if (!van) return false;
    return !mayWait || isDue(expected(van, rescueParams).late, van.finishBy - van.at);
  });
  if (inNeed.length === 0) return [];
  const effort = inNeed.length <= 3 ? thoroughEffort : usualEffort;
  const { chosen, options } = sweep({ vans, givers: inNeed.map(({ id }) => id), effort });
  return inNeed.flatMap(({ id }) => {
    const giver = vans.find((van) => van.id === id)!;
    const own = chosen.filter(({ giverId }) => giverId === id);
    const helped = new Set(own.map(({ helperId }) => helperId));
    const others: RescueOption[] = [];
    for (const option of options.get(id) ?? []) {
      if (helped.has(option.helperId) || others.some(({ helperId }) => helperId === option.helperId))
        continue;
      others.push(option);
    }
    const plans = [own, ...others.map((option) => [option])].filter((parts) => parts.length > 0);
    const choices = plans
      .filter((parts) => rescueViolations(vans, parts).length === 0)
      .map((parts) => choiceOf(vans, giver, parts))
      .filter(({ gain }) => gain >= GAIN_MIN)
      .slice(0, CHOICES);
    return choices.length > 0 ? [{ giverId: id, choices }] : [];
  });
}

function choiceOf(vans: readonly RescueVan[], giver: RescueVan, parts: readonly RescueOption[]): FoundChoice {
  const last = parts.at(-1)!;
  return {
    parts: parts.map((option) => partOf(vans, giver, option)),
    gain: parts.reduce((sum, { appraisal }) => sum + appraisal.gain, 0),
    before: effectOf(expected(giver, rescueParams)),
    after: effectOf(last.appraisal.giver),
  };
}

function partOf(vans: readonly RescueVan[], giver: RescueVan, option: RescueOption): FoundPart {
  const helper = vans.find(({ id }) => id === option.helperId)!;
  const own = new Set(helper.stops);
  const moved = option.helperStops.filter((stop) => !own.has(stop));
  const { giver: given, helper: taken }: Appraisal = option.appraisal;
  const { arrival: first } = given;
  const { arrival: second } = taken;
  const spread = 1.2816 * Math.sqrt((first?.variance ?? 0) + (second?.variance ?? 0));
  return {
    helperId: helper.id,
    stopIds: moved.map(({ id }) => id),
    packages: moved.reduce((sum, { packages }) => sum + packages, 0),
    place: { x: option.meeting.x, y: option.meeting.y },
    giverAfter: giver.stops.length === 0 ? 0 : option.meeting.giverAfter,
    helperAfter: option.meeting.helperAfter,
    helperStopIds: option.helperStops.map(({ id }) => id),
    meetAt: Math.max(giver.isStuck ? 0 : (first?.mean ?? 0), second?.mean ?? 0),
    spread,
    seconds: handoverSeconds(rescueParams, moved.length),
    before: effectOf(expected(helper, rescueParams)),
    after: effectOf(taken),
  };
}

const effectOf = ({ late, lateStops, metres, finish }: Outlook): Effect => ({
  ...{ late, lateStops, metres, finish: finish.mean },
});
