import type { Standing } from '../../core/standing.ts';
import { fleetKpis, openAlerts } from '../../state/fleet.ts';
import { setParameters } from '../../state/place.ts';
import { boardStandings } from '../../state/selection.ts';
import { StandingIcon } from '../icons.tsx';

/** The day in six numbers; those that name a standing filter the board. */
export const KpiStrip = () => {
  const { onRoad, onPaceShare, behind, atRisk, finished, total } = fleetKpis.value;
  const alerts = openAlerts.value;
  const fresh = alerts.filter((alert) => alert.acknowledgedAt === null).length;
  return (
    <section class="kpis" aria-label="The fleet now">
      <Kpi value={String(onRoad)} of={` / ${total}`} label="vans on the road" />
      <Kpi
        value={onPaceShare === undefined ? '–' : String(Math.round(onPaceShare * 100))}
        of={onPaceShare === undefined ? '' : ' %'}
        label="on pace"
      />
      <KpiFilter standing="at_risk" value={atRisk} label="at risk" />
      <KpiFilter standing="behind" value={behind} label="behind" />
      <KpiFilter standing="finished" value={finished} label="finished" />
      <button type="button" class="kpi" onClick={() => setParameters({ panel: 'alerts', view: 'panel' })}>
        <span class="kpi-value">
          {alerts.length}
          {fresh > 0 && <span class="count-new">{fresh} new</span>}
        </span>
        <span class="kpi-label">open alerts</span>
      </button>
    </section>
  );
};

const Kpi = ({ value, of, label }: { value: string; of: string; label: string }) => (
  <div class="kpi">
    <span class="kpi-value">
      {value}
      <small>{of}</small>
    </span>
    <span class="kpi-label">{label}</span>
  </div>
);

const KpiFilter = ({ standing, value, label }: { standing: Standing; value: number; label: string }) => {
  const isOn = boardStandings.value.size === 1 && boardStandings.value.has(standing);
  return (
    <button
      type="button"
      class={`kpi kpi-${standing} ${value > 0 ? 'some' : ''}`}
      aria-pressed={isOn}
      title={isOn ? 'Show every route' : `Show only routes that are ${label}`}
      onClick={() => setParameters({ status: isOn ? undefined : standing, view: undefined })}
    >
      <span class="kpi-value">
        <StandingIcon standing={standing} />
        {value}
      </span>
      <span class="kpi-label">{label}</span>
    </button>
  );
};
