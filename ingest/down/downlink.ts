import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import type { Command } from '../../schemas/down.ts';
import { asError } from '../../schemas/fault.ts';
import type { Log } from '../../schemas/program.ts';
import { composeRoute, type RouteRow } from './compose-route.ts';
import * as sql from './down-statements.ts';
import { Lane } from './lane.ts';
import { type Addressee, addresseeOf, keyOf, type Outlet, Outlets, type RouteOutlet } from './outlet.ts';

export type DownlinkOptions = {
  readonly databaseUrl: string;
  readonly pool: pg.Pool;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** How often commands that expired, or of which no wake-up came, are looked for, ms. */
  readonly sweepMs?: number | undefined;
};

const SWEEP_MS = 2_000;
const RECHECK_MS = 60_000;
/** Without a reconnection to tell, an unanswered command goes out again after this long, seconds. */
const AGAIN_SECONDS = 60;
const ROUTES_A_TURN = 50;
const DEVICES_A_TURN = 200;
const CONNECT_AGAIN_MS = 1_000;

type CommandRow = Command & Addressee & { readonly body: unknown };

/** Who is to get a route: everyone it concerns, or those who have just asked. */
type Audience = 'everyone' | ReadonlySet<RouteOutlet>;

/**
 * What goes down to devices, from the tables: the newest route of each device to whoever listens
 * to it, and commands to devices that are there. It keeps nothing of its own: a wake-up that was
 * missed, a restart, a lost connection are all mended by looking at the tables again.
 */
export class Downlink {
  readonly #options: DownlinkOptions;
  readonly #outlets = new Outlets();
  readonly #routes: Lane<Audience>;
  /** By device: whether commands that were sent and not answered go out again. */
  readonly #commands: Lane<boolean>;
  /** What everyone who listens for a device was last told: route and version. */
  readonly #told = new Map<string, string>();
  #trouble = '';
  #isRechecking = false;
  #isRecheckDue = false;

  constructor(options: DownlinkOptions) {
    this.#options = options;
    this.#routes = new Lane({
      ...options,
      size: ROUTES_A_TURN,
      merge: (a, b) => (a === 'everyone' || b === 'everyone' ? 'everyone' : new Set([...a, ...b])),
      work: (turn) => this.#sendRoutes(turn),
    });
    this.#commands = new Lane({
      ...options,
      size: DEVICES_A_TURN,
      merge: (a, b) => a || b,
      work: (turn) => this.#sendCommands(turn),
    });
  }

  /** Begins to send through an outlet: what is due at once, and then what comes. Call the result to end. */
  open(outlet: Outlet): () => void {
    const close = this.#outlets.open(outlet);
    this.#startWith(outlet).catch((error) => this.#complain(error));
    return close;
  }

  async run(): Promise<void> {
    await Promise.all([this.#routes.run(), this.#commands.run(), this.#listen(), this.#sweep()]);
  }

  async #startWith(outlet: Outlet): Promise<void> {
    const { fleet, device } = outlet;
    const put = (key: string) => {
      if (outlet.channel === 'route') this.#routes.put(key, new Set([outlet]));
      else this.#commands.put(key, true);
    };
    if (fleet !== undefined && device !== undefined) return put(keyOf({ fleet, device }));
    const text = outlet.channel === 'route' ? sql.selectDevicesOfFleets : sql.selectDevicesWithCommands;
    const values = outlet.channel === 'route' ? [fleet === undefined ? null : [fleet]] : [0];
    for (const { key } of await this.#query(text, values)) {
      if (fleet === undefined || addresseeOf(key).fleet === fleet) put(key);
    }
  }

  async #sendRoutes(turn: ReadonlyMap<string, Audience>): Promise<void> {
    const wanted = new Map(
      [...turn].map(([key, audience]) => [key, this.#listeners(key, audience)] as const),
    );
    const heard = [...wanted].filter(([, outlets]) => outlets.length > 0).map(([key]) => addresseeOf(key));
    if (heard.length === 0) return;
    const rows = await this.#query<RouteRow>(sql.selectRoutes, [
      heard.map(({ fleet }) => fleet),
      heard.map(({ device }) => device),
    ]);
    const byKey = new Map(rows.map((row) => [keyOf(row), row]));
    const sending = heard.map(async (to) => {
      const key = keyOf(to);
      const row = byKey.get(key);
      const route = row && composeRoute(row);
      // Whoever is gone meanwhile asks again when it is back.
      await Promise.all((wanted.get(key) ?? []).map((outlet) => outlet.send(to, route).catch(() => {})));
      if (row === undefined) this.#told.delete(key);
      else if (turn.get(key) === 'everyone' || !this.#told.has(key)) {
        this.#told.set(key, `${row.routeId}:${row.version}`);
      }
    });
    await Promise.all(sending);
  }

  #listeners(key: string, audience: Audience): readonly RouteOutlet[] {
    const open = this.#outlets.routesTo(addresseeOf(key));
    return audience === 'everyone' ? open : open.filter((outlet) => audience.has(outlet));
  }

  async #sendCommands(turn: ReadonlyMap<string, boolean>): Promise<void> {
    const reached = [...turn].flatMap(([key, isAgain]) => {
      const to = addresseeOf(key);
      return this.#outlets.commandsTo(to).length > 0 ? [{ ...to, isAgain }] : [];
    });
    if (reached.length === 0) return;
    const rows = await this.#query<CommandRow>(sql.takeCommands, [
      reached.map(({ fleet }) => fleet),
      reached.map(({ device }) => device),
      reached.map(({ isAgain }) => isAgain),
    ]);
    const byDevice = new Map<string, CommandRow[]>();
    for (const row of rows) {
      const key = keyOf(row);
      const others = byDevice.get(key);
      if (others === undefined) byDevice.set(key, [row]);
      else others.push(row);
    }
    // Each device gets its own in their order; a slow one keeps no other waiting in its turn.
    await Promise.all([...byDevice.values()].map((ofDevice) => this.#sendInOrder(ofDevice)));
  }

  async #sendInOrder(rows: readonly CommandRow[]): Promise<void> {
    for (const { fleet, device, body, ...row } of rows) {
      const to = { fleet, device };
      const command: Command = body === null ? row : { ...row, body };
      const handed = await Promise.all(
        this.#outlets.commandsTo(to).map((outlet) => outlet.send(to, command).catch(() => undefined)),
      );
      const [refusal] = handed.flatMap((one) => (one?.kind === 'refused' ? [one] : []));
      if (refusal !== undefined && handed.every((one) => one?.kind === 'refused')) {
        await this.#query(sql.refuseCommand, [row.id, refusal.reason]);
      }
    }
  }

  /** Wake-ups from the transactions that change something; after every connection everything is looked at. */
  async #listen(): Promise<void> {
    const { databaseUrl, signal } = this.#options;
    while (!signal.aborted) {
      const client = new pg.Client({
        connectionString: databaseUrl,
        application_name: 'paceline ingest down',
        keepAlive: true,
        connectionTimeoutMillis: 10_000,
      });
      try {
        await client.connect();
        const ended = new Promise<void>((resolve) => {
          client.on('error', () => resolve());
          client.on('end', () => resolve());
          signal.addEventListener('abort', () => resolve(), { once: true });
          if (signal.aborted) resolve();
        });
        client.on('notification', ({ payload = '' }) => {
          this.#woken(payload).catch((error) => this.#complain(error));
        });
        await client.query('listen paceline_down');
        await this.#recheck();
        await ended;
      } catch (error) {
        this.#complain(error);
      }
      await client.end().catch(() => {});
      if (!signal.aborted) await wait(CONNECT_AGAIN_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #woken(payload: string): Promise<void> {
    const [what, ids = ''] = payload.split(':');
    if (what === 'command') {
      for (const { key } of await this.#query(sql.selectDevice, [Number(ids)]))
        this.#commands.put(key, false);
    } else if (ids === '*') {
      await this.#recheck();
    } else if (what === 'vehicles') {
      const vehicleIds = ids.split(',').map(Number);
      for (const { key } of await this.#query(sql.selectDevicesOfVehicles, [vehicleIds])) {
        this.#routes.put(key, 'everyone');
      }
    }
  }

  /** Sends the route of every device that should have another one than it was told. */
  async #recheck(): Promise<void> {
    this.#isRecheckDue = true;
    if (this.#isRechecking) return;
    this.#isRechecking = true;
    try {
      // A plan is written in many statements, each of which asks for this.
      while (this.#isRecheckDue) {
        this.#isRecheckDue = false;
        await this.#compareVersions();
      }
    } finally {
      this.#isRechecking = false;
    }
  }

  async #compareVersions(): Promise<void> {
    const fleets = this.#outlets.fleets('route');
    if (fleets?.length === 0) return;
    const rows = await this.#query<{ readonly key: string; readonly version: string }>(sql.selectVersions, [
      fleets ?? null,
    ]);
    const current = new Map(rows.map(({ key, version }) => [key, version]));
    for (const [key, version] of current) {
      const told = this.#told.get(key);
      if (told !== version && this.#outlets.routesTo(addresseeOf(key)).length > 0) {
        this.#routes.put(key, 'everyone');
      }
    }
    for (const key of this.#told.keys()) {
      if (!current.has(key)) this.#routes.put(key, 'everyone');
    }
  }

  async #sweep(): Promise<void> {
    const { signal, sweepMs = SWEEP_MS } = this.#options;
    let recheckAt = performance.now() + RECHECK_MS;
    while (!signal.aborted) {
      await wait(sweepMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.#query(sql.expireCommands, []);
        const isBlind = this.#outlets.fleets('command') === undefined;
        const due = await this.#query(sql.selectDevicesWithCommands, [isBlind ? AGAIN_SECONDS : null]);
        for (const { key } of due) this.#commands.put(key, isBlind);
        if (performance.now() < recheckAt) continue;
        const began = performance.now();
        await this.#recheck();
        // A very large fleet is looked at less often, so that looking stays a fiftieth of the time.
        recheckAt = performance.now() + Math.max(RECHECK_MS, 50 * (performance.now() - began));
      } catch (error) {
        this.#complain(error);
      }
    }
  }

  async #query<Row extends object = { readonly key: string }>(
    text: string,
    values: readonly unknown[],
  ): Promise<Row[]> {
    const { rows } = await this.#options.pool.query<Row>(text, [...values]);
    this.#trouble = '';
    return rows;
  }

  #complain(error: unknown): void {
    const reason = asError(error).message;
    // Once per reason, not once per look.
    if (this.#options.signal.aborted || reason === this.#trouble) return;
    this.#trouble = reason;
    this.#options.log.warn({ reason }, 'cannot see what is to go down to devices');
  }
}
