import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../embedded/ports.ts';
import type { FencePeer, PeerRun } from '../geofence/peer.ts';

/** Commands on their way at once. */
const PIPELINE = 2000;

/**
 * Tile38 in memory only, asked over one pipelined connection how many fences a point is in, and given one
 * processor as everybody else. A text that says why, where the program is not there.
 */
export async function openTile38(
  program: string,
  environment: NodeJS.ProcessEnv,
): Promise<FencePeer | string> {
  const folder = await mkdtemp(join(tmpdir(), 'paceline-tile38-'));
  const port = await freePort('127.0.0.1');
  const server = spawn(
    program,
    ['-h', '127.0.0.1', '-p', String(port), '-d', folder, '--appendonly', 'no', '-q'],
    {
      stdio: 'ignore',
      env: { ...environment, GOMAXPROCS: '1' },
    },
  );
  const failed = new Promise<string>((resolve) => server.once('error', ({ message }) => resolve(message)));
  const opened = await Promise.race([failed, connected(port)]);
  const close = async (): Promise<void> => {
    if (server.pid !== undefined && server.exitCode === null) {
      server.kill();
      await once(server, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  };
  if (opened === undefined || typeof opened === 'string') {
    await close();
    return `no Tile38: ${opened ?? 'it does not answer'}`;
  }
  const ask = openPipeline(opened);
  return {
    async prepare(fences) {
      await ask(fences.length, (i) => {
        const { id, shape } = fences[i]!;
        const coordinates = shape.kind === 'polygon' ? shape.polygons : [];
        return ['SET', 'fences', String(id), 'OBJECT', JSON.stringify({ type: 'MultiPolygon', coordinates })];
      });
    },
    async count(points): Promise<PeerRun> {
      const from = performance.now();
      const hits = await ask(points.length / 2, (i) => {
        const [lng, lat] = [String(points[2 * i]), String(points[2 * i + 1])];
        return ['INTERSECTS', 'fences', 'LIMIT', '1000', 'COUNT', 'BOUNDS', lat, lng, lat, lng];
      });
      return { hits, ms: performance.now() - from };
    },
    async [Symbol.asyncDispose]() {
      opened.destroy();
      await close();
    },
  };
}

async function connected(port: number): Promise<Socket | undefined> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    try {
      await once(socket, 'connect');
      return socket;
    } catch {
      await pause(50);
    }
  }
  return undefined;
}

/** Sends commands (RESP, https://redis.io/docs/latest/develop/reference/protocol-spec/) and adds up the integers that come back. */
function openPipeline(socket: Socket) {
  return async (count: number, command: (i: number) => readonly string[]): Promise<number> => {
    let [sent, answered, sum] = [0, 0, 0];
    let rest = '';
    const send = (): void => {
      let text = '';
      for (; sent < count && sent - answered < PIPELINE; sent++) {
        const words = command(sent);
        text += `*${words.length}\r\n`;
        for (const word of words) text += `$${Buffer.byteLength(word)}\r\n${word}\r\n`;
      }
      if (text !== '') socket.write(text);
    };
    return await new Promise((resolve, reject) => {
      const read = (chunk: Buffer): void => {
        const lines = (rest + chunk.toString('latin1')).split('\r\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          if (line.startsWith('-')) {
            done(() => reject(new Error(`Tile38 says ${line.slice(1)}`)));
            return;
          }
          if (line.startsWith(':')) sum += Number(line.slice(1));
          if (line.startsWith(':') || line.startsWith('+')) answered++;
        }
        if (answered === count) done(() => resolve(sum));
        else if (sent - answered <= PIPELINE / 2) send();
      };
      const done = (then: () => void): void => {
        socket.off('data', read);
        then();
      };
      socket.on('data', read);
      send();
    });
  };
}
