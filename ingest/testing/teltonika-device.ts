import { connect, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';

/** A Teltonika device on its socket, as its protocol has it: every answer in its turn. */
export type TeltonikaDevice = AsyncDisposable & {
  readonly send: (bytes: Uint8Array) => void;
  /** The next `count` bytes that the server sends; rejects when it ends before. */
  readonly read: (count: number) => Promise<Buffer>;
  readonly ended: Promise<void>;
};

/** Over TLS, when it has certificates to trust (`ca`, PEM). */
export async function dial(url: string, ca?: string): Promise<TeltonikaDevice> {
  const { hostname, port } = new URL(url);
  const socket: Socket =
    ca === undefined
      ? connect(Number(port), hostname)
      : connectSecurely({ host: hostname, port: Number(port), ca: [ca] });
  let received = Buffer.alloc(0);
  let isEnded = false;
  let wake: () => void = () => {};
  socket.on('data', (bytes) => {
    received = Buffer.concat([received, bytes]);
    wake();
  });
  const ended = new Promise<void>((resolve) => {
    socket.once('close', () => {
      isEnded = true;
      wake();
      resolve();
    });
  });
  socket.on('error', () => {});
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return {
    send: (bytes) => void socket.write(bytes),
    read: async (count) => {
      while (received.length < count) {
        if (isEnded) throw new Error(`the server ended after ${received.length} of ${count} bytes`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const taken = received.subarray(0, count);
      received = received.subarray(count);
      return taken;
    },
    ended,
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
      await ended;
    },
  };
}
