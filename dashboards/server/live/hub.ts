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

type Watched = { readonly live: FleetLive; loading: Promise<void> };

export function openLiveHub(options: HubOptions): LiveHub {
  const { database, log, now, maxClients = 500 } = options;
  const fleets = new Map<string, Watched>();
  const clients = new Map<LiveClient, string>();
  let isConnected = false;

  const watch = (fleet: Me['fleet']): Watched => {
    const known = fleets.get(fleet.name);
    if (known) return known;
    const live = new FleetLive(fleet.id, database);
    live.source = isConnected ? 'broker' : 'tables';
    const watched = { live, loading: live.readVans().then(() => live.look()) };
    fleets.set(fleet.name, watched);
    return watched;
  };

  const leave = (client: LiveClient) => {
    const name = clients.get(client);
    clients.delete(client);
    if (name === undefined) return;
    fleets.get(name)?.live.clients.delete(client);
    if (![...clients.values()].includes(name)) fleets.delete(name);
  };

  const join: LiveHub['join'] = (fleet, socket, sessionEnds) => {
    if (clients.size >= maxClients) {
      socket.close(closing.tryLater, 'too many pages are watching');
      return;
    }
    const client = liveClient(socket, sessionEnds);
    clients.set(client, fleet.name);
    socket.on('pong', () => {
      client.isAlive = true;
    });
    socket.on('close', () => leave(client));
    socket.on('error', () => socket.terminate());
    const { live, loading } = watch(fleet);
    loading.then(
      () => {
        if (socket.readyState === socket.OPEN) live.join(client);
      },
      (error) => {
        log.warn({ fleet: fleet.name, error }, 'live state not readable');
        socket.close(closing.tryLater, 'the database is not reachable');
      },
    );
  };

  const everyFleet = (what: string, use: (live: FleetLive) => Promise<void>) => {
    for (const [fleet, { live }] of fleets) {
      use(live).catch((error) => log.warn({ fleet, error }, what));
    }
  };

  const readAgain = () => {
    everyFleet('live state not readable', async (live) => {
      for (const stream of textStreams) live.markStale(stream);
      await live.readVans();
    });
  };

  const setConnected = (isNow: boolean) => {
    if (isNow === isConnected) return;
    isConnected = isNow;
    if (isNow) log.info({}, 'live topics connected');
    else log.warn({}, 'broker away: live positions are read from the tables');
    for (const { live } of fleets.values()) live.setSource(isNow ? 'broker' : 'tables');
    readAgain();
  };

  const tick = () => {
    everyFleet('live tables not readable', (live) => live.look());
    for (const { live } of fleets.values()) live.settleClients();
  };

  const ping = () => {
    for (const client of clients.keys()) {
      if (client.sessionEnds <= now()) client.socket.close(closing.policy, 'the session has ended');
      else if (!client.isAlive) client.socket.terminate();
      else {
        client.isAlive = false;
        client.socket.ping();
      }
    }
  };

  const timers = [
    setInterval(tick, options.lookEvery ?? 1000),
    setInterval(() => isConnected || readAgain(), options.pollEvery ?? 2000),
    setInterval(ping, options.pingEvery ?? 20_000),
  ];
  const closeClients = () => {
    const sockets = [...clients.keys()].map(({ socket }) => socket);
    for (const socket of sockets) socket.close(closing.goingAway, 'the server is stopping');
    // Who does not answer must not keep the process.
    setTimeout(() => {
      for (const socket of sockets) socket.terminate();
    }, goodbye).unref();
  };

  return {
    join,
    setConnected,
    receive: (topic, payload) => receive(fleets, topic, payload),
    changed: (fleet, stream) => fleets.get(fleet)?.live.markStale(stream),
    facts: () => ({ isConnected, clients: clients.size, fleets: fleets.size }),
    closeClients,
    close: () => {
      for (const timer of timers) clearInterval(timer);
      for (const { socket } of clients.keys()) socket.terminate();
    },
  };
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
