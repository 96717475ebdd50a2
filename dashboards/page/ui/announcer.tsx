import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { fleetKpis, link, openAlerts } from '../state/fleet.ts';

/** More often than this and a screen reader would never fall silent (WCAG 4.1.3). */
const APART_MS = 10_000;

function news(): string {
  if (link.value === 'reconnecting') return 'Connection lost, reconnecting.';
  const { atRisk, behind } = fleetKpis.value;
  const alerts = openAlerts.value.filter((alert) => alert.acknowledgedAt === null).length;
  return `${atRisk} at risk, ${behind} behind, ${alerts} alerts to acknowledge.`;
}

/** Says what has changed to those who do not see it: politely, at most every ten seconds. */
export const Announcer = () => {
  const said = useSignal('');
  const now = news();
  const last = useSignal(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    if (now === said.peek()) return;
    const wait = Math.max(0, last.peek() + APART_MS - performance.now());
    const timer = window.setTimeout(() => {
      last.value = performance.now();
      said.value = now;
    }, wait);
    return () => window.clearTimeout(timer);
  }, [now, said, last]);
  return (
    <p class="unseen" role="status" aria-live="polite">
      {said.value}
    </p>
  );
};
