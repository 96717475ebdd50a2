import { computed, effect, signal } from '@preact/signals';
import type { RouteDetail } from '../../api.ts';
import type { Show } from '../core/route-shape.ts';
import { type Standing, standingsWorstFirst } from '../core/standing.ts';
import { pace, paceByRoute, paceByVehicle } from './fleet.ts';
import { place, setParameters } from './place.ts';
import { request, sentence } from './request.ts';

/** What the dispatcher looks at, all of it in the address. */
const parameter = (name: string) => computed(() => place.value.parameters[name]);

export const boardText = computed(() => place.value.parameters.q ?? '');
export const boardStandings = computed<ReadonlySet<Standing>>(() => {
  const wanted = (place.value.parameters.status ?? '').split(',');
  return new Set(standingsWorstFirst.filter((standing) => wanted.includes(standing)));
});

const wantedRoute = parameter('route');
const wantedVehicle = parameter('vehicle');
const wantedProposal = parameter('proposal');

export const selectedRoute = computed(() => numberOf(wantedRoute.value));
/** A van on the map may have no route today; then it is chosen by itself. */
export const selectedVehicle = computed(() => {
  const route = selectedRoute.value;
  if (route !== undefined) return paceByRoute.value.get(route)?.vehicleId;
  return numberOf(wantedVehicle.value);
});
export const previewedProposal = computed(() => numberOf(wantedProposal.value));
/** Which way of a previewed rescue the map shows. */
export const previewedChoice = signal(0);
export const show = computed<Show>(() => {
  const wanted = place.value.parameters.show;
  return wanted === 'planned' || wanted === 'actual' ? wanted : 'both';
});

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

export function selectRoute(routeId: number | undefined): void {
  setParameters({
    route: routeId?.toString(),
    vehicle: undefined,
    proposal: undefined,
    panel: routeId === undefined ? undefined : 'route',
  });
}

export function selectVehicle(vehicleId: number | undefined): void {
  const routeId = vehicleId === undefined ? undefined : paceByVehicle.peek().get(vehicleId)?.routeId;
  if (routeId !== undefined || vehicleId === undefined) {
    selectRoute(routeId);
    return;
  }
  setParameters({ vehicle: String(vehicleId), route: undefined, proposal: undefined });
}

export const routeDetail = signal<RouteDetail | undefined>(undefined);
export const routeProblem = signal<string | undefined>(undefined);

/** Stops done of the selected route: when they change its detail is read again. */
const selectedProgress = computed(() => {
  const row = pace.value.find((each) => each.routeId === selectedRoute.value);
  return row?.stopsDone ?? -1;
});

const TRACK_SECONDS = 20;

/** Keeps the detail of the selected route fresh until the returned function is called. */
export function followSelection(): () => void {
  let reading = new AbortController();
  const read = async (routeId: number) => {
    reading.abort();
    reading = new AbortController();
    const { signal: mine } = reading;
    try {
      const detail = await request<RouteDetail>('GET', `/api/routes/${routeId}`, { signal: mine });
      if (mine.aborted) return;
      routeDetail.value = detail;
      routeProblem.value = undefined;
    } catch (error) {
      if (!mine.aborted) routeProblem.value = sentence(error);
    }
  };
  const stop = effect(() => {
    selectedProgress.value;
    const routeId = selectedRoute.value;
    if (routeDetail.peek()?.routeId !== routeId) routeDetail.value = undefined;
    routeProblem.value = undefined;
    if (routeId !== undefined) void read(routeId);
  });
  const timer = window.setInterval(() => {
    const routeId = selectedRoute.peek();
    if (routeId !== undefined && !document.hidden) void read(routeId);
  }, TRACK_SECONDS * 1000);
  return () => {
    stop();
    reading.abort();
    window.clearInterval(timer);
    routeDetail.value = undefined;
  };
}
