import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Aedes } from 'aedes';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Fault } from '../../schemas/fault.ts';
import { type ProgramContext, silentLog } from '../../schemas/program.ts';
import { runSimulator, type SimulatorConfig } from '../main.ts';
import { runReplay } from '../record/replay.ts';
import { fixKey } from './ledger.ts';
import { readLedger } from './ledger-reading.ts';

/** A real broker that keeps what it acknowledged, and whose connections can be cut. */
async function openBroker(options: { readonly password?: string } = {}) {
  const broker = await Aedes.createBroker();
  const keys: string[] = [];
  let fixes = 0;
  const sockets = new Set<Socket>();
  let onMessage = (_count: number): void => {};
  broker.authenticate = (_client, _username, password, done) => {
    done(null, options.password === undefined || password?.toString() === options.password);
  };
  broker.authorizePublish = (_client, packet, done) => {
    const [, , , device, channel] = packet.topic.split('/');
    if (channel === 'telemetry') {
      const parsed: unknown = JSON.parse(packet.payload.toString());
      for (const { ts, seq } of (Array.isArray(parsed) ? parsed : [parsed]) as {
        ts: number;
        seq?: number;
      }[]) {
        keys.push(`${device} ${fixKey(ts, seq)}`);
        fixes++;
      }
    }
    onMessage(fixes);
    done(null);
  };
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    broker.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `mqtt://127.0.0.1:${port}`,
    keys,
    onMessage: (listener: (count: number) => void) => {
      onMessage = listener;
    },
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await new Promise<void>((resolve) => broker.close(() => resolve()));
    },
  };
}

let folder = '';
let broker: Awaited<ReturnType<typeof openBroker>>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'paceline-simulator-'));
  broker = await openBroker();
});

afterEach(async () => {
  await broker.close();
  rmSync(folder, { recursive: true });
});

const shiftStart = 1_795_200_000;
/** Time stands still: everything is backlog. */
const now = shiftStart + 300;

const context = (signal = new AbortController().signal): ProgramContext => ({
  signal,
  log: silentLog,
  now: () => now,
  ready() {},
});

const config = (changes: Partial<SimulatorConfig> = {}): SimulatorConfig => ({
  vans: 2,
  speed: Number.POSITIVE_INFINITY,
  startAt: shiftStart,
  broker: { url: broker.url },
  connections: 2,
  ledgerFile: join(folder, 'ledger.tsv'),
  ...changes,
});

const ledgerKeys = (): string[] =>
  [...readLedger(join(folder, 'ledger.tsv')).keysByDevice].flatMap(([device, keys]) =>
    [...keys].map((key) => `${device} ${key}`),
  );

test('runSimulator() resends what was not acknowledged, when connections break again and again', async () => {
  let nextCut = 1000;
  let cuts = 0;
  broker.onMessage((count) => {
    if (count < nextCut || cuts === 3) return;
    nextCut += 3000;
    cuts++;
    broker.cut();
  });
  const progress = await runSimulator(config(), context());
  expect(cuts).toBe(3);
  expect(progress.acknowledged).toBe(progress.offered);
  const heard = new Set(broker.keys);
  const acknowledged = ledgerKeys();
  expect(acknowledged.filter((key) => !heard.has(key))).toEqual([]);
  expect(new Set(acknowledged)).toEqual(heard);
  expect(readLedger(join(folder, 'ledger.tsv'))).toMatchObject({
    offered: progress.offered,
    acknowledged: progress.acknowledged,
  });
});

test('runSimulator() sends only the rest, when a run of the same shift was broken off', async () => {
  const stop = new AbortController();
  broker.onMessage((count) => {
    if (count > 2000) stop.abort();
  });
  const first = await runSimulator(config(), context(stop.signal));
  const before = new Set(ledgerKeys());
  expect(first.acknowledged).toBeGreaterThan(0);
  broker.keys.length = 0;
  broker.onMessage(() => {});
  const second = await runSimulator(config(), context());
  // A batch may hold a few repeated fixes of the first run, never a whole one again.
  expect(second.offered).toBeGreaterThan(0);
  const whole = new Set(ledgerKeys());
  expect(broker.keys.filter((key) => before.has(key)).length).toBeLessThan(before.size / 10);
  await runSimulator(config({ ledgerFile: join(folder, 'other.tsv') }), context());
  const other = readLedger(join(folder, 'other.tsv'));
  expect(whole.size).toBe([...other.keysByDevice.values()].reduce((sum, keys) => sum + keys.size, 0));
});

test('runSimulator() says in a sentence that nobody answers, or that it is refused', async () => {
  const strict = await openBroker({ password: 'right' });
  const refused = runSimulator(
    config({ broker: { url: strict.url, username: 'gateway:demo/x', password: 'wrong' } }),
    context(),
  );
  await expect(refused).rejects.toSatisfy(
    (thrown) => thrown instanceof Fault && thrown.code === 'broker/refused' && thrown.exitCode === 8,
  );
  await strict.close();
});

test('runReplay() sends every row once, in the order of the file for each vehicle', async () => {
  const file = join(folder, 'recording.csv');
  const rows = Array.from(
    { length: 500 },
    (_, i) =>
      `x,bus ${i % 3},2024-01-01T00:${String(59 - (i % 60)).padStart(2, '0')}:00.${i + 100}Z,,1.${i},2.5,-1,,,`,
  );
  writeFileSync(
    file,
    `source,vehicle_id,t_fix,t_recv,lat,lon,speed_kmh,heading_deg,accuracy_m,extra_json\n${rows.join('\n')}\n`,
  );
  const summary = await runReplay({ file, fleet: 'replay', broker: { url: broker.url } }, context());
  expect(summary).toMatchObject({ rows: 500, distinct: 500, vehicles: 3, published: 500, acknowledged: 500 });
  const times = (vehicle: number) =>
    rows.filter((_, i) => i % 3 === vehicle).map((row) => `${Date.parse(row.split(',')[2]!)}:-`);
  for (const vehicle of [0, 1, 2]) {
    const heard = broker.keys.filter((key) => key.startsWith(`bus-${vehicle}-`));
    expect(heard.map((key) => key.split(' ')[1])).toEqual(times(vehicle));
  }
  const shuffled = await runReplay(
    { file, fleet: 'replay', broker: { url: broker.url }, shuffle: '1' },
    context(),
  );
  expect(shuffled.acknowledged).toBe(500);
  expect(broker.keys.slice(500).toSorted()).toEqual(broker.keys.slice(0, 500).toSorted());
  expect(broker.keys.slice(500)).not.toEqual(broker.keys.slice(0, 500));
});
