import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { silentLog } from '../../schemas/program.ts';
import { deviceTopic } from '../../schemas/topics.ts';
import { cityOf } from '../../simulator/city/road-file.ts';
import { uploads } from '../../simulator/device/radio.ts';
import { dayMaker } from '../../simulator/fleet.ts';
import { runSimulator } from '../../simulator/main.ts';
import { dayPlan } from '../../simulator/plan.ts';
import {
  connectPacket,
  openPacketReader,
  packetTypes,
  publishPacket,
  typeOf,
} from '../../simulator/publish/mqtt-packets.ts';
import { encode } from '../../simulator/publish/outlet.ts';
import { IN_FLIGHT_MAX, type PublishProgress } from '../../simulator/publish/publish.ts';
import { type Scenario, scenarios } from '../../simulator/scenario/scenario.ts';

/** One run of a publisher in a process of its own, which ends with it. */
export type PublisherJob = {
  /** `days`: no publisher, but what the days of the vans cost to make, apart. */
  readonly kind: 'bare' | 'generator' | 'days';
  readonly port: number;
  readonly warmMs: number;
  readonly measureMs: number;
  /** For the ledger. */
  readonly folder: string;
};

export type PublisherResult = {
  /** Acknowledged. */
  readonly messagesPerSecond: number;
  /** Processor time of the publisher for each, µs. */
  readonly cpuMicroseconds: number;
};

/** Both publish the same: vans of the demo, a message for each fix. */
const CONNECTIONS = 4;
const scenario: Scenario = { ...scenarios.demo!, name: 'bench', vans: 200, vansPerDepot: 20 };
const BARE_MESSAGES = 20_000;

type Reading = { readonly messages: number; readonly at: number; readonly cpu: number };

const reading = (messages: number): Reading => {
  const { user, system } = process.cpuUsage();
  return { messages, at: performance.now(), cpu: user + system };
};

function between(from: Reading, until: Reading): PublisherResult {
  const messages = until.messages - from.messages;
  return {
    messagesPerSecond: (messages * 1000) / (until.at - from.at),
    cpuMicroseconds: (until.cpu - from.cpu) / Math.max(1, messages),
  };
}

/** The simulator as it is: it drives, makes, encodes, sends, and writes its ledger. */
async function runGenerator({ port, warmMs, measureMs, folder }: PublisherJob): Promise<PublisherResult> {
  const stop = new AbortController();
  const readings: Reading[] = [];
  const begun = performance.now();
  const onProgress = ({ messages }: PublishProgress): void => {
    const sinceFirst = performance.now() - (readings[0]?.at ?? begun);
    if (messages > 0 && (readings.length === 0 || sinceFirst >= warmMs)) readings.push(reading(messages));
    if (readings.length > 1 && performance.now() - readings[1]!.at >= measureMs) stop.abort();
  };
  await runSimulator(
    {
      scenario: join(folder, 'scenario.json'),
      broker: { url: `mqtt://127.0.0.1:${port}` },
      connections: CONNECTIONS,
      ledgerFile: join(folder, `ledger-${process.pid}.tsv`),
      // Far more in a second than anything can send: what is measured is how much it can.
      speed: 2000,
    },
    { signal: stop.signal, log: silentLog, now: () => Date.now() / 1000, ready: () => {} },
    { onProgress },
  );
  return between(readings[1]!, readings.at(-1)!);
}

/** Plan, paths and driving of days that no other van shares, over the messages that come of them. */
async function makeDays(): Promise<PublisherResult> {
  const few = { ...scenario, vans: 20 };
  const city = cityOf(few);
  const from = reading(0);
  const plan = dayPlan(few, city, 1_795_250_000);
  const dayOf = dayMaker({ scenario: few, city, plan });
  const days = plan.routes.map((_, index) => dayOf(index));
  const until = reading(0);
  const messages = days.reduce((sum, day) => sum + [...uploads(day, few)].length, 0);
  return between(from, { ...until, messages });
}

/** Packets made beforehand, sent as fast as they are acknowledged: nobody publishes the same faster. */
async function runBare({ port, warmMs, measureMs }: PublisherJob): Promise<PublisherResult> {
  const packets = packetsOf(BARE_MESSAGES);
  let acknowledged = 0;
  const lanes = await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, lane) => openLane(port, packets, lane, () => acknowledged++)),
  );
  await new Promise((resolve) => setTimeout(resolve, warmMs));
  const from = reading(acknowledged);
  await new Promise((resolve) => setTimeout(resolve, measureMs));
  const until = reading(acknowledged);
  for (const lane of lanes) lane.destroy();
  return between(from, until);
}

/** What the vans say over their day, ready to go but for the packet identifier. */
function packetsOf(count: number): { readonly bytes: Buffer; readonly idAt: number }[] {
  const city = cityOf(scenario);
  const few = { ...scenario, vans: 20 };
  const plan = dayPlan(few, city, 1_795_250_000);
  const dayOf = dayMaker({ scenario: few, city, plan });
  const packets: { bytes: Buffer; idAt: number }[] = [];
  for (let van = 0; van < few.vans; van++) {
    let taken = 0;
    for (const upload of uploads(dayOf(van), few)) {
      const topic = deviceTopic({ fleet: few.fleet, device: upload.device, channel: upload.channel });
      const payload = String(encode(upload, upload.due));
      const bytes = publishPacket({ topic, payload }, 1, false);
      const idAt = bytes.length - Buffer.byteLength(payload) - 2;
      packets.push({ bytes, idAt });
      taken++;
      if (taken >= count / few.vans) break;
    }
  }
  return packets;
}

function openLane(
  port: number,
  packets: readonly { readonly bytes: Buffer; readonly idAt: number }[],
  lane: number,
  acknowledged: () => void,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port }).setNoDelay(true);
    let [next, lastId, credit, isScheduled] = [lane, 0, IN_FLIGHT_MAX, false];
    const send = (): void => {
      isScheduled = false;
      const batch: Buffer[] = [];
      for (; credit > 0; credit--) {
        const { bytes, idAt } = packets[next % packets.length]!;
        next += CONNECTIONS;
        lastId = (lastId % 65_535) + 1;
        bytes.writeUInt16BE(lastId, idAt);
        // Concat copies them, so a packet may be used again.
        batch.push(bytes);
      }
      if (batch.length > 0) socket.write(Buffer.concat(batch));
    };
    socket.once('error', reject);
    socket.once('connect', () =>
      socket.write(connectPacket({ clientId: `bare-${lane}`, username: undefined, password: undefined })),
    );
    socket.on(
      'data',
      openPacketReader((first) => {
        const type = typeOf(first);
        if (type === packetTypes.connack) resolve(socket);
        else if (type !== packetTypes.puback) return;
        else {
          acknowledged();
          credit++;
        }
        if (isScheduled) return;
        isScheduled = true;
        setImmediate(send);
      }),
    );
  });
}

process.once('message', (job: PublisherJob) => {
  const run = { bare: runBare, generator: runGenerator, days: makeDays };
  run[job.kind](job).then(
    (result) => process.send?.(result, () => process.exit(0)),
    (error: unknown) => {
      throw error;
    },
  );
});
