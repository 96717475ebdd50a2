import { type LiveFrame, type LiveVan, unpackLiveFrame } from '../../../schemas/live.ts';
import type { AlertRow, EventRow, LiveText, PaceRow, ProposalRow, VehicleRow } from '../../api.ts';
import { backoffSeconds } from '../core/backoff.ts';
import { applyFrame, fleetClock } from '../core/van-store.ts';
import {
  fleetProblem,
  forgetFleet,
  isLoaded,
  link,
  pace,
  paceByVehicle,
  takeAlerts,
  takeEvents,
  takeProposals,
  takeText,
  vans,
  vansChanged,
  vehicles,
  wallClock,
} from './fleet.ts';
import { Refusal, request, sentence } from './request.ts';
import { reducedMotion } from './theme.ts';

/** After this many sockets that never opened the page polls, and tries a socket now and then. */
const ATTEMPTS_BEFORE_POLLING = 3;
const POLL_SECONDS = 3;
/** A push may be missed (live results are sent at most once); the tables are the truth. */
const RESYNC_SECONDS = 60;
/** A socket that says nothing for this long is taken for dead: its other end may have vanished. */
const SILENCE_SECONDS = 45;

/** Keeps the fleet's state fresh until the returned function is called. */
export function followFleet(): () => void {
  const ended = new AbortController();
  const clockTimer = window.setInterval(() => {
    wallClock.value = Date.now() / 1000;
  }, 1000);
  const resyncTimer = window.setInterval(() => {
    if (!document.hidden && link.peek() === 'live') void resync(ended.signal);
  }, RESYNC_SECONDS * 1000);
  void resync(ended.signal);
  void keepConnected(ended.signal);
  return () => {
    ended.abort();
    window.clearInterval(clockTimer);
    window.clearInterval(resyncTimer);
    forgetFleet();
  };
}

/** Reads everything anew. The parts are independent: one that fails does not hide the others. */
export async function resync(signal: AbortSignal): Promise<void> {
  const get = <Answer>(path: string) => request<Answer>('GET', path, { signal });
  const parts = [
    readPositions(signal),
    get<AlertRow[]>('/api/alerts?open=true').then((rows) => takeAlerts(rows, { all: true })),
    get<ProposalRow[]>('/api/proposals?open=true').then((rows) => takeProposals(rows, { all: true })),
    get<EventRow[]>('/api/events?limit=100').then((rows) => takeEvents(rows, { all: true })),
  ];
  const failed = (await Promise.allSettled(parts)).find((part) => part.status === 'rejected');
  if (signal.aborted) return;
  fleetProblem.value = failed === undefined ? undefined : sentence(failed.reason);
  isLoaded.value = true;
}

async function readPositions(signal: AbortSignal): Promise<void> {
  const [rows, vehicleRows] = await Promise.all([
    request<PaceRow[]>('GET', '/api/pace', { signal }),
    request<VehicleRow[]>('GET', '/api/vehicles', { signal }),
  ]);
  if (signal.aborted) return;
  pace.value = rows;
  vehicles.value = new Map(vehicleRows.map((row) => [row.vehicleId, row]));
  const known = vehicleRows.flatMap((row) => liveVan(row) ?? []);
  if (known.length === 0) return;
  const newest = known.reduce((latest, van) => Math.max(latest, van.at), 0);
  // A poll knows no tick and no clock of the fleet; the newest fix stands for it.
  const running = fleetClock(vans, performance.now());
  takeFrame({
    tick: vans.tick,
    clock: Number.isNaN(running) ? newest : Math.max(newest, running),
    vans: known,
  });
}

function liveVan(row: VehicleRow): LiveVan | undefined {
  if (row.lng === null || row.lat === null || row.at === null) return undefined;
  const standing = paceByVehicle.peek().get(row.vehicleId);
  return {
    vehicleId: row.vehicleId,
    lng: row.lng,
    lat: row.lat,
    heading: row.heading ?? 0,
    speed: row.speed ?? 0,
    at: row.at,
    status: standing?.status ?? 'not_started',
    progress: standing === undefined ? 0 : standing.stopsDone / Math.max(1, standing.stopsTotal),
  };
}

function takeFrame(frame: LiveFrame): void {
  applyFrame(vans, frame, performance.now(), !reducedMotion() && !document.hidden);
  vansChanged.value += 1;
}

async function keepConnected(signal: AbortSignal): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    const opened = await untilClosed(signal);
    if (signal.aborted) return;
    if (opened) attempt = 0;
    const wait = backoffSeconds(attempt, Math.random());
    if (attempt + 1 < ATTEMPTS_BEFORE_POLLING) {
      link.value = 'reconnecting';
      await pause(wait, signal);
    } else {
      await pollFor(Math.max(wait, 10), signal);
    }
  }
}

/** One socket from opening to closing; answers whether it ever opened. */
function untilClosed(signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const scheme = window.location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${window.location.host}/live`);
    socket.binaryType = 'arraybuffer';
    let opened = false;
    let heard = performance.now();
    const close = () => socket.close();
    const watch = window.setInterval(() => {
      if (performance.now() - heard > SILENCE_SECONDS * 1000) close();
    }, 5000);
    signal.addEventListener('abort', close, { once: true });
    socket.addEventListener('message', (message: MessageEvent<ArrayBuffer | string>) => {
      heard = performance.now();
      if (signal.aborted) return;
      if (!opened) {
        // Only a message proves the way: some proxies accept a socket and pass nothing.
        opened = true;
        link.value = 'live';
        void resync(signal);
      }
      takeMessage(message.data);
    });
    socket.addEventListener('close', () => {
      window.clearInterval(watch);
      signal.removeEventListener('abort', close);
      resolve(opened);
    });
  });
}

function takeMessage(data: ArrayBuffer | string): void {
  if (typeof data === 'string') {
    takeText(JSON.parse(data) as LiveText);
    return;
  }
  const frame = unpackLiveFrame(new Uint8Array(data));
  if (frame !== undefined) takeFrame(frame);
}

async function pollFor(seconds: number, signal: AbortSignal): Promise<void> {
  const until = performance.now() + seconds * 1000;
  while (!signal.aborted && performance.now() < until) {
    try {
      await resync(signal);
      link.value = fleetProblem.peek() === undefined ? 'polling' : 'reconnecting';
    } catch (error) {
      if (!(error instanceof Refusal)) return;
      link.value = 'reconnecting';
    }
    await pause(POLL_SECONDS, signal);
  }
}

function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = window.setTimeout(resolve, seconds * 1000);
    signal.addEventListener(
      'abort',
      () => {
        window.clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
