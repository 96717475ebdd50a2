import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Aedes } from 'aedes';
import { connectAsync } from 'mqtt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Answer, RouteMessage } from '../../schemas/down.ts';
import { type ProgramContext, silentLog } from '../../schemas/program.ts';
import { deviceTopic } from '../../schemas/topics.ts';
import { prepareShift, runSimulator, type SimulatorConfig } from '../main.ts';
import { readTruth } from '../report/truth.ts';
import { readOrders } from './orders-file.ts';

let folder = '';
let broker: Aedes;
let server: Server;
const answers: { readonly device: string; readonly answer: Answer }[] = [];
let url = '';

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'paceline-downlink-'));
  broker = await Aedes.createBroker();
  answers.length = 0;
  broker.authorizePublish = (_client, { topic, payload }, done) => {
    const [, , , device = '', channel] = topic.split('/');
    if (channel === 'answers') answers.push({ device, answer: JSON.parse(payload.toString()) });
    done(null);
  };
  server = createServer((socket) => broker.handle(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `mqtt://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});

afterEach(async () => {
  await new Promise<void>((resolve) => broker.close(() => resolve()));
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const shiftStart = 1_795_200_000;

/** Minutes pass in seconds, from when the first vans are about to leave; ends with so many answers. */
function run(changes: Partial<SimulatorConfig>, count: number) {
  const config: SimulatorConfig = {
    vans: 2,
    startAt: shiftStart,
    broker: { url },
    ledgerFile: join(folder, 'ledger.tsv'),
    truthFile: join(folder, 'truth.ndjson'),
    ...changes,
  };
  const stop = new AbortController();
  const begun = Date.now();
  const now = () => shiftStart + ((Date.now() - begun) / 1000) * 100;
  const context: ProgramContext = { signal: stop.signal, log: silentLog, now, ready() {} };
  const onProgress = () => {
    if (answers.length >= count) stop.abort();
  };
  return { config, done: () => runSimulator(config, context, { onProgress }) };
}

/** The planned route of a van, its stops the other way round. */
function turned(config: SimulatorConfig, vehicle: string): RouteMessage {
  const { plan } = prepareShift(config, shiftStart);
  const { code, serviceDate, stops } = plan.document.routes.find((route) => route.vehicle === vehicle)!;
  const items = stops.toReversed().map(({ code: name, position, service, packages }) => ({
    ...{ kind: 'stop' as const, code: name, service, packages },
    ...position,
  }));
  return { route: code, version: 2, vehicle, serviceDate, ts: shiftStart * 1000, items };
}

const visitsOf = (vehicle: string): string[] =>
  readTruth(join(folder, 'truth.ndjson')).flatMap((record) =>
    record.type === 'visit' && record.vehicle === vehicle ? [record.stop] : [],
  );

/** Share of the stops that are followed by the stop that should: some are begun, neighbours are swapped. */
function kept(visits: readonly string[], { items }: RouteMessage): number {
  const next = new Map(items.map(({ code }, i) => [code, items[i + 1]?.code]));
  return visits.filter((code, i) => next.get(code) === visits[i + 1]).length / visits.length;
}

test.each([4, 'per-device'] as const)(
  'a van drives the route that is retained for it and says so, over %s connections',
  async (connections) => {
    const { config, done } = run({ connections }, 2);
    const message = turned(config, 'van-001');
    const client = await connectAsync(url);
    const topic = (channel: 'route' | 'command', device = 'van-001') =>
      deviceTopic({ fleet: 'demo', device, channel });
    await client.publishAsync(topic('route'), JSON.stringify(message), { qos: 1, retain: true });
    await client.publishAsync(topic('route', 'van-002'), 'left, then right', { qos: 1, retain: true });
    await done();
    expect(visitsOf('van-001')).toHaveLength(message.items.length);
    expect(kept(visitsOf('van-001'), message)).toBeGreaterThan(0.9);
    expect(kept(visitsOf('van-002'), message)).toBeLessThan(0.1);
    expect(answers.toSorted((a, b) => a.device.localeCompare(b.device))).toMatchObject([
      { device: 'van-001', answer: { state: 'received', route: 'R001', version: 2 } },
      { device: 'van-002', answer: { state: 'refused', reason: expect.stringContaining('not a route') } },
    ]);
    await client.endAsync();
  },
);

test('a van goes on with the route it was told before the simulator was killed', async () => {
  const { config, done } = run({}, 1);
  const message = turned(config, 'van-001');
  const client = await connectAsync(url);
  const topic = deviceTopic({ fleet: 'demo', device: 'van-001', channel: 'route' });
  await client.publishAsync(topic, JSON.stringify(message), { qos: 1, retain: true });
  await done();
  const told = visitsOf('van-001');
  await client.publishAsync(topic, '', { qos: 1, retain: true });
  answers.length = 0;
  await run({}, 1).done();
  expect(kept(told, message)).toBeGreaterThan(0.9);
  expect(visitsOf('van-001')).toEqual(told);
  expect(readOrders(`${config.ledgerFile}.orders`)).toHaveLength(1);
  await client.endAsync();
});
