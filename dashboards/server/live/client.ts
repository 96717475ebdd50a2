import type { WebSocket } from 'ws';
import { type LiveVan, packLiveFrame } from '../../../schemas/live.ts';
import type { FleetLive, TextStream } from './fleet-live.ts';

/** Bytes waiting for one page beyond which it gets nothing new until it has read some. */
export const congestedAt = 256 * 1024;

/** One page that watches. What it could not take is remembered as names, never as bytes. */
export type LiveClient = {
  readonly socket: WebSocket;
  /** When its session ends, an instant. */
  readonly sessionEnds: number;
  /** Vans that moved while it was congested: it gets their newest state later. */
  readonly owedVans: Set<number>;
  readonly owedTexts: Set<TextStream>;
  /** Whether it has answered the last ping. */
  isAlive: boolean;
};

export function liveClient(socket: WebSocket, sessionEnds: number): LiveClient {
  return { socket, sessionEnds, owedVans: new Set(), owedTexts: new Set(), isAlive: true };
}

function isCongested({ socket }: LiveClient): boolean {
  return socket.bufferedAmount > congestedAt;
}

/** Sends one tick, or everything owed with it, or notes that it is owed. */
export function offerFrame(
  client: LiveClient,
  fleet: FleetLive,
  tick: { readonly vanIds: readonly number[]; readonly bytes: Uint8Array },
): void {
  if (!isCongested(client) && client.owedVans.size === 0) {
    client.socket.send(tick.bytes);
    return;
  }
  for (const vanId of tick.vanIds) client.owedVans.add(vanId);
  settle(client, fleet);
}

/** Sends a text of a stream; a congested page gets the stream's whole state later instead. */
export function offerText(client: LiveClient, stream: TextStream, text: string): void {
  if (isCongested(client) || client.owedTexts.has(stream)) client.owedTexts.add(stream);
  else client.socket.send(text);
}

/** Gives a page what it is owed, as it is now, once it can take it. */
export function settle(client: LiveClient, fleet: FleetLive): void {
  if (isCongested(client)) return;
  if (client.owedVans.size > 0) {
    const vans = [...client.owedVans].flatMap((vanId): LiveVan[] => {
      const van = fleet.vans.get(vanId);
      return van ? [van] : [];
    });
    client.owedVans.clear();
    client.socket.send(packLiveFrame({ tick: fleet.tick, clock: fleet.clock, vans }));
  }
  for (const stream of client.owedTexts) {
    if (isCongested(client)) return;
    client.owedTexts.delete(stream);
    client.socket.send(fleet.wholeText(stream));
  }
}

/** What a page sees first: every van, and the whole of every stream. */
export function welcome(client: LiveClient, fleet: FleetLive, streams: readonly TextStream[]): void {
  client.socket.send(packLiveFrame({ tick: fleet.tick, clock: fleet.clock, vans: [...fleet.vans.values()] }));
  for (const stream of streams) client.owedTexts.add(stream);
  settle(client, fleet);
}
