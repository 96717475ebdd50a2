import mqtt from 'mqtt';
import type { EngineStore } from '../schemas/engine-store.ts';
import { asError } from '../schemas/fault.ts';
import { noMetrics } from '../schemas/metrics.ts';
import type { Log, ProgramContext } from '../schemas/program.ts';
import { liveTopic } from '../schemas/topics.ts';
import { Engine, type Step } from './engine.ts';
import type { LiveOutput } from './live.ts';
import { inline } from './pool/inline.ts';
import { openPool } from './pool/pool.ts';

export type EngineConfig = {
  /** Where results go live; the tables are kept whether or not anyone listens. */
  readonly mqtt: { readonly url: string; readonly username: string; readonly password: string } | undefined;
  /** Threads for folding and searching; with 0 or 1 all is done in this one. */
  readonly threads: number;
};

/**
 * Node's flags for the engine's process: what a minute's paces leave behind then dies young, instead of being
 * copied into a heap of plans and states that is searched for it.
 */
export const engineNodeFlags = ['--max-semi-space-size=64'];

/** Fixes taken from the log at once: big enough to catch up fast, small enough to stay live. */
const GULP_FIXES = 20_000;
/** Tasks that may wait for a thread. */
const QUEUE_MAX = 64;
/** Late vehicles are derived again in groups, once a second, or as soon as so many of them wait. */
const REDERIVE_FROM = 250;
/** Vehicles derived again between two gulps; fewer while the log holds more, so as not to hold up the live. */
const REDERIVE_MAX = 500;
const REDERIVE_BEHIND = 50;
const TICK_MS = 1000;
/**
 * Rest after each gulp, so that many small commits become one: what a gulp costs whatever it holds (a dozen
 * round trips) is then shared by more fixes, and what is seen is no later than the next tick.
 */
const REST_MS = 200;
/** Attempts to go on from the tables before the process gives up and is started anew. */
const ATTEMPTS = 8;
const RETRY_MS = 500;

/**
 * The engine's process: follows the log until `signal` aborts. Whatever fails (the database going
 * away, a commit refused), it forgets what it holds and starts again from the tables.
 */
export async function runEngine(
  { mqtt: broker, threads }: EngineConfig,
  store: EngineStore,
  context: ProgramContext,
): Promise<void> {
  const { metrics = noMetrics } = context;
  await using pool = threads > 1 ? openPool({ threads, queueMax: QUEUE_MAX, metrics }) : undefined;
  await using live = openLive(broker, context.log);
  const options = { run: pool?.run ?? inline, threads, gulpFixes: GULP_FIXES, now: context.now };
  for (let failures = 0; !context.signal.aborted; ) {
    try {
      const engine = await Engine.open(store, options);
      context.ready({ threads, fleets: engine.world.fleets.length, fences: engine.fenceCount });
      await follow(engine, store, context, (step) => {
        failures = 0;
        live.publish(engine, step.outputs);
      });
    } catch (error) {
      if (context.signal.aborted) return;
      failures++;
      metrics.count('paceline_engine_restarts_total');
      if (failures >= ATTEMPTS) throw error;
      context.log.warn({ error: asError(error).message, failures }, 'engine starts again from the tables');
      const restMs = RETRY_MS * 2 ** failures;
      await store.wait(restMs, context.signal, restMs);
    }
  }
}

/** The loop: batches as they come, late vehicles in between, a tick each second. */
async function follow(
  engine: Engine,
  store: EngineStore,
  { signal, now, metrics = noMetrics }: ProgramContext,
  report: (step: Step) => void,
): Promise<void> {
  let tickAt = 0;
  while (!signal.aborted) {
    const begun = performance.now();
    const step = await engine.advance();
    if (step.fixCount > 0) {
      metrics.count('paceline_engine_fixes_total', step.fixCount);
      metrics.observe('paceline_engine_advance_seconds', (performance.now() - begun) / 1000);
    }
    metrics.set('paceline_engine_late_vehicles', engine.lateCount);
    report(step);
    const wall = now() * 1000;
    const isTick = wall >= tickAt || wall < tickAt - 2 * TICK_MS;
    if (isTick) {
      tickAt = wall + TICK_MS;
      report(await engine.tick());
    }
    if (isTick || step.fixCount === 0 || engine.lateCount >= REDERIVE_FROM) {
      report(await engine.rederive(step.hasMore ? REDERIVE_BEHIND : REDERIVE_MAX));
    }
    if (step.hasMore || engine.lateCount >= REDERIVE_FROM) continue;
    const untilTick = Math.max(1, Math.min(TICK_MS, tickAt - now() * 1000));
    await store.wait(untilTick, signal, step.fixCount > 0 ? Math.min(REST_MS, untilTick) : 0);
  }
}

type Live = AsyncDisposable & {
  readonly publish: (engine: Engine, outputs: readonly LiveOutput[]) => void;
};

/** Publishes at QoS 0 while the broker is there, and drops what it cannot take: the tables know. */
function openLive(broker: EngineConfig['mqtt'], log: Log): Live {
  if (!broker) return { publish() {}, async [Symbol.asyncDispose]() {} };
  const { url, username, password } = broker;
  const client = mqtt.connect(url, {
    username,
    password,
    clientId: `paceline-engine-${Math.random().toString(36).slice(2, 10)}`,
    reconnectPeriod: 1000,
    connectTimeout: 10_000,
    queueQoSZero: false,
    resubscribe: false,
  });
  let saidAway = false;
  let isClosing = false;
  client.on('connect', () => {
    saidAway = false;
    log.info({ url }, 'live topics connected');
  });
  const away = (error?: Error) => {
    if (!saidAway && !isClosing)
      log.warn({ url, error: error?.message }, 'broker is away; the tables are kept');
    saidAway = true;
  };
  client.on('error', away);
  client.on('close', () => away());
  return {
    publish({ world }, outputs) {
      if (!client.connected) return;
      for (const { fleetId, stream, payload } of outputs) {
        const fleet = world.fleets.find(({ id }) => id === fleetId);
        if (!fleet) continue;
        const bytes = typeof payload === 'string' ? payload : Buffer.from(payload);
        client.publish(liveTopic(fleet.name, stream), bytes, { qos: 0 });
      }
    },
    async [Symbol.asyncDispose]() {
      isClosing = true;
      await client.endAsync(true).catch(() => {});
    },
  };
}
