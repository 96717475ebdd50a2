import type { IngestConfig } from '../config.ts';
import { runIngest } from '../main.ts';

/** Broker and ingest in a process of their own, as in production. The configuration comes as a message. */
const stopping = new AbortController();
const report = (fields: object, event: string) => console.error(event, JSON.stringify(fields));

process.once('message', (config: IngestConfig) => {
  runIngest(config, {
    signal: stopping.signal,
    log: { info() {}, warn: report, error: report },
    now: () => Date.now() / 1000,
    ready: ({ mqtt = '' }) => {
      process.send?.({ kind: 'ready', facts: { port: Number(new URL(String(mqtt)).port) } });
    },
  }).then(
    () => process.exit(0),
    (error) => {
      report({ reason: String(error) }, 'ingest failed');
      process.exit(1);
    },
  );
});
process.on('message', (message) => {
  if (message === 'usage') process.send?.({ kind: 'usage', usage: process.cpuUsage() });
});
process.on('disconnect', () => stopping.abort());
