import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { deviceTopic } from '../../schemas/topics.ts';
import { connectPacket, publishPacket } from './packets.ts';

/** Devices that all come back at once, each with what it kept while it was away. */
export type StormJob = {
  readonly port: number;
  readonly fleet: string;
  /** All devices have one secret, by log-ins of their own. */
  readonly names: readonly string[];
  readonly secret: string;
  /** Fixes that each kept. */
  readonly backlog: number;
  readonly inFlight: number;
  readonly fromMs: number;
  readonly stepMs: number;
  readonly patienceMs: number;
};

export type StormResult = {
  readonly acknowledged: number;
  /** Connections after the first of each device. */
  readonly reconnects: number;
  readonly seconds: number;
};

const CONNACK = 0x20;
const AGAIN_MS = 500;

/** One device: a connection with its own log-in, a few messages in flight, and patience. */
class Device {
  readonly #job: StormJob;
  readonly #name: string;
  readonly #topic: string;
  readonly #isAcknowledged: Uint8Array;
  #next = 0;
  #inFlight = 0;
  #left: number;
  #rest: Buffer = Buffer.alloc(0);
  connections = 0;

  constructor(job: StormJob, name: string) {
    this.#job = job;
    this.#name = name;
    this.#topic = deviceTopic({ fleet: job.fleet, device: name, channel: 'telemetry' });
    this.#isAcknowledged = new Uint8Array(job.backlog);
    this.#left = job.backlog;
  }

  get acknowledged(): number {
    return this.#job.backlog - this.#left;
  }

  /** Resolves when all is acknowledged; a lost connection is made again, and what it owed sent again. */
  async run(isOver: () => boolean): Promise<void> {
    while (this.#left > 0 && !isOver()) {
      await this.#session(isOver);
      if (this.#left > 0) await wait(AGAIN_MS * (0.5 + Math.random()));
    }
  }

  #session(isOver: () => boolean): Promise<void> {
    const { port, fleet, secret } = this.#job;
    const socket = connect({ port, host: '127.0.0.1' });
    this.connections++;
    this.#rest = Buffer.alloc(0);
    this.#next = 0;
    this.#inFlight = 0;
    const login = { clientId: this.#name, username: `device:${fleet}/${this.#name}`, password: secret };
    socket.write(connectPacket(login));
    socket.on('data', (chunk) => {
      this.#read(chunk, socket);
      if (this.#left === 0 || isOver()) socket.destroy();
    });
    return new Promise((resolve) => {
      socket.on('error', () => {});
      socket.on('close', () => resolve());
    });
  }

  /** Every packet that comes has four bytes: the CONNACK, and PUBACKs. */
  #read(chunk: Buffer, socket: Socket): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let offset = 0;
    for (; offset + 4 <= bytes.length; offset += 4) {
      if (bytes[offset] === CONNACK) {
        if (bytes[offset + 3] !== 0) return void socket.destroy();
        continue;
      }
      // Packet identifiers are from 1, and the place of the fix says which.
      const place = bytes.readUInt16BE(offset + 2) - 1;
      this.#inFlight--;
      if (this.#isAcknowledged[place] === 0) {
        this.#isAcknowledged[place] = 1;
        this.#left--;
      }
    }
    this.#rest = bytes.subarray(offset);
    this.#fill(socket);
  }

  #fill(socket: Socket): void {
    const { backlog, inFlight } = this.#job;
    socket.cork();
    for (; this.#inFlight < inFlight && this.#next < backlog; this.#next++) {
      if (this.#isAcknowledged[this.#next] === 1) continue;
      socket.write(publishPacket(this.#topic, this.#text(this.#next), this.#next + 1));
      this.#inFlight++;
    }
    socket.uncork();
  }

  #text(seq: number): string {
    const { fromMs, stepMs } = this.#job;
    const ts = fromMs + seq * stepMs;
    return `{"ts":${ts},"lat":45.5,"lng":-122.${600_000 + seq},"seq":${seq},"boot":"storm","speed":${seq % 25},"heading":${seq % 360},"accuracy":5,"buffered":true,"sent":${fromMs + 3_600_000}}`;
  }
}

async function run(job: StormJob): Promise<StormResult> {
  const began = performance.now();
  const devices = job.names.map((name) => new Device(job, name));
  const isOver = () => performance.now() - began > job.patienceMs;
  await Promise.all(devices.map((device) => device.run(isOver)));
  const sum = (count: (device: Device) => number) =>
    devices.reduce((total, device) => total + count(device), 0);
  return {
    acknowledged: sum(({ acknowledged }) => acknowledged),
    reconnects: sum(({ connections }) => connections) - devices.length,
    seconds: (performance.now() - began) / 1000,
  };
}

process.on('message', (job: StormJob) => {
  run(job).then(
    (result) => process.send?.({ kind: 'result', result }),
    (error) => process.send?.({ kind: 'failed', reason: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.({ kind: 'ready', facts: {} });
