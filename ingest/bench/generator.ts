import { connect, type Socket } from 'node:net';
import { deviceTopic } from '../../schemas/topics.ts';
import { connectPacket, publishPacket } from './packets.ts';

/** What one run of the generator does; see `bench` for the kinds. */
export type GeneratorJob = {
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly fleet: string;
  readonly connections: number;
  readonly vans: number;
  readonly fixesPerMessage: number;
  /** First instant of the fixes, ms; each fix of a van is a second after the one before. */
  readonly fromMs: number;
  readonly warmMs: number;
  readonly measureMs: number;
  /** Closed loop: messages in flight per connection. */
  readonly inFlight?: number;
  /** Open loop: messages per second over all connections, whatever the answers. */
  readonly rate?: number;
};

export type GeneratorResult = {
  /** Fixes sent and fixes acknowledged, from the first to the last. */
  readonly sent: number;
  readonly acknowledged: number;
  readonly fixesPerSecond: number;
  /** Open loop: quantiles of publish → PUBACK from the time it was due, ms. */
  readonly p50: number;
  readonly p99: number;
  readonly cpuSeconds: number;
};

const MESSAGE_IDS = 65_535;
const PACKET_BYTES = 4;
const DRAIN_MS = 20_000;

/** One MQTT connection that sends ready-made packets and counts the answers. */
class Publisher {
  readonly #socket: Socket;
  readonly #onAcknowledged: (messageId: number, publisher: Publisher) => void;
  readonly dueAt = new Float64Array(MESSAGE_IDS + 1);
  #messageId = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, onAcknowledged: (messageId: number, publisher: Publisher) => void) {
    this.#socket = socket;
    this.#onAcknowledged = onAcknowledged;
    socket.on('data', (chunk) => this.#read(chunk));
  }

  send(topic: string, payload: string, due: number): void {
    this.#messageId = (this.#messageId % MESSAGE_IDS) + 1;
    this.dueAt[this.#messageId] = due;
    this.#socket.write(publishPacket(topic, payload, this.#messageId));
  }

  batch(write: () => void): void {
    this.#socket.cork();
    write();
    this.#socket.uncork();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Every packet that comes back is a PUBACK of four bytes. */
  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let offset = 0;
    this.batch(() => {
      for (; offset + PACKET_BYTES <= bytes.length; offset += PACKET_BYTES) {
        this.#onAcknowledged(bytes.readUInt16BE(offset + 2), this);
      }
    });
    this.#rest = bytes.subarray(offset);
  }
}

async function run(job: GeneratorJob): Promise<GeneratorResult> {
  const publishers: Publisher[] = [];
  const latencies: number[] = [];
  let acknowledged = 0;
  let measured = 0;
  let sent = 0;
  let isOver = false;
  const nextMessage = messages(job);
  const started = performance.now() + 100;
  const from = started + job.warmMs;
  const until = from + job.measureMs;

  const send = (publisher: Publisher, due: number) => {
    const { topic, payload } = nextMessage();
    publisher.send(topic, payload, due);
    sent++;
  };
  const onAcknowledged = (messageId: number, publisher: Publisher) => {
    const now = performance.now();
    const due = publisher.dueAt[messageId] ?? 0;
    if (job.rate !== undefined && due >= from && due < until) latencies.push(now - due);
    acknowledged++;
    if (now >= from && now < until) measured++;
    if (job.inFlight !== undefined && !isOver) send(publisher, now);
  };
  for (let i = 0; i < job.connections; i++) {
    publishers.push(new Publisher(await open(job, i), onAcknowledged));
  }
  const cpu = process.cpuUsage();
  if (job.rate === undefined) {
    for (const publisher of publishers) {
      publisher.batch(() => {
        for (let i = 0; i < (job.inFlight ?? 1); i++) send(publisher, performance.now());
      });
    }
    await sleep(until - performance.now());
  } else {
    await keepPace({ rate: job.rate, started, until }, (n, due) => {
      send(publishers[n % publishers.length] as Publisher, due);
    });
  }
  isOver = true;
  const used = process.cpuUsage(cpu);
  // All that is acknowledged at all: the ends of connections must not count as losses.
  for (const deadline = performance.now() + DRAIN_MS; acknowledged < sent && performance.now() < deadline; ) {
    await sleep(20);
  }
  for (const publisher of publishers) publisher.close();
  latencies.sort((a, b) => a - b);
  const quantile = (q: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? 0;
  return {
    sent: sent * job.fixesPerMessage,
    acknowledged: acknowledged * job.fixesPerMessage,
    fixesPerSecond: (measured * job.fixesPerMessage * 1000) / job.measureMs,
    p50: quantile(0.5),
    p99: quantile(0.99),
    cpuSeconds: (used.user + used.system) / 1e6,
  };
}

/** Calls `send` for each message when it is due, or as soon after as it can. */
async function keepPace(
  { rate, started, until }: { readonly rate: number; readonly started: number; readonly until: number },
  send: (n: number, due: number) => void,
): Promise<void> {
  let n = 0;
  for (;;) {
    const now = performance.now();
    if (now >= until) return;
    for (let due = started + (n * 1000) / rate; due <= now; due = started + (n * 1000) / rate) {
      send(n++, due);
    }
    await sleep(1);
  }
}

/** Messages of all vans in turn, each continuing where its van was. */
function messages(job: GeneratorJob): () => { readonly topic: string; readonly payload: string } {
  const topics = Array.from({ length: job.vans }, (_, i) =>
    deviceTopic({ fleet: job.fleet, device: `van-${i}`, channel: 'telemetry' }),
  );
  const next = new Uint32Array(job.vans);
  let van = 0;
  return () => {
    van = (van + 1) % job.vans;
    const first = next[van] as number;
    next[van] = first + job.fixesPerMessage;
    if (job.fixesPerMessage === 1) return { topic: topics[van] as string, payload: fixText(job, van, first) };
    const fixes = Array.from({ length: job.fixesPerMessage }, (_, i) => fixText(job, van, first + i));
    return { topic: topics[van] as string, payload: `[${fixes.join(',')}]` };
  };
}

function fixText({ fromMs }: GeneratorJob, van: number, n: number): string {
  const ts = fromMs + n * 1000;
  const lat = (45 + ((van * 7919 + n * 13) % 10_000) / 10_000).toFixed(6);
  const lng = (-122 - ((van * 104_729 + n * 17) % 10_000) / 10_000).toFixed(6);
  return `{"ts":${ts},"lat":${lat},"lng":${lng},"seq":${n},"boot":"${fromMs}","speed":${n % 30}.5,"heading":${n % 360},"accuracy":5,"ignition":true,"odometer":${100_000 + n * 12}.5,"sent":${ts + 700}}`;
}

async function open(job: GeneratorJob, i: number): Promise<Socket> {
  const socket = connect({ port: job.port, host: '127.0.0.1' });
  socket.setNoDelay(true);
  socket.write(connectPacket({ clientId: `bench-${process.pid}-${i}`, ...job }));
  const answer = await new Promise<Buffer>((resolve, reject) => {
    socket.once('data', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the broker closed the connection')));
  });
  if (answer[0] !== 0x20 || answer[3] !== 0) throw new Error(`refused with ${answer.toString('hex')}`);
  socket.on('error', () => {});
  return socket;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

process.on('message', (job: GeneratorJob) => {
  run(job).then(
    (result) => process.send?.({ kind: 'result', result }),
    (error) => process.send?.({ kind: 'failed', reason: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.({ kind: 'ready', facts: {} });
