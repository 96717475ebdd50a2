import { type Appraisal, appraise, type Pair, pairOf, withBlock, withoutPiece } from './appraise.ts';
import { loosened } from './loosen.ts';
import { meetingsOf, placed, type RatedMeeting } from './meetings.ts';
import { expected, legMean, outlook, trackOf } from './outlook.ts';
import {
  apart,
  handoverSeconds,
  keeps,
  type Meeting,
  type RescueMove,
  type RescueParams,
  type RescueVan,
} from './problem.ts';

/** A way to help that was worked out. */
export type RescueOption = RescueMove & { readonly appraisal: Appraisal };

/** A piece of the giver's route and what its absence is worth, whoever takes it. */
export type Piece = { readonly from: number; readonly until: number; readonly worth: number };

/** Numbers that say a rescue whole, as long as the piece stays one block. */
export type Shape = {
  readonly from: number;
  readonly until: number;
  readonly kind: Meeting['kind'];
  readonly giverAfter: number;
  readonly helperAfter: number;
  /** So many of the helper's own stops come before the piece. */
  readonly blockAfter: number;
  readonly isReversed: boolean;
};

const SIZES = [1, 2, 4, 7, 11, 16, 22, 30, 40, 60] as const;
/** Most starts of pieces looked at. */
const STARTS = 16;

export type OptionEffort = {
  /** Pieces worked out in full for each helper. */
  readonly looked: number;
  /** Candidates of each helper, and helpers of each giver, whose candidates are improved step by step. */
  readonly climbed: number;
  readonly helpers: number;
  /** Most changes tried while improving one. */
  readonly steps: number;
  /** Whether stops of the piece may be put elsewhere in the helper's order than beside one another. */
  readonly isLoosened: boolean;
};

export const usualEffort: OptionEffort = {
  ...{ looked: 8, climbed: 1, helpers: 4, steps: 150 },
  isLoosened: true,
};

/** For small fleets and single vans: a tenth of a second or two for each giver. */
export const thoroughEffort: OptionEffort = {
  ...{ looked: 60, climbed: 8, helpers: 8, steps: 600 },
  isLoosened: true,
};

/**
 * The pieces of a giver's route and what taking each away saves. A piece is contiguous: a bag, or the
 * tail. The hand-over itself is counted as if it were at the first moment it can be.
 */
export function piecesOf(giver: RescueVan, params: RescueParams): Piece[] {
  const { stops } = giver;
  const first = giver.isStuck ? 0 : Math.min(giver.committed, stops.length);
  const track = trackOf(giver);
  const before = expected(giver, params).cost;
  const stride = Math.max(1, Math.floor((stops.length - first) / STARTS));
  const here = stops[first - 1] ?? giver;
  const pieceAt = (from: number, until: number): Piece => {
    const seconds = handoverSeconds(params, until - from);
    const meeting = { after: first, x: here.x, y: here.y, other: undefined, seconds };
    const rest = withoutPiece(stops, from, until);
    const after = outlook(track, rest, params, first, meeting).cost;
    return { from, until, worth: before - after };
  };
  const pieces: Piece[] = [];
  for (let from = first; from < stops.length; from++) {
    const tail = stops.length - from;
    for (const size of SIZES) {
      if (size >= tail || size > params.piecesMax) break;
      if ((from - first) % stride === 0) pieces.push(pieceAt(from, from + size));
    }
    // Tails begin anywhere, other pieces at every few stops.
    if (tail <= params.piecesMax) pieces.push(pieceAt(from, stops.length));
  }
  return pieces.filter(({ worth }) => worth > 0);
}

type Judged = { readonly shape: Shape; readonly appraisal: Appraisal };

/** What a first look at a helper found: not improved yet. */
export type Candidate = { readonly pair: Pair; readonly judged: Judged };

export type Search = {
  readonly pieces: readonly Piece[];
  readonly params: RescueParams;
  readonly effort: OptionEffort;
};

/** Ways in which `helper` can take one of these pieces, at a first look; best first. */
export function candidatesOf(
  giver: RescueVan,
  helper: RescueVan,
  { pieces, params, effort }: Search,
): Candidate[] {
  const pair = pairOf(giver, helper, params);
  const meetings = meetingsOf(pair);
  if (meetings.length === 0) return [];
  return pieces
    .map((piece) => roughly(pair, piece))
    .sort((a, b) => b.estimate - a.estimate)
    .slice(0, effort.looked)
    .flatMap((rough) => shapesOf(rough, meetings))
    .map((shape) => ({ pair, judged: judge(pair, shape) }))
    .sort((a, b) => standing(b.judged.appraisal) - standing(a.judged.appraisal));
}

/** The best that small changes make of a candidate; undefined when that is not allowed, or worth nothing. */
export function improved(
  { pair, judged }: Candidate,
  { steps, isLoosened }: OptionEffort,
): RescueOption | undefined {
  const { shape, appraisal } = climbed(pair, judged, steps);
  if (appraisal.refusal !== undefined || appraisal.gain <= 0) return undefined;
  const move = { ...moveOf(pair, shape), giverId: pair.giver.id, helperId: pair.helper.id };
  return isLoosened ? loosened(pair, { ...move, appraisal }) : { ...move, appraisal };
}

/** What is not allowed stands behind what is, the less the nearer it is to being allowed. */
export const standing = ({ gain, refusal, helper }: Appraisal): number =>
  refusal === undefined ? gain : Math.min(gain, 0) - 100_000 * (1 + helper.late);

type Rough = {
  readonly piece: Piece;
  readonly blockAfter: number;
  readonly isReversed: boolean;
  readonly estimate: number;
};

/** The piece at its cheapest place in the helper's order, by driving alone; and right at the end. */
function roughly({ giver, helper, helperBefore }: Pair, piece: Piece): Rough {
  const first = giver.stops[piece.from]!;
  const last = giver.stops[piece.until - 1]!;
  let work = 0;
  for (let k = piece.from; k < piece.until; k++) {
    const stop = giver.stops[k]!;
    work += stop.service * helper.pace.service[stop.kind]!;
    const before = giver.stops[k - 1];
    if (k > piece.from && before) {
      work += legMean(helper, apart(stop.x, stop.y, before.x, before.y), before.id, stop);
    }
  }
  const least = keeps(helper);
  let best = { detour: Number.POSITIVE_INFINITY, blockAfter: least, isReversed: false };
  for (let k = least; k <= helper.stops.length; k++) {
    const a = helper.stops[k - 1] ?? helper;
    const b = helper.stops[k] ?? helper.depot;
    const straight = apart(b.x, b.y, a.x, a.y);
    const forth = apart(first.x, first.y, a.x, a.y) + apart(b.x, b.y, last.x, last.y);
    const back = apart(last.x, last.y, a.x, a.y) + apart(b.x, b.y, first.x, first.y);
    const detour = Math.min(forth, back) - straight;
    if (detour < best.detour) best = { detour, blockAfter: k, isReversed: back < forth };
  }
  const seconds = work + best.detour * helper.fit.perMetre * helper.pace.slope;
  const slack = helper.finishBy - helperBefore.finish.mean;
  // A helper pushed past its end is worth less the further it is.
  const estimate = piece.worth - seconds - 4 * Math.max(0, seconds - slack);
  return { piece, estimate, ...best };
}

/**
 * The piece at its cheapest place with the cheapest meeting in time for it, or the last before it; and
 * right behind the cheapest meeting of all, for parcels that are urgent.
 */
function shapesOf(
  { piece: { from, until }, blockAfter, isReversed }: Rough,
  meetings: readonly RatedMeeting[],
): Shape[] {
  const shape = (m: RatedMeeting, at: number, turned: boolean): Shape => ({
    ...{ from, until, blockAfter: at, isReversed: turned, kind: m.kind },
    ...{ giverAfter: m.giverAfter, helperAfter: m.helperAfter },
  });
  const first = meetings.find(({ giverAfter }) => giverAfter <= from);
  if (!first) return [];
  const timely = meetings.find((m) => m.giverAfter <= from && m.helperAfter <= blockAfter);
  const right = meetings.find((m) => m.giverAfter <= from && m.helperAfter === blockAfter);
  return [
    shape(first, first.helperAfter, isReversed),
    shape(first, first.helperAfter, !isReversed),
    ...(timely ? [shape(timely, blockAfter, isReversed)] : [shape(first, first.helperAfter, isReversed)]),
    ...(right && right !== timely ? [shape(right, blockAfter, isReversed)] : []),
  ];
}

/** The rescue that a shape means. */
export function moveOf(pair: Pair, shape: Shape): Omit<RescueMove, 'giverId' | 'helperId'> {
  const { from, until, blockAfter, isReversed } = shape;
  const piece = pair.giver.stops.slice(from, until);
  return {
    ...{ from, until },
    meeting: placed(pair, shape),
    helperStops: withBlock(pair.helper.stops, blockAfter, piece, isReversed),
  };
}

export function judge(pair: Pair, shape: Shape): Judged {
  return { shape, appraisal: appraise(pair, moveOf(pair, shape)) };
}

const STEPS = [-1, 1, -3, 3, -8, 8] as const;
const MOVES: readonly ((shape: Shape, step: number) => Partial<Shape>)[] = [
  ({ from }, step) => ({ from: from + step }),
  ({ until }, step) => ({ until: until + step }),
  ({ from, until }, step) => ({ from: from + step, until: until + step }),
  ({ giverAfter }, step) => ({ giverAfter: giverAfter + step }),
  ({ helperAfter }, step) => ({ helperAfter: helperAfter + step }),
  ({ blockAfter }, step) => ({ blockAfter: blockAfter + step }),
  ({ blockAfter, helperAfter }, step) => ({
    blockAfter: blockAfter + step,
    helperAfter: helperAfter + step,
  }),
];
const KINDS = ['giver_stop', 'helper_stop', 'between'] as const;
const changes: readonly ((shape: Shape) => Partial<Shape>)[] = [
  ...STEPS.flatMap((step) => MOVES.map((move) => (shape: Shape) => move(shape, step))),
  ({ isReversed }) => ({ isReversed: !isReversed }),
  ...KINDS.map((kind) => ({ kind: now }: Shape) => ({ kind: now === 'giver_place' ? now : kind })),
];

/** Takes every small change that helps, until none does or `steps` were tried. */
function climbed(pair: Pair, start: Judged, steps: number): Judged {
  let best = start;
  let tried = 0;
  for (let isBetter = true; isBetter && tried < steps; ) {
    isBetter = false;
    for (const change of changes) {
      if (tried >= steps) break;
      const shape = { ...best.shape, ...change(best.shape) };
      if (!isPossible(pair, shape)) continue;
      tried++;
      const next = judge(pair, shape);
      if (standing(next.appraisal) <= standing(best.appraisal) + 1e-6) continue;
      best = next;
      isBetter = true;
    }
  }
  return best;
}

/** Whether a shape is a rescue at all: a piece, held by the giver until the meeting, behind it for the helper. */
export function isPossible({ giver, helper, params }: Pair, shape: Shape): boolean {
  const { from, until, giverAfter, helperAfter, blockAfter } = shape;
  return (
    until > from &&
    until - from <= params.piecesMax &&
    until <= giver.stops.length &&
    giverAfter >= keeps(giver) &&
    giverAfter <= (giver.isStuck ? 0 : from) &&
    helperAfter >= keeps(helper) &&
    helperAfter <= blockAfter &&
    blockAfter <= helper.stops.length
  );
}
