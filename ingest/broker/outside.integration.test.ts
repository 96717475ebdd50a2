import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLog } from '../../schemas/program.ts';
import { deviceTopic } from '../../schemas/topics.ts';
import { Directory } from '../access/directory.ts';
import { ingestLimits } from '../config.ts';
import { FormatRegistry } from '../formats/registry.ts';
import { hasMosquitto, type Mosquitto, startMosquitto } from '../testing/mosquitto.ts';
import { connect, nothingDown, until } from '../testing/running.ts';
import { openBroker } from './broker.ts';
import type { Message } from './delivery.ts';
import { openOutside } from './outside.ts';

const PUBACK_BYTES = 4;
const now = () => Date.now() / 1000;
const topic = deviceTopic({ fleet: 'a', device: 'v', channel: 'telemetry' });

/** A way to a broker that can be cut while both ends live on. */
async function openCable(port: number) {
  const sockets = new Set<Socket>();
  let far: Socket | undefined;
  const server = createServer((near) => {
    const away = connectSocket(port, '127.0.0.1');
    far = away;
    near.pipe(away).pipe(near);
    for (const socket of [near, away]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    /** Bytes that went to the broker on the present connection. */
    sent: () => far?.bytesWritten ?? 0,
    cut: () => {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    },
    [Symbol.dispose]: () => server.close(),
  };
}

describe.skipIf(!hasMosquitto)('openOutside() with mosquitto (skipped where it is not installed)', () => {
  let broker: Mosquitto;
  let port: number;

  beforeAll(async () => {
    broker = await startMosquitto();
    port = broker.port;
  });

  afterAll(() => broker?.[Symbol.asyncDispose]());

  test.each([{ protocolVersion: 5 as const }, { protocolVersion: 4 as const }])(
    'is given again all that it had not acknowledged, and nothing else, when the connection drops, MQTT $protocolVersion',
    async ({ protocolVersion }) => {
      using cable = await openCable(port);
      const received: { readonly text: string; readonly acknowledge: () => void }[] = [];
      await using _client = await openOutside({
        downlink: nothingDown,
        rebirths: nothingDown,
        where: { kind: 'outside', url: `mqtt://127.0.0.1:${cable.port}`, protocolVersion },
        name: `paceline-test-${protocolVersion}`,
        limits: ingestLimits,
        log: silentLog,
        now,
        receive: ({ payload, acknowledge }: Message) =>
          received.push({ text: Buffer.from(payload).toString(), acknowledge }),
        fullness: () => 0,
        formats: new FormatRegistry(),
      });
      const publisher = await connect(`mqtt://127.0.0.1:${port}`, { username: '', password: '' });
      const publish = (texts: readonly string[]) =>
        Promise.all(texts.map((text) => publisher.publishAsync(topic, text, { qos: 1 })));
      const texts = Array.from({ length: 200 }, (_, i) => String(i));
      await publish(texts);
      await until(() => received.length === 200, 'all of the first connection');
      const first = received.splice(0);
      const before = cable.sent();
      for (const { acknowledge } of first.slice(0, 120)) acknowledge();
      await until(() => cable.sent() >= before + 120 * PUBACK_BYTES, 'the acknowledgements are on their way');

      cable.cut();
      await until(() => received.length === 80, 'the rest again');
      // Acknowledgements of the lost connection must not answer for messages of the new one.
      for (const { acknowledge } of first) acknowledge();
      await publish(['after']);
      await until(() => received.length === 81, 'what came after');
      expect(received.map(({ text }) => text)).toEqual([...texts.slice(120), 'after']);

      cable.cut();
      await until(() => received.length === 162, 'all of them once more');
      for (const { acknowledge } of received) acknowledge();
      await publisher.endAsync();
    },
  );
});

test('openOutside() speaks MQTT 3.1.1, when the broker knows no 5, and says so when it may not log in', async () => {
  await using broker = await openBroker({
    downlink: nothingDown,
    rebirths: nothingDown,
    listen: { kind: 'embedded', host: '127.0.0.1', port: 0 },
    service: { username: 'service', password: 'secret' },
    directory: new Directory(undefined as never),
    limits: ingestLimits,
    log: silentLog,
    now,
    receive() {},
    take() {},
    fullness: () => 0,
    formats: new FormatRegistry(),
  });
  const open = (password: string) =>
    openOutside({
      downlink: nothingDown,
      rebirths: nothingDown,
      where: { kind: 'outside', url: `mqtt://127.0.0.1:${broker.port}`, username: 'service', password },
      name: 'paceline-test',
      limits: ingestLimits,
      log: silentLog,
      now,
      receive() {},
      fullness: () => 0,
      formats: new FormatRegistry(),
    });
  await (await open('secret'))[Symbol.asyncDispose]();
  await expect(open('guess')).rejects.toMatchObject({ code: 'broker/refused' });
});

test('openOutside() names the broker that does not answer', async () => {
  const refused = openOutside({
    downlink: nothingDown,
    rebirths: nothingDown,
    where: { kind: 'outside', url: 'mqtt://127.0.0.1:1' },
    name: 'paceline-test',
    limits: ingestLimits,
    log: silentLog,
    now,
    receive() {},
    fullness: () => 0,
    formats: new FormatRegistry(),
  });
  await expect(refused).rejects.toMatchObject({
    code: 'broker/unreachable',
    message: expect.stringContaining('mqtt://127.0.0.1:1'),
  });
});
