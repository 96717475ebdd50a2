import type { StoredProposal } from '../schemas/engine-store.ts';
import type { Proposal } from '../schemas/event.ts';
import type { FleetPace } from './pace/factors.ts';
import type { Run } from './pool/tasks.ts';
import { isOutdated, proposalOf, type Quest, questFor } from './proposals.ts';
import type { Resequenced } from './route/search.ts';
import type { RouteRun } from './routes.ts';
import type { VehicleRecord } from './vehicles.ts';

/** Searches under way at once; more wait for the next minute. */
const SEARCHES_MAX = 8;

/** Looks for better orders of late routes, beside the loop that follows the log. */
export type Seeker = {
  /** Sends what is due to be searched. */
  readonly seek: (
    runs: readonly RouteRun[],
    recordOf: (run: RouteRun) => VehicleRecord | undefined,
    fleetOf: (run: RouteRun) => FleetPace,
  ) => void;
  /** Proposals from the answers that came in, and proposals whose routes moved on (let go of). */
  readonly take: (runs: Iterable<RouteRun>) => {
    readonly proposed: readonly {
      readonly run: RouteRun;
      readonly proposal: Proposal & { fleetId: number };
    }[];
    readonly outdated: readonly StoredProposal[];
  };
};

export function openSeeker(run: Run): Seeker {
  const answers: { of: RouteRun; quest: Quest; result: Resequenced }[] = [];
  const failures: unknown[] = [];
  let searching = 0;
  return {
    seek(runs, recordOf, fleetOf) {
      for (const late of runs) {
        if (searching >= SEARCHES_MAX) return;
        const quest = questFor(late, recordOf(late), () => fleetOf(late));
        if (!quest) continue;
        late.soughtAt = quest.clock;
        searching++;
        void run('resequence', quest.input)
          .then(
            (result) => answers.push({ of: late, quest, result }),
            (error) => failures.push(error),
          )
          .finally(() => searching--);
      }
    },
    take(runs) {
      // A search that failed is a bug: said where the loop can stop for it.
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      const outdated: StoredProposal[] = [];
      for (const known of runs) {
        if (!known.proposal || !isOutdated(known.proposal, known)) continue;
        outdated.push(known.proposal);
        known.proposal = undefined;
      }
      const proposed = answers.splice(0).flatMap(({ of, quest, result }) => {
        const proposal = proposalOf(quest, result, of);
        return proposal ? [{ run: of, proposal: { ...proposal, fleetId: of.route.fleetId } }] : [];
      });
      return { proposed, outdated };
    },
  };
}
