import type { Alert, Pace } from '../../schemas/event.ts';
import { atRiskRule, LASTING_SECONDS } from './standing.ts';

/** Since when a route's risk contradicts its alert; event time. */
export type RiskState = { readonly isOpen: boolean; readonly contrarySince: number | null };

export const noRisk: RiskState = { isOpen: false, contrarySince: null };

/** What one more standing does to the at-risk alert of its route. */
export function riskStep(
  { isOpen, contrarySince }: RiskState,
  { status, at }: Pace,
): { readonly state: RiskState; readonly turn: 'raise' | 'resolve' | undefined } {
  const isAtRisk = status === 'at_risk';
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
  const late = Math.round((pace.finishP50 - pace.finishPlanned) / 60);
  const behind = pace.stopsBehind.toFixed(1);
  return {
    fleetId,
    cause: `at_risk/route/${pace.routeId}`,
    kind: 'at_risk',
    severity: pace.lateProbability >= 0.9 ? 'critical' : 'warning',
    vehicleId: pace.vehicleId,
    routeId: pace.routeId,
    message:
      `Route ${routeCode} (${vehicle}) will probably return ${late} min late: ` +
      `${pace.stopsDone} of ${pace.stopsTotal} stops done, ${behind} behind plan, ` +
      `P(late) ${pace.lateProbability.toFixed(2)}.`,
    rule: atRiskRule,
    raisedAt: pace.at,
  };
}
