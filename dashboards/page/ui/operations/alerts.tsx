import { useSignal } from '@preact/signals';
import type { AlertRow } from '../../../api.ts';
import { duration, timeOfDay } from '../../core/clock.ts';
import { isLoaded, openAlerts, takeAlerts, wallClock } from '../../state/fleet.ts';
import { request, sentence } from '../../state/request.ts';
import { selectRoute, selectVehicle } from '../../state/selection.ts';
import { mayDispatch, me, timeZone } from '../../state/session.ts';
import { Icon, type IconName } from '../icons.tsx';

/** Nobody reads more; the gravest come first. */
const SHOWN_MAX = 100;

export const Alerts = () => {
  const alerts = openAlerts.value;
  if (alerts.length === 0) {
    return (
      <p class="empty">
        {isLoaded.value ? 'No open alerts. Every route is expected to make its day.' : 'Reading alerts…'}
      </p>
    );
  }
  return (
    <>
      <ul class="cards">
        {alerts.slice(0, SHOWN_MAX).map((alert) => (
          <AlertCard key={alert.alertId} alert={alert} />
        ))}
      </ul>
      {alerts.length > SHOWN_MAX && (
        <p class="empty">{alerts.length - SHOWN_MAX} more alerts appear as these are dealt with.</p>
      )}
    </>
  );
};

const severityIcon: Readonly<Record<string, IconName>> = {
  critical: 'warning',
  warning: 'warning',
  info: 'info',
};

const AlertCard = ({ alert }: { alert: AlertRow }) => {
  const problem = useSignal<string | undefined>(undefined);
  const busy = useSignal(false);
  const acknowledge = async () => {
    busy.value = true;
    try {
      await request('POST', `/api/alerts/${alert.alertId}/acknowledge`);
      const by = me.peek()?.name ?? null;
      takeAlerts([{ ...alert, acknowledgedAt: Date.now() / 1000, acknowledgedBy: by }]);
    } catch (error) {
      problem.value = sentence(error);
    }
    busy.value = false;
  };
  const look = () => {
    if (alert.routeId !== null) selectRoute(alert.routeId);
    else if (alert.vehicleId !== null) selectVehicle(alert.vehicleId);
  };
  const isAcknowledged = alert.acknowledgedAt !== null;
  return (
    <li class={`card severity-${alert.severity} ${isAcknowledged ? 'acknowledged' : ''}`}>
      <header>
        <span class="severity">
          <Icon name={severityIcon[alert.severity] ?? 'info'} size={14} />
          {alert.severity}
        </span>
        <strong>{alert.route ?? alert.vehicle ?? alert.kind}</strong>
        <span class="muted card-when" title={`Raised at ${timeOfDay(alert.raisedAt, timeZone.value)}`}>
          {duration(wallClock.value - alert.raisedAt)} ago
        </span>
      </header>
      <p>{alert.message}</p>
      <p class="muted small">Rule: {alert.rule}</p>
      {problem.value !== undefined && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      <footer>
        {(alert.routeId !== null || alert.vehicleId !== null) && (
          <button type="button" class="button small" onClick={look}>
            <Icon name="pin" size={13} /> Show
          </button>
        )}
        {isAcknowledged ? (
          <span class="muted small">
            <Icon name="check" size={12} /> {alert.acknowledgedBy ?? 'Acknowledged'},{' '}
            {timeOfDay(alert.acknowledgedAt, timeZone.value)}
          </span>
        ) : (
          mayDispatch.value && (
            <button type="button" class="button small" disabled={busy.value} onClick={acknowledge}>
              Acknowledge
            </button>
          )
        )}
      </footer>
    </li>
  );
};
