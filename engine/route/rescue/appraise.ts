import { Z90 } from '../../pace/normal.ts';
import {
  arrivalAt,
  expected,
  type MeetingAhead,
  type Outlook,
  outlook,
  type Track,
  trackOf,
} from './outlook.ts';
import {
  handoverSeconds,
  keeps,
  type Meeting,
  type RescueMove,
  type RescueParams,
  type RescueStop,
  type RescueVan,
} from './problem.ts';

/** What a rescue does to both vans. */
export type Appraisal = {
  /** Seconds of weighted cost saved; what is not allowed saves −∞. */
  readonly gain: number;
  readonly giver: Outlook;
  readonly helper: Outlook;
  /** Why it is not allowed. */
  readonly refusal: Refusal | undefined;
};

export type Refusal = 'helper_late' | 'hours' | 'volume' | 'skills' | 'custody' | 'committed';

/** Both vans as they would go on without any rescue. */
export type Pair = {
  readonly giver: RescueVan;
  readonly helper: RescueVan;
  readonly giverTrack: Track;
  readonly helperTrack: Track;
  readonly giverBefore: Outlook;
  readonly helperBefore: Outlook;
  readonly params: RescueParams;
};

export function pairOf(giver: RescueVan, helper: RescueVan, params: RescueParams): Pair {
  return {
    ...{ giver, helper, params },
    giverTrack: trackOf(giver),
    helperTrack: trackOf(helper),
    giverBefore: expected(giver, params),
    helperBefore: expected(helper, params),
  };
}

/** What is left to the giver. */
export function withoutPiece(stops: readonly RescueStop[], from: number, until: number): RescueStop[] {
  return [...stops.slice(0, from), ...stops.slice(until)];
}

/** The helper's running order with the piece put behind `after` of its own stops, either way round. */
export function withBlock(
  stops: readonly RescueStop[],
  after: number,
  piece: readonly RescueStop[],
  isReversed: boolean,
): RescueStop[] {
  const block = isReversed ? piece.toReversed() : piece;
  return [...stops.slice(0, after), ...block, ...stops.slice(after)];
}

const ahead = ({ x, y }: Meeting, after: number, seconds: number): MeetingAhead => ({
  ...{ after, x, y, seconds },
  other: undefined,
});

/** What a rescue would come to, and whether it may be. */
export function appraise(pair: Pair, move: Omit<RescueMove, 'giverId' | 'helperId'>): Appraisal {
  const { giver, giverBefore, helperBefore, params } = pair;
  const { from, until, meeting, helperStops } = move;
  const { giverAfter, helperAfter } = meeting;
  const rest = withoutPiece(giver.stops, from, until);
  const seconds = handoverSeconds(params, until - from);
  const given = arrivalAt(pair.giverTrack, giverAfter, meeting);
  const taken = arrivalAt(pair.helperTrack, helperAfter, meeting);
  const giverThen = outlook(pair.giverTrack, rest, params, giverAfter, {
    ...ahead(meeting, giverAfter, seconds),
    other: taken,
  });
  const helperThen = outlook(pair.helperTrack, helperStops, params, helperAfter, {
    ...ahead(meeting, helperAfter, seconds),
    other: given,
  });
  const gain =
    giverBefore.cost +
    helperBefore.cost -
    giverThen.cost -
    helperThen.cost -
    params.perRescue -
    params.perMove * (until - from);
  return { gain, giver: giverThen, helper: helperThen, refusal: refusalOf(pair, move, helperThen) };
}

function refusalOf(
  { giver, helper, helperBefore, params }: Pair,
  { from, until, meeting, helperStops }: Omit<RescueMove, 'giverId' | 'helperId'>,
  then: Outlook,
): Refusal | undefined {
  if (from < meeting.giverAfter) return 'custody';
  if (meeting.giverAfter < keeps(giver)) return 'committed';
  if (meeting.helperAfter < keeps(helper)) return 'committed';
  if (then.finish.mean + Z90 * Math.sqrt(then.finish.variance) > helper.hoursUntil) return 'hours';
  if (then.late > params.helperLateMax && then.late > helperBefore.late + params.helperLateMore) {
    return 'helper_late';
  }
  let onBoard = 0;
  for (let k = meeting.helperAfter; k < helperStops.length; k++) onBoard += helperStops[k]!.packages;
  if (onBoard > helper.capacity) return 'volume';
  for (let k = from; k < until; k++) {
    if (giver.stops[k]!.skills.some((skill) => !helper.skills.includes(skill))) return 'skills';
  }
  return undefined;
}
