import type { PaceRow } from '../../../api.ts';
import { deviation, duration, timeOfDay } from '../../core/clock.ts';
import { stopsBehindWords } from '../../core/pace-board.ts';
import { wallClock } from '../../state/fleet.ts';
import { serverClockAhead } from '../../state/request.ts';
import { selectRoute } from '../../state/selection.ts';
import { timeZone } from '../../state/session.ts';
import { StandingChip } from '../icons.tsx';

type BoardRowProps = {
  readonly row: PaceRow;
  readonly isSelected: boolean;
  readonly onKeyDown: (event: KeyboardEvent) => void;
};

export const BoardRow = ({ row, isSelected, onKeyDown }: BoardRowProps) => {
  const zone = timeZone.value;
  const isOut = row.status !== 'not_started' && row.status !== 'finished';
  const finish = row.finishP50 - row.finishPlanned;
  return (
    <button
      type="button"
      class={`row standing-${row.status}`}
      aria-pressed={isSelected}
      data-route={row.routeId}
      onKeyDown={onKeyDown}
      onClick={() => selectRoute(isSelected ? undefined : row.routeId)}
    >
      <span class="row-line">
        <StandingChip standing={row.status} />
        <strong class="row-route">{row.route}</strong>
        <span class="row-who">
          {row.vehicle}
          {row.driver === null ? '' : ` · ${row.driver}`}
        </span>
        <span class="row-behind">
          {isOut && (
            <>
              <strong>{stopsBehindWords(row.stopsBehind)}</strong>
              <span class="muted">{deviation(row.secondsBehind)}</span>
            </>
          )}
        </span>
      </span>
      <span class="row-line row-second">
        <Progress row={row} />
        <span class="row-stops">
          {row.stopsDone}
          <span class="muted">/{row.stopsTotal}</span>
        </span>
        <span class="row-finish" title={finishTitle(row, zone)}>
          <span class="muted">{row.status === 'finished' ? 'done, plan' : 'finish'}</span>{' '}
          {row.status === 'finished' ? (
            timeOfDay(row.finishPlanned, zone)
          ) : (
            <>
              <span class={finish > 900 ? 'late' : ''}>{timeOfDay(row.finishP50, zone)}</span>{' '}
              <span class="muted">
                ({timeOfDay(row.finishP90, zone)}) · plan {timeOfDay(row.finishPlanned, zone)}
              </span>
            </>
          )}
        </span>
        <LastSeen at={row.lastSeen} />
      </span>
    </button>
  );
};

function finishTitle(row: PaceRow, zone: string): string {
  const late = Math.round(row.lateProbability * 100);
  return (
    `Half of such routes finish by ${timeOfDay(row.finishP50, zone)}, nine tenths by ` +
    `${timeOfDay(row.finishP90, zone)}; planned ${timeOfDay(row.finishPlanned, zone)}. ` +
    `Probability of being late: ${late} %.`
  );
}

/** Stops done, with a tick where the plan expects them to be. */
export const Progress = ({ row }: { row: PaceRow }) => {
  const share = (stops: number) => `${Math.min(100, (100 * stops) / Math.max(1, row.stopsTotal))}%`;
  const words = `${row.stopsDone} of ${row.stopsTotal} stops done, ${Math.round(row.stopsExpected)} expected`;
  return (
    <span class="progress" role="img" aria-label={words} title={words}>
      <span class="progress-done" style={{ width: share(row.stopsDone) }} />
      <span class="progress-expected" style={{ left: share(row.stopsExpected) }} />
    </span>
  );
};

export const LastSeen = ({ at }: { at: number | null }) => {
  if (at === null) return <span class="row-seen muted">not seen</span>;
  const age = Math.max(0, wallClock.value + serverClockAhead() - at);
  const level = age > 300 ? 'lost' : age > 60 ? 'quiet' : 'fresh';
  return (
    <span class={`row-seen seen-${level}`} title="Age of the van's newest fix">
      {age < 15 ? 'now' : duration(age)}
    </span>
  );
};
