// The process that holds chDB: it can crash, or be killed, without taking anything else with it.
// Its parent says by IPC where and how; it ends with its parent.
import type { AddressInfo } from 'node:net';
import { asError } from '../../schemas/fault.ts';
import { createClickhouseServer } from './clickhouse-http.ts';

export type ClickhouseOrder = {
  readonly folder: string;
  readonly port: number;
  readonly password: string;
  readonly memoryBytes: number;
};

export type ClickhouseReply =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'missing' | 'failed'; readonly why: string };

const reply = (message: ClickhouseReply) => process.send?.(message);

async function serve(order: ClickhouseOrder): Promise<void> {
  const chdb = await import('chdb').catch((thrown) => {
    reply({ kind: 'missing', why: asError(thrown).message });
  });
  if (!chdb) return;
  const connectionArgs = [`--max_server_memory_usage=${order.memoryBytes}`, '--mark_cache_size=268435456'];
  const open = () => new chdb.Session(order.folder, { connectionArgs });
  const { server, close } = createClickhouseServer({ open, password: order.password });
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen({ host: '127.0.0.1', port: order.port }, done);
  });
  reply({ kind: 'ready', port: (server.address() as AddressInfo).port });
  process.once('SIGTERM', () => {
    close();
    // What runs is waited for; a query that does not end must not keep the platform from stopping.
    void chdb.drainPending().then(() => process.exit(0));
    setTimeout(() => process.exit(0), 10_000).unref();
  });
}

process.once('message', (order: ClickhouseOrder) => {
  serve(order).catch((thrown) => {
    reply({ kind: 'failed', why: asError(thrown).message });
    process.disconnect();
  });
});
process.once('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole terminal group; the parent decides when we stop.
process.on('SIGINT', () => {});
