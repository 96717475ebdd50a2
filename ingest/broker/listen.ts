import type { Server } from 'node:net';
import { Fault } from '../../schemas/fault.ts';

/** Where a server listens; port 0: any free one. */
export type Listen = { readonly host: string; readonly port: number };

/** Listens, and says on which port; throws a Fault that names what could not (`what`: “MQTT”). */
export async function listen(server: Server, { host, port }: Listen, what: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException) => {
      const isTaken = cause.code === 'EADDRINUSE';
      reject(
        isTaken
          ? new Fault('port/taken', `${what} port ${port} on ${host} is taken`, { cause })
          : new Fault('config/invalid', `cannot listen on ${host}:${port}: ${cause.message}`, { cause }),
      );
    };
    server.once('error', refuse);
    server.listen({ host, port, backlog: 1_024 }, () => {
      server.off('error', refuse);
      resolve();
    });
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
