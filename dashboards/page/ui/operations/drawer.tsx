import { openAlerts, proposals } from '../../state/fleet.ts';
import { place, setParameters } from '../../state/place.ts';
import { selectedRoute } from '../../state/selection.ts';
import { Alerts } from './alerts.tsx';
import { Events } from './events.tsx';
import { Proposals } from './proposals.tsx';
import { RoutePanel } from './route-panel.tsx';

const tabs = ['alerts', 'proposals', 'events', 'route'] as const;
type Tab = (typeof tabs)[number];

const words: Readonly<Record<Tab, string>> = {
  alerts: 'Alerts',
  proposals: 'Proposals',
  events: 'Events',
  route: 'Route',
};

/** What asks for the dispatcher, and the route in hand. */
export const Drawer = () => {
  const wanted = place.value.parameters.panel as Tab | undefined;
  const hasRoute = selectedRoute.value !== undefined;
  const tab: Tab =
    wanted !== undefined && tabs.includes(wanted) && (wanted !== 'route' || hasRoute)
      ? wanted
      : hasRoute && wanted === undefined
        ? 'route'
        : 'alerts';
  const counts: Readonly<Partial<Record<Tab, number>>> = {
    alerts: openAlerts.value.length,
    proposals: proposals.value.length,
  };
  const shown = tabs.filter((each) => each !== 'route' || hasRoute);
  return (
    <section class="drawer part" aria-label="Alerts, proposals, events and the selected route">
      <div class="tabs" role="tablist" aria-label="Drawer" onKeyDown={(event) => moveTab(event, shown, tab)}>
        {shown.map((each) => (
          <button
            key={each}
            type="button"
            role="tab"
            id={`tab-${each}`}
            aria-selected={each === tab}
            aria-controls="drawer-panel"
            tabIndex={each === tab ? 0 : -1}
            onClick={() => setParameters({ panel: each }, { replace: true })}
          >
            {words[each]}
            {(counts[each] ?? 0) > 0 && <span class="count">{counts[each]}</span>}
          </button>
        ))}
      </div>
      <div class="drawer-body" id="drawer-panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === 'alerts' && <Alerts />}
        {tab === 'proposals' && <Proposals />}
        {tab === 'events' && <Events />}
        {tab === 'route' && <RoutePanel />}
      </div>
    </section>
  );
};

function moveTab(event: KeyboardEvent, shown: readonly Tab[], tab: Tab): void {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  const next = shown[(shown.indexOf(tab) + by + shown.length) % shown.length]!;
  setParameters({ panel: next }, { replace: true });
  requestAnimationFrame(() => document.getElementById(`tab-${next}`)?.focus());
}
