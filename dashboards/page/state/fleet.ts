import { computed, signal } from '@preact/signals';
import type { AlertRow, EventRow, LiveText, PaceRow, ProposalRow, VehicleRow } from '../../api.ts';
import type { Link } from '../core/freshness.ts';
import { mergePace } from '../core/pace-board.ts';
import { kpis } from '../core/standing.ts';
import { emptyVanStore, type VanStore } from '../core/van-store.ts';

/** What the page knows of the fleet. The van columns change in place; `vansChanged` tells when. */
export let vans: VanStore = emptyVanStore();
export const vansChanged = signal(0);

export const link = signal<Link>('connecting');
/** The wall clock, an instant, once a second. */
export const wallClock = signal(Date.now() / 1000);

export const pace = signal<readonly PaceRow[]>([]);
export const vehicles = signal<ReadonlyMap<number, VehicleRow>>(new Map());
export const alerts = signal<readonly AlertRow[]>([]);
export const proposals = signal<readonly ProposalRow[]>([]);
export const events = signal<readonly EventRow[]>([]);
export const fleetProblem = signal<string | undefined>(undefined);
/** Whether the first answer of the server has come. */
export const isLoaded = signal(false);

export const fleetKpis = computed(() => kpis(pace.value));
export const paceByRoute = computed(() => new Map(pace.value.map((row) => [row.routeId, row])));
export const paceByVehicle = computed(() => new Map(pace.value.map((row) => [row.vehicleId, row])));
export const openAlerts = computed(() => alerts.value.filter((alert) => alert.resolvedAt === null));

const EVENTS_KEPT = 200;
const severityRank: Readonly<Record<string, number>> = { critical: 0, warning: 1, info: 2 };

export function takeText(text: LiveText): void {
  if (text.type === 'pace') pace.value = text.all ? text.rows : mergePace(pace.peek(), text.rows);
  else if (text.type === 'alerts') takeAlerts(text.rows, { all: true });
  else if (text.type === 'proposals') takeProposals(text.rows, { all: true });
  else if (text.type === 'events') takeEvents(text.rows);
}

/** Unacknowledged first, then the gravest, then the newest. */
export function takeAlerts(rows: readonly AlertRow[], { all = false } = {}): void {
  const byId = new Map(all ? [] : alerts.peek().map((alert) => [alert.alertId, alert]));
  for (const row of rows) {
    if (row.resolvedAt === null) byId.set(row.alertId, row);
    else byId.delete(row.alertId);
  }
  alerts.value = [...byId.values()].sort(
    (a, b) =>
      Number(a.acknowledgedAt !== null) - Number(b.acknowledgedAt !== null) ||
      (severityRank[a.severity] ?? 3) - (severityRank[b.severity] ?? 3) ||
      b.raisedAt - a.raisedAt,
  );
}

export function takeProposals(rows: readonly ProposalRow[], { all = false } = {}): void {
  const byId = new Map(all ? [] : proposals.peek().map((each) => [each.proposalId, each]));
  for (const row of rows) {
    if (row.state === 'open') byId.set(row.proposalId, row);
    else byId.delete(row.proposalId);
  }
  // Who needs help comes before who could do better.
  const isRescue = ({ kind }: ProposalRow) => Number(kind === 'rescue');
  proposals.value = [...byId.values()].sort((a, b) => isRescue(b) - isRescue(a) || b.createdAt - a.createdAt);
}

export function takeEvents(rows: readonly EventRow[], { all = false } = {}): void {
  const byKey = new Map<string, EventRow>();
  for (const row of [...rows, ...(all ? [] : events.peek())]) {
    const key = `${row.vehicleId} ${row.at} ${row.kind} ${row.place}`;
    if (!byKey.has(key)) byKey.set(key, row);
  }
  events.value = [...byKey.values()].sort((a, b) => b.at - a.at).slice(0, EVENTS_KEPT);
}

/** What the next person who logs in must not see. */
export function forgetFleet(): void {
  vans = emptyVanStore();
  vansChanged.value += 1;
  pace.value = [];
  vehicles.value = new Map();
  alerts.value = [];
  proposals.value = [];
  events.value = [];
  fleetProblem.value = undefined;
  isLoaded.value = false;
  link.value = 'connecting';
}
