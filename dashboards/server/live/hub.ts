import type { WebSocket } from 'ws';
import { unpackLiveFrame } from '../../../schemas/live.ts';
import type { Log } from '../../../schemas/program.ts';
import { parseLiveTopic } from '../../../schemas/topics.ts';
import type { Me } from '../../api.ts';
import type { Database } from '../query.ts';
import { type LiveClient, liveClient } from './client.ts';
import { FleetLive, textStreams } from './fleet-live.ts';

/** Everybody who watches, by fleet. A fleet's state lives as long as somebody watches it. */
export type LiveHub = {
  /** Takes a socket whose session was checked; it sees this fleet and no other. */
  readonly join: (fleet: Me['fleet'], socket: WebSocket, sessionEnds: number) => void;
  /** A message of a live topic. */
  readonly receive: (topic: string, payload: Uint8Array) => void;
  /** Whether live topics reach us; while not, the tables are read. */
  readonly setConnected: (isConnected: boolean) => void;
  /** Somebody wrote to the tables through us: told without waiting for the engine. */
  readonly changed: (fleet: string, stream: (typeof textStreams)[number]) => void;
  readonly facts: () => { readonly isConnected: boolean; readonly clients: number; readonly fleets: number };
  readonly closeClients: () => void;
  readonly close: () => void;
};

export type HubOptions = {
  readonly database: Database;
  readonly log: Log;
  readonly now: () => number;
  readonly maxClients?: number;
  /** Milliseconds between looks at the tables, between reads while the broker is away, between pings. */
  readonly lookEvery?: number;
  readonly pollEvery?: number;
  readonly pingEvery?: number;
};

/** Close codes of RFC 6455 §7.4. */
const closing = { goingAway: 1001, policy: 1008, tryLater: 1013 } as const;

/** Milliseconds to answer a close. */
const goodbye = 1000;

type Watched = { readonly live: FleetLive; readonly loading: Promise<void> };

export function openLiveHub(options: HubOptions): LiveHub {
  return new Hub(options);
}

class Hub implements LiveHub {
  readonly #options: HubOptions;
  readonly #fleets = new Map<string, Watched>();
  readonly #clients = new Map<LiveClient, string>();
  readonly #timers: readonly NodeJS.Timeout[];
  #isConnected = false;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#timers = [
      setInterval(() => this.#look(), options.lookEvery ?? 1000),
      setInterval(() => this.#isConnected || this.#readAgain(), options.pollEvery ?? 2000),
      setInterval(() => this.#ping(), options.pingEvery ?? 20_000),
    ];
  }

  join(fleet: Me['fleet'], socket: WebSocket, sessionEnds: number): void {
    const { log, maxClients = 500 } = this.#options;
    if (this.#clients.size >= maxClients) {
      socket.close(closing.tryLater, 'too many pages are watching');
      return;
    }
    const client = liveClient(socket, sessionEnds);
    this.#clients.set(client, fleet.name);
    socket.on('pong', () => {
      client.isAlive = true;
    });
    socket.on('close', () => this.#leave(client));
    socket.on('error', () => socket.terminate());
    const { live, loading } = this.#watch(fleet);
    loading.then(
      () => {
        if (socket.readyState === socket.OPEN) live.join(client);
      },
      (error) => {
        log.warn({ fleet: fleet.name, err: error }, 'live state not readable');
        socket.close(closing.tryLater, 'the database is not reachable');
      },
    );
  }

  receive(topic: string, payload: Uint8Array): void {
    receive(this.#fleets, topic, payload);
  }

  setConnected(isConnected: boolean): void {
    const { log } = this.#options;
    if (isConnected === this.#isConnected) return;
    this.#isConnected = isConnected;
    if (isConnected) log.info({}, 'live topics connected');
    else log.warn({}, 'broker away: live positions are read from the tables');
    for (const { live } of this.#fleets.values()) live.setSource(isConnected ? 'broker' : 'tables');
    this.#readAgain();
  }

  changed(fleet: string, stream: (typeof textStreams)[number]): void {
    this.#fleets.get(fleet)?.live.markStale(stream);
  }

  facts() {
    return { isConnected: this.#isConnected, clients: this.#clients.size, fleets: this.#fleets.size };
  }

  closeClients(): void {
    const sockets = [...this.#clients.keys()].map(({ socket }) => socket);
    for (const socket of sockets) socket.close(closing.goingAway, 'the server is stopping');
    // Who does not answer must not keep the process.
    setTimeout(() => {
      for (const socket of sockets) socket.terminate();
    }, goodbye).unref();
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const { socket } of this.#clients.keys()) socket.terminate();
  }

  #watch(fleet: Me['fleet']): Watched {
    const known = this.#fleets.get(fleet.name);
    if (known) return known;
    const live = new FleetLive(fleet.id, this.#options.database);
    live.source = this.#isConnected ? 'broker' : 'tables';
    const watched = { live, loading: live.readVans().then(() => live.look()) };
    this.#fleets.set(fleet.name, watched);
    return watched;
  }

  #leave(client: LiveClient): void {
    const name = this.#clients.get(client);
    this.#clients.delete(client);
    if (name === undefined) return;
    this.#fleets.get(name)?.live.clients.delete(client);
    if (![...this.#clients.values()].includes(name)) this.#fleets.delete(name);
  }

  #everyFleet(what: string, use: (live: FleetLive) => Promise<void>): void {
    for (const [fleet, { live }] of this.#fleets) {
      use(live).catch((error) => this.#options.log.warn({ fleet, err: error }, what));
    }
  }

  #readAgain(): void {
    this.#everyFleet('live state not readable', async (live) => {
      for (const stream of textStreams) live.markStale(stream);
      await live.readVans();
    });
  }

  #look(): void {
    this.#everyFleet('live tables not readable', (live) => live.look());
    for (const { live } of this.#fleets.values()) live.settleClients();
  }

  #ping(): void {
    for (const client of this.#clients.keys()) {
      if (client.sessionEnds <= this.#options.now()) {
        client.socket.close(closing.policy, 'the session has ended');
      } else if (!client.isAlive) {
        client.socket.terminate();
      } else {
        client.isAlive = false;
        client.socket.ping();
      }
    }
  }
}

function receive(fleets: ReadonlyMap<string, Watched>, topic: string, payload: Uint8Array): void {
  const parsed = parseLiveTopic(topic);
  const live = parsed && fleets.get(parsed.fleet)?.live;
  if (!parsed || !live) return;
  if (parsed.stream === 'positions') {
    const frame = unpackLiveFrame(payload);
    if (frame) live.applyFrame(frame, payload);
    return;
  }
  live.markStale(parsed.stream, parsed.stream === 'pace' ? routeIdsOf(payload) : undefined);
}

/** The routes a message of the pace stream is about; undefined when it cannot be told. */
function routeIdsOf(payload: Uint8Array): number[] | undefined {
  try {
    const rows: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    if (!Array.isArray(rows)) return undefined;
    return rows
      .map((row: { routeId?: unknown }) => row.routeId)
      .filter((id) => Number.isInteger(id)) as number[];
  } catch {
    return undefined;
  }
}
