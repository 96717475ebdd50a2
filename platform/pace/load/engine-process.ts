import { runEngine } from '../../../engine/main.ts';
import { silentLog } from '../../../schemas/program.ts';
import { openEngineStore } from '../../store/engine-store.ts';

/** What the bench tells the engine's process to begin with. */
export type EngineJob = {
  readonly databaseUrl: string;
  readonly mqttPort: number;
  readonly threads: number;
  /** The engine's wall clock: `from` at the instant `zero` of the real one, and so many times as fast. */
  readonly clock: { readonly from: number; readonly zero: number; readonly speed: number };
};

export type EngineUse = {
  /** User and system CPU of the process with all its threads, microseconds. */
  readonly cpu: number;
  readonly rss: number;
};

/** The engine alone in a process, as `paceline engine` runs it, with a clock that may run faster. */
const stop = new AbortController();
process.on('disconnect', () => stop.abort());
process.once('message', (job: EngineJob) => {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    const use: EngineUse = { cpu: user + system, rss: process.memoryUsage.rss() };
    process.send?.(use);
  });
  void run(job);
});

async function run({ databaseUrl, mqttPort, threads, clock }: EngineJob): Promise<void> {
  await using store = await openEngineStore(databaseUrl);
  const { wait } = store;
  const hurried: typeof wait = (timeoutMs, signal, leastMs = 0) =>
    wait(timeoutMs / clock.speed, signal, leastMs / clock.speed);
  await runEngine(
    {
      mqtt: { url: `mqtt://127.0.0.1:${mqttPort}`, username: 'service', password: 'unused' },
      threads,
    },
    { ...store, wait: hurried },
    {
      signal: stop.signal,
      log: { ...silentLog, warn: (fields, event) => console.error(event, fields) },
      now: () => clock.from + (Date.now() / 1000 - clock.zero) * clock.speed,
      ready: () => process.send?.('ready'),
    },
  );
}
