import { useEffect } from 'preact/hooks';
import { fleetProblem, isLoaded, pace } from '../../state/fleet.ts';
import { place, setParameters } from '../../state/place.ts';
import { followSelection } from '../../state/selection.ts';
import { Board } from './board.tsx';
import { Drawer } from './drawer.tsx';
import { KpiStrip } from './kpi-strip.tsx';
import { MapPane } from './map-pane.tsx';

const views = [
  { id: 'board', word: 'Board' },
  { id: 'map', word: 'Map' },
  { id: 'panel', word: 'Alerts & route' },
] as const;

/** The dispatcher's screen: board, map and drawer side by side, or as tabs on a phone. */
export const Operations = () => {
  useEffect(followSelection, []);
  const wanted = place.value.parameters.view;
  const view = views.some(({ id }) => id === wanted) ? wanted : 'board';
  return (
    <main class="operations" data-view={view}>
      <h1 class="unseen">Operations</h1>
      <KpiStrip />
      {fleetProblem.value !== undefined && (
        <p class="banner" role="alert">
          {fleetProblem.value}
        </p>
      )}
      <div class="view-tabs" role="tablist" aria-label="Parts of the screen">
        {views.map(({ id, word }) => (
          <button
            key={id}
            type="button"
            role="tab"
            aria-selected={view === id}
            onClick={() => setParameters({ view: id === 'board' ? undefined : id }, { replace: true })}
          >
            {word}
          </button>
        ))}
      </div>
      <div class="operations-parts">
        <Board />
        <MapPane />
        <Drawer />
      </div>
      {isLoaded.value && pace.value.length === 0 && (
        <p class="banner quiet">
          No routes are planned for today. Vans show on the map as soon as they report; load a plan or start
          the simulated fleet to see pace.
        </p>
      )}
    </main>
  );
};
