import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createSecureServer } from 'node:tls';
import type { Certificates } from '../config.ts';

/** The first byte of a TLS record of a handshake (RFC 8446 §5.1); a Teltonika log-in begins with 0. */
const HANDSHAKE = 0x16;
const FIRST_BYTE_MS = 30_000;

/**
 * A server that speaks TLS with whoever begins so, and plainly with the rest: devices are changed over one
 * by one, on the port they know.
 */
export function eitherServer(tls: Certificates | undefined, take: (socket: Socket) => void): Server {
  if (tls === undefined) return createServer(take);
  const { cert, key } = tls;
  const secure = createSecureServer({ cert, key, minVersion: 'TLSv1.2' }, take);
  // A handshake that fails is the affair of who began it.
  secure.on('tlsClientError', () => {});
  return createServer((socket) => {
    const drop = () => socket.destroy();
    socket.on('error', drop);
    socket.setTimeout(FIRST_BYTE_MS, drop);
    socket.once('data', (first: Buffer) => {
      socket.off('timeout', drop);
      socket.setTimeout(0);
      socket.pause();
      socket.unshift(first);
      if (first[0] === HANDSHAKE) secure.emit('connection', socket);
      else {
        take(socket);
        socket.resume();
      }
    });
  });
}
