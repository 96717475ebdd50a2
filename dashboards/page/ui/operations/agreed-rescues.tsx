import { useSignal } from '@preact/signals';
import type { RescueRow } from '../../../api.ts';
import { duration, timeOfDay } from '../../core/clock.ts';
import { paceByRoute, proposals } from '../../state/fleet.ts';
import { request, sentence } from '../../state/request.ts';
import { selectRoute } from '../../state/selection.ts';
import { mayDispatch, timeZone } from '../../state/session.ts';
import { useLoaded } from '../load.ts';
import { ReasonForm } from './reason-form.tsx';
import { counted } from './rescue-choices.tsx';

/** Seconds between two looks at what became of the rescues; and so many are shown. */
const EVERY = 10;
const SHOWN = 20;

/** Rescues of today that were accepted, and what came of each: followed until the last parcel. */
export const AgreedRescues = () => {
  // A rescue that was just accepted leaves the proposals: then this is asked for at once.
  const open = proposals.value.filter(({ kind }) => kind === 'rescue').length;
  const again = useSignal(0);
  const { value, problem } = useLoaded<RescueRow[]>(`/api/rescues?limit=100&_=${open}.${again.value}`, EVERY);
  const today = (value.value ?? []).filter(({ routeId }) => paceByRoute.value.has(routeId));
  const byProposal = new Map<number, RescueRow[]>();
  for (const row of today) byProposal.set(row.proposalId, [...(byProposal.get(row.proposalId) ?? []), row]);
  if (problem.value !== undefined) return <p class="problem empty">{problem.value}</p>;
  if (byProposal.size === 0) return null;
  return (
    <>
      <h2 class="cards-title">Agreed today</h2>
      <ul class="cards">
        {[...byProposal].slice(0, SHOWN).map(([proposalId, rows]) => (
          <RescueCard
            key={proposalId}
            rows={rows.toReversed()}
            onUndone={() => {
              again.value += 1;
            }}
          />
        ))}
      </ul>
    </>
  );
};

const RescueCard = ({ rows, onUndone }: { rows: readonly RescueRow[]; onUndone: () => void }) => {
  const problem = useSignal<string | undefined>(undefined);
  const isAsking = useSignal(false);
  const busy = useSignal(false);
  const [first] = rows;
  const { proposalId, route, routeId, vehicle, proposalState, acceptedBy } = first!;
  const mayUndo =
    mayDispatch.value && proposalState === 'accepted' && rows.every(({ state }) => state !== 'done');
  const undo = async (reason: string) => {
    busy.value = true;
    try {
      await request('POST', `/api/proposals/${proposalId}/undo`, { body: { reason } });
      isAsking.value = false;
      onUndone();
    } catch (error) {
      problem.value = sentence(error);
    }
    busy.value = false;
  };
  return (
    <li class="card rescue">
      <header>
        <strong>
          <RouteLink routeId={routeId} route={route} />
        </strong>
        <span class="muted">{vehicle} is helped</span>
        <span class="muted card-when">{acceptedBy}</span>
      </header>
      {rows.map((row) => (
        <HandOver key={row.handover} row={row} />
      ))}
      <Outcome row={first!} />
      {problem.value !== undefined && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      {mayUndo && !isAsking.value && (
        <footer>
          <button
            type="button"
            class="button small"
            onClick={() => {
              isAsking.value = true;
            }}
          >
            Take back…
          </button>
        </footer>
      )}
      {isAsking.value && (
        <ReasonForm
          word="Take back"
          reasons={['The van goes on by itself', 'The drivers agreed otherwise', 'Nobody came']}
          isBusy={busy.value}
          onReason={undo}
          onCancel={() => {
            isAsking.value = false;
          }}
        />
      )}
    </li>
  );
};

const RouteLink = ({ routeId, route }: { routeId: number; route: string }) => (
  <button type="button" class="link" onClick={() => selectRoute(routeId)}>
    {route}
  </button>
);

const HandOver = ({ row }: { row: RescueRow }) => {
  const { stopsMoved, stopsServed, stopsLate } = row;
  const share = stopsServed / Math.max(1, stopsMoved);
  const words = `${stopsServed} of ${stopsMoved} served`;
  return (
    <div class="hand-over">
      <span>
        {counted(stopsMoved, 'stop')} to <RouteLink routeId={row.helperRouteId} route={row.helperRoute} />{' '}
        <span class="muted">{meeting(row)}</span>
      </span>
      <span class="progress" role="img" aria-label={words} title={words}>
        <span class="progress-done" style={{ width: `${100 * share}%` }} />
      </span>
      <span class="muted">
        {words}
        {stopsLate > 0 && `, ${stopsLate} after the promised window`}
        {row.helperFinishNow !== null && ` · back ${timeOfDay(row.helperFinishNow, timeZone.value)}`}
      </span>
    </div>
  );
};

function meeting({ state, meetAt, endedAt }: RescueRow): string {
  const zone = timeZone.value;
  if (state === 'done') return `met ${timeOfDay(endedAt ?? meetAt, zone)}`;
  if (state === 'failed') return `did not meet (agreed for ${timeOfDay(meetAt, zone)})`;
  return state === 'cancelled' ? 'taken back' : `meet ${timeOfDay(meetAt, zone)}`;
}

/** What the rescue was for: the giver's return, as it is and as it would have been. */
const Outcome = ({ row: { finishNow, finishWithout, cause } }: { row: RescueRow }) => {
  if (cause !== 'at_risk' || finishNow === null || finishWithout === null) return null;
  const zone = timeZone.value;
  return (
    <p class="gain">
      Back {timeOfDay(finishNow, zone)}; {timeOfDay(finishWithout, zone)} was expected without help
      {finishWithout - finishNow > 60 && ` (${duration(finishWithout - finishNow)} sooner)`}.
    </p>
  );
};
