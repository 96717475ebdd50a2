import pino from 'pino';
import type { Log, ProgramContext } from '../schemas/program.ts';
import type { CommandIo } from './command.ts';
import type { Config } from './config.ts';
import { type FiguresAnswer, type FiguresRequest, type KeptMetrics, openMetrics } from './metrics.ts';

/** What a supervised process tells its supervisor. */
export type ReadyMessage = { readonly kind: 'ready'; readonly facts: Record<string, string | number> };

/** JSON lines on stdout: the supervisor keeps them in a file, a person reads them as they are. */
export function createLog(name: string, level: Config['logLevel']): Log {
  return pino({ name, level, base: { name } }, pino.destination({ dest: 1, sync: true }));
}

/** What a long-running process of ours gets, whether it runs alone or under the supervisor. */
export function programContext(
  name: string,
  config: Config,
  io: CommandIo,
): ProgramContext & { readonly metrics: KeptMetrics } {
  const metrics = openMetrics(name);
  answerSupervisor(metrics);
  const log = createLog(name, config.logLevel);
  let said = false;
  return {
    signal: io.signal,
    log,
    now: io.now,
    metrics,
    ready: (facts) => {
      if (said) return;
      said = true;
      log.info(facts, 'ready');
      const message: ReadyMessage = { kind: 'ready', facts };
      process.send?.(message);
    },
  };
}

function answerSupervisor(metrics: KeptMetrics): void {
  process.on('message', async ({ kind }: FiguresRequest) => {
    if (kind !== 'figures?') return;
    const answer: FiguresAnswer = { kind: 'figures', figures: await metrics.figures() };
    if (process.connected) process.send?.(answer);
  });
}
