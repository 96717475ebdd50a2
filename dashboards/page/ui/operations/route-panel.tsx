import type { RouteDetail } from '../../../api.ts';
import { deviation, timeOfDay } from '../../core/clock.ts';
import { stopsBehindWords } from '../../core/pace-board.ts';
import { type Show, type ShownStop, type StopState, shownStops } from '../../core/route-shape.ts';
import { paceByRoute } from '../../state/fleet.ts';
import { setParameters } from '../../state/place.ts';
import { routeDetail, routeProblem, selectRoute, show } from '../../state/selection.ts';
import { timeZone } from '../../state/session.ts';
import { Icon, StandingChip } from '../icons.tsx';
import { Progress } from './board-row.tsx';

/** The selected route: how it stands, and its stops planned against actual. */
export const RoutePanel = () => {
  const route = routeDetail.value;
  if (route === undefined) {
    return <p class="empty">{routeProblem.value ?? 'Reading the route…'}</p>;
  }
  return (
    <article class="route-panel">
      <header class="route-title">
        <div>
          <h2>{route.route}</h2>
          <p class="muted">
            {route.vehicle}
            {route.driver === null ? '' : ` · ${route.driver}`} · {route.depot.name} · version {route.version}
          </p>
        </div>
        <button
          type="button"
          class="button icon-button"
          aria-label="Close the route"
          onClick={() => selectRoute(undefined)}
        >
          <Icon name="close" />
        </button>
      </header>
      <RouteStanding route={route} />
      <ShowSwitch />
      <StopList stops={shownStops(route)} />
    </article>
  );
};

const RouteStanding = ({ route }: { route: RouteDetail }) => {
  const row = paceByRoute.value.get(route.routeId) ?? route.pace;
  const zone = timeZone.value;
  if (row === null || row === undefined) return <p class="muted">No pace yet: the van has not reported.</p>;
  return (
    <>
      <div class={`route-progress standing-${row.status}`}>
        <StandingChip standing={row.status} />
        <Progress row={row} />
        <span>
          {row.stopsDone}
          <span class="muted">/{row.stopsTotal}</span>
        </span>
      </div>
      <dl class="figures">
        <div>
          <dt>Stops</dt>
          <dd>{stopsBehindWords(row.stopsBehind)}</dd>
        </div>
        <div>
          <dt>Time</dt>
          <dd>{deviation(row.secondsBehind)}</dd>
        </div>
        <div>
          <dt title="Stops per hour so far, and what the plan needs from here">Stops/h</dt>
          <dd>
            {row.rate.toFixed(1)} <span class="muted">→ {row.rateNeeded.toFixed(1)}</span>
          </dd>
        </div>
        <div>
          <dt>Late?</dt>
          <dd>{Math.round(row.lateProbability * 100)} %</dd>
        </div>
        <div>
          <dt>Departure</dt>
          <dd>{timeOfDay(route.plannedDeparture, zone)}</dd>
        </div>
        <div>
          <dt>Return plan</dt>
          <dd>{timeOfDay(route.plannedReturn, zone)}</dd>
        </div>
        <div>
          <dt>Finish P50</dt>
          <dd>{timeOfDay(row.finishP50, zone)}</dd>
        </div>
        <div>
          <dt>Finish P90</dt>
          <dd>{timeOfDay(row.finishP90, zone)}</dd>
        </div>
      </dl>
    </>
  );
};

const choices: readonly { readonly id: Show; readonly word: string }[] = [
  { id: 'planned', word: 'Planned' },
  { id: 'actual', word: 'Actual' },
  { id: 'both', word: 'Both' },
];

const ShowSwitch = () => (
  <fieldset class="segmented">
    <legend class="unseen">Lines on the map</legend>
    {choices.map(({ id, word }) => (
      <button
        key={id}
        type="button"
        aria-pressed={show.value === id}
        onClick={() => setParameters({ show: id === 'both' ? undefined : id }, { replace: true })}
      >
        {word}
      </button>
    ))}
  </fieldset>
);

const stateWords: Readonly<Record<StopState, string>> = {
  done: 'done',
  done_late: 'done late',
  failed: 'failed',
  next: 'next',
  ahead: 'to do',
};

const StopList = ({ stops }: { stops: readonly ShownStop[] }) => (
  <table class="stops">
    <thead>
      <tr>
        <th scope="col">Stop</th>
        <th scope="col" class="number">
          Planned
        </th>
        <th scope="col" class="number">
          Actual
        </th>
        <th scope="col" class="number">
          Delay
        </th>
        <th scope="col">State</th>
      </tr>
    </thead>
    <tbody>
      {stops.map((stop) => (
        <StopRow key={stop.stopId} stop={stop} />
      ))}
    </tbody>
  </table>
);

const StopRow = ({ stop }: { stop: ShownStop }) => {
  const zone = timeZone.value;
  const window =
    stop.windowFrom === null && stop.windowUntil === null
      ? undefined
      : `Promised ${timeOfDay(stop.windowFrom, zone)} to ${timeOfDay(stop.windowUntil, zone)}`;
  return (
    <tr class={`stop-${stop.state}`} aria-current={stop.state === 'next' ? 'step' : undefined}>
      <th scope="row" title={`${stop.packages} packages`}>
        <span class="stop-mark" aria-hidden="true" />
        {stop.code}
      </th>
      <td class="number" title={window}>
        {timeOfDay(stop.plannedArrival, zone)}
        {window !== undefined && <span class="window-mark">*</span>}
      </td>
      <td class="number">{timeOfDay(stop.arrivedAt, zone)}</td>
      <td class="number">{stop.delay === undefined ? '' : deviation(stop.delay)}</td>
      <td>{stateWords[stop.state]}</td>
    </tr>
  );
};
