import { asError, Fault } from '../schemas/fault.ts';
import type { Command, CommandIo } from './command.ts';

/** Every verb, in the order of the list that `--help` prints. */
export const verbs = [
  'start',
  'simulate',
  'replay',
  'membership',
  'fences',
  'fleet',
  'rederive',
  'devices',
  'backup',
  'restore',
  'forget',
  'storage',
  'solve',
  'bench',
  'doctor',
  'kills',
  'load',
  'runs',
  'postgres',
  'clickhouse',
  'ingest',
  'engine',
  'feed',
  'web',
] as const;

export type Verb = (typeof verbs)[number];

/** Other words for the same: the process is called simulator, the npm script simulate. */
const synonyms: Readonly<Record<string, Verb>> = { simulator: 'simulate' };

/** Loads only what the verb needs: `membership` must not wait for a web server to be read. */
export async function loadCommand(verb: Verb): Promise<Command> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const file = new URL(`./commands/${verb}.${extension}`, import.meta.url);
  const loaded: { readonly command: Command } = await import(file.href);
  return loaded.command;
}

/** Runs one command line (without node and script) and returns the exit code. */
export async function runCli(args: string[], io: CommandIo): Promise<number> {
  const [word = 'help', ...rest] = args;
  if (word === 'help' || word === '--help' || word === '-h') {
    io.stdout(await overview());
    return 0;
  }
  const verb = synonyms[word] ?? verbs.find((known) => known === word);
  try {
    if (verb === undefined) {
      throw new Fault('config/invalid', `“${word}” is no command; known are ${verbs.join(', ')}`);
    }
    const command = await loadCommand(verb);
    if (rest.includes('--help') || rest.includes('-h')) {
      io.stdout(command.usage);
      return 0;
    }
    return await command.run(rest, io);
  } catch (thrown) {
    if (thrown instanceof Fault) {
      io.stderr(`paceline: ${thrown.sentence}`);
      return thrown.exitCode;
    }
    const error = asError(thrown);
    io.stderr(`paceline: ${word} failed, which is a fault of ours: ${error.stack ?? error.message}`);
    return 10;
  }
}

async function overview(): Promise<string> {
  const lines = await Promise.all(
    verbs.map(async (verb) => `  ${verb.padEnd(11)} ${(await loadCommand(verb)).summary}`),
  );
  return [
    'Usage: paceline <command> [flags]',
    '',
    ...lines,
    '',
    '`paceline <command> --help` says more.',
  ].join('\n');
}
