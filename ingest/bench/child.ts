import { type ChildProcess, fork } from 'node:child_process';
import { ingestNodeFlags } from '../config.ts';

/** A process of the bench, spoken to by messages; ended when closed. */
export type Child = AsyncDisposable & {
  readonly pid: number;
  /** Sends a message and resolves to the next one back. */
  readonly ask: <Answer>(question: unknown) => Promise<Answer>;
};

type Ready = { readonly kind: 'ready'; readonly facts: { readonly port?: number } };

/** Starts a file of this folder; `first` is sent to it if given, and it answers when it is ready. */
export async function startChild(name: string, first?: unknown): Promise<Child & { readonly port: number }> {
  const isSource = import.meta.url.endsWith('.ts');
  const file = new URL(`./${name}.${isSource ? 'ts' : 'js'}`, import.meta.url);
  const child = fork(file, {
    execArgv: [...ingestNodeFlags, ...(isSource ? ['--import', 'tsx'] : [])],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ready = answerOf<Ready>(child);
  if (first !== undefined) child.send(first as object);
  const { facts } = await ready;
  return {
    port: facts.port ?? 0,
    pid: child.pid ?? 0,
    ask: <Answer>(question: unknown) => {
      const answer = answerOf<Answer>(child);
      child.send(question as object);
      return answer;
    },
    [Symbol.asyncDispose]: () => close(child),
  };
}

function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`a process of the bench ended with ${code}`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message as Answer);
    });
  });
}

async function close(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.disconnect();
  const impatient = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(impatient);
}
