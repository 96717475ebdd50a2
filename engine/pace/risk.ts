import type { Alert, Pace } from '../../schemas/event.ts';
import { ALERT_FROM, atRiskRule, LASTING_SECONDS } from './standing.ts';

/** Since when a route's risk contradicts its alert; event time. */
export type RiskState = { readonly isOpen: boolean; readonly contrarySince: number | null };

export const noRisk: RiskState = { isOpen: false, contrarySince: null };

/** What one more standing does to the at-risk alert of its route. */
export function riskStep(
  { isOpen, contrarySince }: RiskState,
  { status, at, lateProbability }: Pace,
): { readonly state: RiskState; readonly turn: 'raise' | 'resolve' | undefined } {
  // The status is entered sooner and holds on to itself; a new alert needs the whole threshold, all the time.
  const isAtRisk = status === 'at_risk' && (isOpen || lateProbability >= ALERT_FROM);
  if (isAtRisk === isOpen) return { state: { isOpen, contrarySince: null }, turn: undefined };
  const since = contrarySince ?? at;
  // A finished route has no risk to wait for.
  if (status !== 'finished' && at - since < LASTING_SECONDS) {
    return { state: { isOpen, contrarySince: since }, turn: undefined };
  }
  return { state: { isOpen: isAtRisk, contrarySince: null }, turn: isAtRisk ? 'raise' : 'resolve' };
}

export function riskAlert(
  pace: Pace,
  { fleetId, routeCode, vehicle }: { fleetId: number; routeCode: string; vehicle: string },
): Omit<Alert, 'id'> {
  const expected = pace.finishP50 - pace.finishPlanned;
  const late = Math.round(expected / 60);
  const latest = Math.round((pace.finishP90 - pace.finishPlanned) / 60);
  const lead = pace.finishPlanned - pace.at;
  const behind =
    pace.stopsBehind >= 0
      ? `${pace.stopsBehind.toFixed(1)} behind plan`
      : `${(-pace.stopsBehind).toFixed(1)} ahead of plan`;
  return {
    fleetId,
    cause: `at_risk/route/${pace.routeId}`,
    kind: 'at_risk',
    severity: isCritical(expected, lead) ? 'critical' : 'warning',
    vehicleId: pace.vehicleId,
    routeId: pace.routeId,
    message:
      `Route ${routeCode} (${vehicle}) is expected back ${late} min late, at most ${latest} min in nine cases ` +
      `of ten: ${pace.stopsDone} of ${pace.stopsTotal} stops done, ${behind}, ` +
      `P(late) ${pace.lateProbability.toFixed(2)}, ${spell(lead)} before its planned return.`,
    rule: atRiskRule,
    raisedAt: pace.at,
  };
}

/** Expected lateness that is critical at any time, and that is when little time is left; seconds. */
const VERY_LATE = 3600;
const RATHER_LATE = 1800;
const SOON = 2 * 3600;

/** How bad, and how soon: half an hour late is a warning in the morning and critical in the evening. */
function isCritical(expected: number, lead: number): boolean {
  return expected >= VERY_LATE || (expected >= RATHER_LATE && lead < SOON);
}

function spell(seconds: number): string {
  const minutes = Math.max(0, Math.round(seconds / 60));
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
