import { check, sleep } from 'k6';
import http from 'k6/http';
import { Counter, Trend } from 'k6/metrics';
import type { Options } from 'k6/options';
import ws from 'k6/ws';
import type { VehicleRow } from '../../../dashboards/api.ts';
import { unpackLiveFrame } from '../../../schemas/live.ts';
import { given, trendStats } from './given.ts';
import { logIn } from './session.ts';

export { handleSummary } from './given.ts';

const firstFrame = new Trend('live_first_frame', true);
const gap = new Trend('live_frame_gap', true);
const staleness = new Trend('live_staleness', true);
const frames = new Counter('live_frames');
const vans = new Counter('live_vans');
const texts = new Counter('live_texts');
const broken = new Counter('live_broken');

/** Pages that watch the map: each one a socket, open from beginning to end. */
export const options: Options = {
  scenarios: {
    pages: {
      executor: 'per-vu-iterations',
      vus: given.users,
      iterations: 1,
      maxDuration: `${given.seconds + 30}s`,
    },
  },
  setupTimeout: '150s',
  summaryTrendStats: trendStats,
  thresholds: {
    checks: ['rate>0.99'],
    live_first_frame: ['p(95)<2000'],
    // The map moves once a second.
    live_frame_gap: ['p(95)<2500'],
    // From the newest fix of a frame to the page: an interval of the devices, a commit, a tick.
    live_staleness: ['p(95)<10000'],
    live_broken: ['count<1'],
  },
};

export function setup(): { readonly cookie: string } {
  const cookie = logIn();
  waitForBacklog(cookie);
  return { cookie };
}

/** Seconds: as old as that the middle van may be in a fleet that is live; and a standstill. */
const LIVE_AGE = 30;
const STANDSTILL = 5;
const PATIENCE = 120;

/** While a platform works off a backlog its positions are old, and rightly so: waits as long as they advance. */
function waitForBacklog(cookie: string): void {
  let [middle, stoodFor] = [0, 0];
  for (let waited = 0; waited < PATIENCE && stoodFor < STANDSTILL; waited++) {
    const answer = http.get(`${given.dashboardUrl}api/vehicles`, { headers: { cookie } });
    if (answer.status !== 200) return;
    const ats = (answer.json() as unknown as VehicleRow[]).flatMap(({ at }) => (at === null ? [] : [at]));
    const now = ats.sort((a, b) => a - b)[Math.floor(ats.length / 2)] ?? 0;
    if (Date.now() / 1000 - now < LIVE_AGE) return;
    stoodFor = now > middle ? 0 : stoodFor + 1;
    middle = now;
    sleep(1);
  }
}

export default function watch({ cookie }: { readonly cookie: string }): void {
  const began = Date.now();
  let last = 0;
  let isOver = false;
  const headers = { cookie, origin: given.dashboardUrl.slice(0, -1) };
  // Of the two modules for sockets it is this one that every k6 from 1.0 on has.
  const answer = ws.connect(`${given.dashboardUrl.replace(/^http/, 'ws')}live`, { headers }, (socket) => {
    socket.on('message', () => texts.add(1));
    socket.on('binaryMessage', (bytes) => {
      const now = Date.now();
      const frame = unpackLiveFrame(new Uint8Array(bytes));
      if (frame === undefined) {
        broken.add(1);
        return;
      }
      frames.add(1);
      vans.add(frame.vans.length);
      if (last === 0) firstFrame.add(now - began);
      // The first frame has all vans, also those that have stood still for an hour.
      else {
        gap.add(now - last);
        staleness.add(now - 1000 * frame.vans.reduce((newest, { at }) => Math.max(newest, at), 0));
      }
      last = now;
    });
    socket.on('error', () => broken.add(1));
    socket.on('close', () => {
      if (!isOver) broken.add(1);
    });
    socket.setTimeout(() => {
      isOver = true;
      socket.close();
    }, given.seconds * 1000);
  });
  check(answer, { 'was let in': ({ status }) => status === 101 });
  check(last, { 'got frames': (at) => at > 0 });
}
