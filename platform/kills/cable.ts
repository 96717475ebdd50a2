import { connect, createServer, type Socket } from 'node:net';

/** A way to a server that can be cut while both ends live on. */
export type Cable = AsyncDisposable & {
  readonly port: number;
  /** Breaks every connection and refuses new ones for `ms`. */
  readonly cut: (ms: number) => void;
};

/** A TCP proxy on a port of its own to a port of this machine. */
export async function openCable(port: number): Promise<Cable> {
  const sockets = new Set<Socket>();
  let cutUntil = 0;
  const server = createServer((near) => {
    if (performance.now() < cutUntil) return void near.destroy();
    const far = connect(port, '127.0.0.1');
    near.pipe(far).pipe(near);
    for (const [socket, other] of [[near, far] as const, [far, near] as const]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut: (ms) => {
      cutUntil = performance.now() + ms;
      breakAll();
    },
    [Symbol.asyncDispose]: async () => {
      breakAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
