import { once } from 'node:events';
import { WebSocket } from 'ws';
import { type LiveVan, unpackLiveFrame } from '../../schemas/live.ts';
import type { LiveText } from '../api.ts';

/** A page that watches: keeps what it was sent, and waits for what it should be. */
export type Watcher = {
  readonly socket: WebSocket;
  readonly frames: LiveVan[][];
  readonly texts: LiveText[];
  /** Everything, as text, to look for what must not be there. */
  readonly everything: () => string;
  /** Resolves once it holds; the test's own timeout says when it never does. */
  readonly until: (holds: () => boolean) => Promise<void>;
};

export async function watch(url: string, headers: Record<string, string>): Promise<Watcher> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/live`, { headers });
  const frames: LiveVan[][] = [];
  const texts: LiveText[] = [];
  const waiting = new Set<() => void>();
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) frames.push([...(unpackLiveFrame(data)?.vans ?? [])]);
    else texts.push(JSON.parse(data.toString('utf8')));
    for (const look of waiting) look();
  });
  await once(socket, 'open');
  const until = (holds: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!holds()) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return { socket, frames, texts, everything: () => JSON.stringify({ frames, texts }), until };
}
