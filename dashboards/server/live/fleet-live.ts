import { type LiveFrame, type LiveVan, packLiveFrame } from '../../../schemas/live.ts';
import type { LiveText, PaceRow } from '../../api.ts';
import { alerts } from '../../queries/alerts.ts';
import { events } from '../../queries/events.ts';
import { paceBoard } from '../../queries/pace.ts';
import { proposals } from '../../queries/proposals.ts';
import { fleetClock, liveVans } from '../../queries/vehicles.ts';
import type { Database, Query } from '../query.ts';
import { type LiveClient, offerFrame, offerText, settle, welcome } from './client.ts';

export const textStreams = ['pace', 'alerts', 'events', 'proposals'] as const;
export type TextStream = (typeof textStreams)[number] | 'source';

const newestEvents = 50;
const mostAlerts = 500;
/** Routes that changed since the last look, beyond which the whole board is read. */
const mostChangedRoutes = 2000;
/** How often everybody gets the whole board, so that routes of yesterday leave it; looks (seconds). */
const wholeBoardEvery = 60;

/**
 * What is known about one fleet, as long as somebody watches it. Vans come from the live topic; all
 * else is read from the tables once something says that it changed.
 */
export class FleetLive {
  readonly fleetId: number;
  readonly clients = new Set<LiveClient>();
  readonly vans = new Map<number, LiveVan>();
  tick = 0;
  clock = 0;
  source: 'broker' | 'tables' = 'tables';

  readonly #database: Database;
  readonly #board = new Map<number, PaceRow>();
  readonly #texts = new Map<TextStream, string>();
  readonly #stale = new Set<TextStream>(textStreams);
  readonly #staleRoutes = new Set<number>();
  #isBoardStale = true;
  #looks = 0;
  #looking: Promise<void> | undefined;
  #reading: Promise<void> | undefined;

  constructor(fleetId: number, database: Database) {
    this.fleetId = fleetId;
    this.#database = database;
  }

  /** Shows everything to a new page, and counts it among those that are told. */
  join(client: LiveClient): void {
    welcome(client, this, ['source', ...textStreams]);
    this.clients.add(client);
  }

  /** A tick of the live topic, its bytes as they came: every page that keeps up gets the same. */
  applyFrame(frame: LiveFrame, bytes: Uint8Array): void {
    this.tick = frame.tick;
    this.clock = frame.clock;
    for (const van of frame.vans) this.vans.set(van.vehicleId, van);
    const vanIds = frame.vans.map(({ vehicleId }) => vehicleId);
    for (const client of this.clients) offerFrame(client, this, { vanIds, bytes });
  }

  /** Notes that the tables hold something new; told at the next look. */
  markStale(stream: (typeof textStreams)[number], routeIds?: readonly number[]): void {
    this.#stale.add(stream);
    if (stream !== 'pace') return;
    for (const routeId of routeIds ?? []) this.#staleRoutes.add(routeId);
    if (!routeIds || this.#staleRoutes.size > mostChangedRoutes) this.#isBoardStale = true;
  }

  setSource(source: 'broker' | 'tables'): void {
    if (this.source === source) return;
    this.source = source;
    this.#tell('source', this.wholeText('source'));
  }

  /** Reads every van from the tables and tells of those that differ, one reading at a time. */
  readVans(): Promise<void> {
    this.#reading ??= this.#readVans().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Newer fixes heard live stay. */
  async #readVans(): Promise<void> {
    const { vans, clock } = await this.#database.withFleet(this.fleetId, async (query) => ({
      vans: await liveVans(query),
      clock: await fleetClock(query),
    }));
    const changed = vans.filter((van) => {
      const known = this.vans.get(van.vehicleId);
      return !known || known.at < van.at || (known.at === van.at && known.status !== van.status);
    });
    this.clock = Math.max(this.clock, clock);
    if (changed.length === 0) return;
    const frame = { tick: this.tick + 1, clock: this.clock, vans: changed };
    this.applyFrame(frame, packLiveFrame(frame));
  }

  /** Reads what is stale and tells it; does nothing while a look is under way. */
  look(): Promise<void> {
    this.#looking ??= this.#readStale().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Gives pages that were congested what they missed. */
  settleClients(): void {
    for (const client of this.clients) settle(client, this);
  }

  wholeText(stream: TextStream): string {
    if (stream === 'source') return text({ type: 'source', from: this.source });
    if (stream === 'pace') return text({ type: 'pace', all: true, rows: [...this.#board.values()] });
    return this.#texts.get(stream) ?? text({ type: stream, rows: [] });
  }

  async #readStale(): Promise<void> {
    this.#looks += 1;
    if (this.#looks % wholeBoardEvery === 0) this.markStale('pace');
    const stale = [...this.#stale];
    // Cleared before reading: a change while we read is told at the next look.
    this.#stale.clear();
    try {
      for (const stream of stale) await this.#readStream(stream);
    } catch (cause) {
      for (const stream of stale) this.#stale.add(stream);
      throw cause;
    }
  }

  async #readStream(stream: TextStream): Promise<void> {
    const inFleet = <T>(use: (query: Query) => Promise<T>) => this.#database.withFleet(this.fleetId, use);
    if (stream === 'pace') return this.#readPace();
    if (stream === 'alerts') {
      const rows = await inFleet((query) => alerts(query, { open: true, limit: mostAlerts }));
      this.#tellIfNew(stream, text({ type: 'alerts', rows }));
    } else if (stream === 'events') {
      const rows = await inFleet((query) => events(query, newestEvents));
      this.#tellIfNew(stream, text({ type: 'events', rows }));
    } else if (stream === 'proposals') {
      const rows = await inFleet((query) => proposals(query, { open: true, limit: mostAlerts }));
      this.#tellIfNew(stream, text({ type: 'proposals', rows }));
    }
  }

  async #readPace(): Promise<void> {
    const isWhole = this.#isBoardStale;
    const routeIds = [...this.#staleRoutes];
    this.#isBoardStale = false;
    this.#staleRoutes.clear();
    try {
      const rows = await this.#database.withFleet(this.fleetId, (query) =>
        paceBoard(query, isWhole ? undefined : routeIds),
      );
      if (isWhole) this.#board.clear();
      for (const row of rows) this.#board.set(row.routeId, row);
      if (isWhole) this.#tell('pace', this.wholeText('pace'));
      else if (rows.length > 0) this.#tell('pace', text({ type: 'pace', all: false, rows }));
    } catch (cause) {
      this.#isBoardStale = true;
      throw cause;
    }
  }

  #tellIfNew(stream: TextStream, message: string): void {
    if (this.#texts.get(stream) === message) return;
    this.#texts.set(stream, message);
    this.#tell(stream, message);
  }

  #tell(stream: TextStream, message: string): void {
    for (const client of this.clients) offerText(client, stream, message);
  }
}

function text(message: LiveText): string {
  return JSON.stringify(message);
}
