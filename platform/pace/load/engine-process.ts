import { runEngine } from '../../../engine/main.ts';
import { silentLog } from '../../../schemas/program.ts';
import { openEngineStore } from '../../store/engine-store.ts';

/** What the bench tells the engine's process to begin with. */
export type EngineJob = {
  readonly databaseUrl: string;
  readonly mqttPort: number;
  readonly threads: number;
  /** The engine's wall clock begins at `from` and runs so many times as fast as the real one. */
  readonly clock: { readonly from: number; readonly speed: number };
};

/** How far the load has come, seconds since its beginning: the clock never runs ahead of it by more than one. */
export type Told = { readonly seconds: number };

export type EngineUse = {
  /** User and system CPU of the process with all its threads, microseconds. */
  readonly cpu: number;
  readonly rss: number;
};

/** The engine alone in a process, as `paceline engine` runs it, with a clock that may run faster. */
const stop = new AbortController();
process.on('disconnect', () => stop.abort());
let told = { seconds: 0, realAt: Date.now() };
process.once('message', (job: EngineJob) => {
  process.on('message', (message: 'use' | Told) => {
    if (message !== 'use') {
      told = { seconds: message.seconds, realAt: Date.now() };
      return;
    }
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
      now: () => clock.from + told.seconds + Math.min(1, ((Date.now() - told.realAt) / 1000) * clock.speed),
      ready: () => process.send?.('ready'),
    },
  );
}
