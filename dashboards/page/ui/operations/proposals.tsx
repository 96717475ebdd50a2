import { useSignal } from '@preact/signals';
import type { ProposalRow } from '../../../api.ts';
import { duration, timeOfDay } from '../../core/clock.ts';
import { isLoaded, proposals, takeProposals } from '../../state/fleet.ts';
import { setParameters } from '../../state/place.ts';
import { request, sentence } from '../../state/request.ts';
import { previewedChoice, previewedProposal } from '../../state/selection.ts';
import { mayDispatch, timeZone } from '../../state/session.ts';
import { AgreedRescues } from './agreed-rescues.tsx';
import { ReasonForm } from './reason-form.tsx';
import { causeOf, RescueChoices } from './rescue-choices.tsx';

export const Proposals = () => {
  return (
    <>
      {proposals.value.length === 0 ? (
        <p class="empty">
          {isLoaded.value
            ? 'No proposals. Rescues and better orders of the remaining stops appear here; nothing changes without your click.'
            : 'Reading proposals…'}
        </p>
      ) : (
        <ul class="cards">
          {proposals.value.map((proposal) => (
            <ProposalCard key={proposal.proposalId} proposal={proposal} />
          ))}
        </ul>
      )}
      <AgreedRescues />
    </>
  );
};

const ProposalCard = ({ proposal }: { proposal: ProposalRow }) => {
  const problem = useSignal<string | undefined>(undefined);
  const isDismissing = useSignal(false);
  const busy = useSignal(false);
  const choice = useSignal(0);
  const detail = proposal.detail ?? undefined;
  const isPreviewed = previewedProposal.value === proposal.proposalId;
  const decide = async (verdict: 'accept' | 'dismiss', body?: { reason: string } | { choice: number }) => {
    busy.value = true;
    try {
      const path = `/api/proposals/${proposal.proposalId}/${verdict}`;
      await request('POST', path, body === undefined ? {} : { body });
      takeProposals([{ ...proposal, state: verdict === 'accept' ? 'accepted' : 'dismissed' }]);
      setParameters({ proposal: undefined }, { replace: true });
    } catch (error) {
      problem.value = sentence(error);
    }
    busy.value = false;
  };
  const preview = () => {
    previewedChoice.value = choice.value;
    setParameters({
      route: String(proposal.routeId),
      proposal: isPreviewed ? undefined : String(proposal.proposalId),
      panel: 'proposals',
    });
  };
  return (
    <li class={`card proposal ${isPreviewed ? 'previewed' : ''}`}>
      <header>
        <strong>{proposal.route}</strong>
        <span class="muted">{detail ? `${proposal.vehicle} ${causeOf(detail)}` : proposal.vehicle}</span>
        <span class="muted card-when">{timeOfDay(proposal.createdAt, timeZone.value)}</span>
      </header>
      {detail ? (
        <RescueChoices
          proposalId={proposal.proposalId}
          detail={detail}
          chosen={choice.value}
          onChoose={(index) => {
            choice.value = index;
            if (isPreviewed) previewedChoice.value = index;
          }}
        />
      ) : (
        <>
          <p>{proposal.explanation}</p>
          <Comparison proposal={proposal} />
        </>
      )}
      {problem.value !== undefined && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      <footer>
        <button type="button" class="button small" aria-pressed={isPreviewed} onClick={preview}>
          {isPreviewed ? 'Hide preview' : 'Preview on map'}
        </button>
        {mayDispatch.value && !isDismissing.value && (
          <>
            <button
              type="button"
              class="button small"
              onClick={() => {
                isDismissing.value = true;
              }}
            >
              Dismiss…
            </button>
            <button
              type="button"
              class="button small primary"
              disabled={busy.value}
              onClick={() => decide('accept', detail && { choice: choice.value })}
            >
              {detail ? 'Accept rescue' : 'Accept'}
            </button>
          </>
        )}
      </footer>
      {isDismissing.value && (
        <ReasonForm
          word="Dismiss"
          reasons={reasons}
          isBusy={busy.value}
          onReason={(reason) => decide('dismiss', { reason })}
          onCancel={() => {
            isDismissing.value = false;
          }}
        />
      )}
    </li>
  );
};

const Comparison = ({ proposal: { costBefore, costAfter, stopIds } }: { proposal: ProposalRow }) => (
  <dl class="figures">
    <div>
      <dt>Cost now</dt>
      <dd>{duration(costBefore)}</dd>
    </div>
    <div>
      <dt>Proposed</dt>
      <dd>{duration(costAfter)}</dd>
    </div>
    <div>
      <dt>Saves</dt>
      <dd class="gain">{duration(costBefore - costAfter)}</dd>
    </div>
    <div>
      <dt>Stops</dt>
      <dd>{stopIds.length}</dd>
    </div>
  </dl>
);

const reasons = [
  'Driver knows better',
  'Customer agreed otherwise',
  'Road is closed',
  'Not worth the change',
];
