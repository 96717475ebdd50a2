import { createServer } from 'node:net';
import { Fault } from '../../schemas/fault.ts';

/** A port that is free now. Another program may take it before it is used; whoever uses it retries. */
export async function freePort(host: string, who = 'a server of ours'): Promise<number> {
  return listenOnce(host, 0).catch((cause) => {
    throw addressFault(host, who, cause);
  });
}

/** Throws when `port` of `host` cannot be listened on, with why; `who` is to listen there. */
export async function checkPort(host: string, port: number, who: string): Promise<void> {
  try {
    await listenOnce(host, port);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw addressFault(host, who, cause);
    const why = code === 'EACCES' ? 'may not be used by this user' : 'is in use by another program';
    throw new Fault('port/taken', `port ${port} on ${host}, where ${who} is to listen, ${why}`, { cause });
  }
}

function addressFault(host: string, who: string, cause: unknown): Fault {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Fault(
    'config/invalid',
    `${host}, where ${who} is to listen, is no address of this machine (${why})`,
    { cause },
  );
}

async function listenOnce(host: string, port: number): Promise<number> {
  const server = createServer();
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen({ host, port, exclusive: true }, done);
  });
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === 'object' && address !== null ? address.port : port;
}
