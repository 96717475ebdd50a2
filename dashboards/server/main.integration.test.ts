import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { Aedes } from 'aedes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import type { Fault } from '../../schemas/fault.ts';
import { type LiveVan, packLiveFrame } from '../../schemas/live.ts';
import { silentLog } from '../../schemas/program.ts';
import { liveTopic } from '../../schemas/topics.ts';
import { password, type SeededFleet, seedFleet } from '../testing/seed.ts';
import { watch } from '../testing/watcher.ts';
import { runWeb } from './main.ts';

let testDatabase: TestDatabase;
let fleet: SeededFleet;
let broker: Aedes;
let brokerServer: Server;
const at = Math.floor(Date.now() / 1000) - 100;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
  fleet = await seedFleet(testDatabase.url, { name: 'north', base: 1000, at });
  broker = await Aedes.createBroker();
  brokerServer = createServer(broker.handle).listen(0, '127.0.0.1');
  await once(brokerServer, 'listening');
});

afterAll(async () => {
  broker.close();
  brokerServer.close();
  await testDatabase.close();
});

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}

/** The web process in this one: started, with a log-in, and ended by `stop`. */
async function start() {
  const ending = new AbortController();
  let done = Promise.resolve();
  const url = await new Promise<string>((resolve, reject) => {
    done = runWeb(
      {
        databaseUrl: testDatabase.url,
        mqtt: { url: `mqtt://127.0.0.1:${portOf(brokerServer)}`, username: 'service', password: 'x' },
        host: '127.0.0.1',
        port: 0,
        jwtSecret: 'a secret of this test only, long enough',
        staticDir: '/nowhere',
      },
      {
        signal: ending.signal,
        log: silentLog,
        now: () => Date.now() / 1000,
        ready: (facts) => resolve(String(facts.url)),
      },
    );
    done.catch(reject);
  });
  const answer = await fetch(`${url}/api/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: fleet.email('viewer'), password }),
  });
  const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const stop = () => {
    ending.abort();
    return done;
  };
  return { url, cookie, setCookie: answer.headers.getSetCookie()[0], stop };
}

function publish(vans: readonly LiveVan[], tick: number): Promise<void> {
  const payload = Buffer.from(packLiveFrame({ tick, clock: at, vans }));
  const topic = liveTopic(fleet.name, 'positions');
  return new Promise((resolve, reject) => {
    broker.publish(
      { cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false },
      (error?: Error | null) => (error ? reject(error) : resolve()),
    );
  });
}

const van = {
  vehicleId: 1000,
  lng: -122,
  lat: 45,
  heading: 90,
  speed: 1,
  status: 'on_pace',
  progress: 0,
} as const;

describe('runWeb()', () => {
  test('shows the tables first, then what the engine says, and closes its pages when it ends', async () => {
    const web = await start();
    expect(web.setCookie).toMatch(/HttpOnly; SameSite=Lax$/);
    const page = await watch(web.url, { cookie: web.cookie });
    await page.until(() => page.texts.some((text) => text.type === 'source' && text.from === 'broker'));
    await page.until(() => page.frames.length > 0);
    expect(page.frames[0]).toMatchObject([{ vehicleId: 1000, at }]);
    await publish([{ ...van, at: at + 1 }], 1);
    await page.until(() => page.frames.some(([first]) => first?.at === at + 1));
    const closed = once(page.socket, 'close');
    await web.stop();
    expect((await closed)[0]).toBe(1001);
  });

  test('gives a page that stopped reading only the newest state, once it reads again', async () => {
    const web = await start();
    const page = await watch(web.url, { cookie: web.cookie });
    await page.until(() => page.texts.some((text) => text.type === 'source' && text.from === 'broker'));
    await page.until(() => page.frames.length > 0);
    page.socket.pause();
    const ticks = 120;
    // 120 ticks of 10,000 vans are 34 MB; the sockets of a machine hold some of it, we no more than a tick.
    for (let tick = 1; tick <= ticks; tick++) {
      const vans = Array.from({ length: 10_000 }, (_, i) => ({ ...van, vehicleId: 5000 + i, at: at + tick }));
      await publish(vans, tick);
    }
    page.socket.resume();
    await page.until(() => page.frames.at(-1)?.[0]?.at === at + ticks);
    expect(page.frames.length).toBeLessThan(ticks);
    expect(new Set(page.frames.at(-1)?.map(({ at: newest }) => newest))).toEqual(new Set([at + ticks]));
    page.socket.terminate();
    await web.stop();
  });

  test('says that the port is taken, and that the database is not there', async () => {
    const context = { signal: new AbortController().signal, log: silentLog, now: () => 0, ready: () => {} };
    const config = {
      databaseUrl: testDatabase.url,
      mqtt: { url: 'mqtt://127.0.0.1:1', username: 'service', password: 'x' },
      host: '127.0.0.1',
      port: portOf(brokerServer),
      jwtSecret: 'a secret of this test only, long enough',
      staticDir: '/nowhere',
    };
    await expect(runWeb(config, context)).rejects.toThrow(
      expect.objectContaining({ code: 'port/taken' } satisfies Partial<Fault>),
    );
    await expect(
      runWeb({ ...config, databaseUrl: 'postgres://nobody@127.0.0.1:1/none' }, context),
    ).rejects.toThrow(expect.objectContaining({ code: 'database/unreachable' }));
  });
});
