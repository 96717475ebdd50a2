import { withoutPiece } from './appraise.ts';
import { assignment } from './assignment.ts';
import {
  type Candidate,
  candidatesOf,
  improved,
  type OptionEffort,
  piecesOf,
  type RescueOption,
  standing,
  usualEffort,
} from './options.ts';
import { expected } from './outlook.ts';
import { apart, type RescueParams, type RescueVan, rescueParams } from './problem.ts';

export type SweepInput = {
  /** All vans of a fleet that are under way. */
  readonly vans: readonly RescueVan[];
  /** Those that may need help, by id. */
  readonly givers: readonly number[];
  readonly params?: Partial<RescueParams> | undefined;
  readonly effort?: OptionEffort | undefined;
};

export type Sweep = {
  /** For every giver all options found, best first. */
  readonly options: ReadonlyMap<number, readonly RescueOption[]>;
  /** What to do, fleet-wide: every helper at most once, a moving giver at most once. */
  readonly chosen: readonly RescueOption[];
};

/** A van that stands still may need several helpers. */
const ROUNDS = 6;

/**
 * Options for every van in need, and the best way to share the helpers among them. Pure: the same
 * input gives the same sweep on every machine.
 */
export function sweep({ vans, givers, params: changed, effort = usualEffort }: SweepInput): Sweep {
  const params = { ...rescueParams, ...changed };
  const inNeed = new Set(givers);
  const helpers = vans.filter(({ id, mayHelp, isStuck }) => mayHelp && !isStuck && !inNeed.has(id));
  const options = new Map<number, RescueOption[]>();
  const chosen: RescueOption[] = [];
  const busy = new Set<number>();
  let open = vans.filter(({ id }) => inNeed.has(id));
  for (let round = 0; round < ROUNDS && open.length > 0; round++) {
    const free = helpers.filter(({ id }) => !busy.has(id));
    const found = open.map((giver) => rescuesOf(giver, free, params, effort));
    for (const [g, giver] of open.entries()) if (round === 0) options.set(giver.id, found[g]!);
    const picked = matched(found, free);
    for (const option of picked) {
      chosen.push(option);
      busy.add(option.helperId);
    }
    // Who moves goes on with a meeting ahead, and is looked at again when that is over.
    open = picked.flatMap((option) => {
      const giver = open.find(({ id }) => id === option.giverId)!;
      const stops = withoutPiece(giver.stops, option.from, option.until);
      return giver.isStuck && stops.length > 0 ? [{ ...giver, stops }] : [];
    });
  }
  return { options, chosen };
}

/** The options of one giver with its nearest helpers, best first. */
export function rescuesOf(
  giver: RescueVan,
  helpers: readonly RescueVan[],
  params: RescueParams,
  effort: OptionEffort,
): RescueOption[] {
  const pieces = piecesOf(giver, params);
  if (pieces.length === 0) return [];
  const search = { pieces, params, effort };
  const worthOf = (candidates: readonly Candidate[]): number =>
    candidates[0] ? standing(candidates[0].judged.appraisal) : Number.NEGATIVE_INFINITY;
  return nearest(giver, helpers, params)
    .map((helper) => candidatesOf(giver, helper, search).slice(0, effort.climbed))
    .sort((a, b) => worthOf(b) - worthOf(a))
    .slice(0, effort.helpers)
    .flatMap((candidates) => candidates.flatMap((candidate) => improved(candidate, effort) ?? []))
    .sort((a, b) => b.appraisal.gain - a.appraisal.gain);
}

/** Those who have time to give and pass nearby, best first. */
function nearest(giver: RescueVan, helpers: readonly RescueVan[], params: RescueParams): RescueVan[] {
  const rated = helpers.flatMap((helper) => {
    const before = expected(helper, params);
    const spread = Math.sqrt(before.finish.variance);
    const slack = helper.finishBy - before.finish.mean - spread;
    const metres = between(giver, helper);
    if (metres > params.reach || slack <= 0 || before.late > 0.5) return [];
    return [{ helper, rank: slack - 2 * helper.fit.perMetre * metres }];
  });
  return rated
    .sort((a, b) => b.rank - a.rank)
    .slice(0, params.helpersMax)
    .map(({ helper }) => helper);
}

/** Straight metres between the routes' nearest places (every few stops). */
function between(giver: RescueVan, helper: RescueVan): number {
  const some = (van: RescueVan) => [van, ...van.stops.filter((_, k) => k % 4 === 3)];
  let least = Number.POSITIVE_INFINITY;
  const others = some(helper);
  for (const a of some(giver)) {
    for (const b of others) least = Math.min(least, apart(a.x, a.y, b.x, b.y));
  }
  return least;
}

function matched(found: readonly (readonly RescueOption[])[], helpers: readonly RescueVan[]): RescueOption[] {
  const column = new Map(helpers.map(({ id }, index) => [id, index]));
  const best = found.map((options) => {
    const own = new Map<number, RescueOption>();
    for (const option of options) {
      const j = column.get(option.helperId)!;
      if ((own.get(j)?.appraisal.gain ?? 0) < option.appraisal.gain) own.set(j, option);
    }
    return own;
  });
  const worth = best.map((own) => helpers.map((_, j) => own.get(j)?.appraisal.gain ?? 0));
  return assignment(worth, helpers.length).flatMap((j, row) => best[row]!.get(j) ?? []);
}
