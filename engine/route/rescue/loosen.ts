import { type Appraisal, appraise, type Pair } from './appraise.ts';
import { apart, type RescueMove, type RescueStop } from './problem.ts';

const PASSES = 2;
/** Metres a stop has to save elsewhere before its new place is worked out in full. */
const LEAST = 20;

/**
 * Lets single stops of the piece leave the block for a cheaper place in the helper's order, behind the
 * meeting: a stop near the helper's own way is better served in passing.
 */
export function loosened<Move extends RescueMove & { readonly appraisal: Appraisal }>(
  pair: Pair,
  move: Move,
): Move {
  let best = move;
  const moved = new Set(pair.giver.stops.slice(move.from, move.until));
  for (let pass = 0; pass < PASSES; pass++) {
    let isBetter = false;
    for (const stop of moved) {
      const helperStops = relocated(pair, best, stop);
      if (!helperStops) continue;
      const appraisal = appraise(pair, { ...best, helperStops });
      if (appraisal.refusal !== undefined || appraisal.gain <= best.appraisal.gain + 1) continue;
      best = { ...best, helperStops, appraisal };
      isBetter = true;
    }
    if (!isBetter) break;
  }
  return best;
}

/** The order with this stop at its cheapest place by distance, when that is another one. */
function relocated(
  { helper }: Pair,
  { helperStops, meeting }: RescueMove,
  stop: RescueStop,
): RescueStop[] | undefined {
  const at = helperStops.indexOf(stop);
  const rest = helperStops.filter((other) => other !== stop);
  const placeAt = (k: number) => (k === meeting.helperAfter ? meeting : (rest[k - 1] ?? helper));
  const extra = (k: number): number => {
    const [a, b] = [placeAt(k), rest[k] ?? helper.depot];
    return apart(stop.x, stop.y, a.x, a.y) + apart(b.x, b.y, stop.x, stop.y) - apart(b.x, b.y, a.x, a.y);
  };
  const now = extra(at);
  let best = at;
  let least = now - LEAST;
  for (let k = meeting.helperAfter; k <= rest.length; k++) {
    const metres = extra(k);
    if (metres < least) [least, best] = [metres, k];
  }
  return best === at ? undefined : rest.toSpliced(best, 0, stop);
}
