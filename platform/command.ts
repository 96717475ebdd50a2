import { type ParseArgsConfig, parseArgs } from 'node:util';
import { asError, Fault } from '../schemas/fault.ts';
import type { Environment } from './config.ts';

/** What a command gets from the terminal it runs in. */
export type CommandIo = {
  /** Prints a line that is the result of the command. */
  readonly stdout: (line: string) => void;
  /** Prints a line for the person who waits. */
  readonly stderr: (line: string) => void;
  readonly environment: Environment;
  /** Aborts at the first Ctrl-C or SIGTERM, or when the process that started us is gone. */
  readonly signal: AbortSignal;
  /** The wall clock, an instant. */
  readonly now: () => number;
};

/** One verb: `platform/commands/<verb>.ts` exports one as `command`. */
export type Command = {
  /** Half a sentence for the list of verbs. */
  readonly summary: string;
  /** All of `--help`. */
  readonly usage: string;
  /** The exit code; a `Fault` thrown becomes its sentence and exit code. */
  readonly run: (args: string[], io: CommandIo) => Promise<number>;
};

type Options = NonNullable<ParseArgsConfig['options']>;

/** Flags and positionals by `node:util` parseArgs, where what is not known is a fault with a sentence. */
export function parseCommandLine<O extends Options>(args: string[], options: O, positionals = false) {
  try {
    return parseArgs({ args, options, allowPositionals: positionals, strict: true });
  } catch (thrown) {
    // Node's sentence names the flag first and then explains how to escape it, which is beside the point.
    const [sentence = ''] = asError(thrown).message.split('. To specify');
    throw new Fault('config/invalid', `${sentence.replace(/\.$/, '')} (--help lists what is known)`);
  }
}

/** A duration such as `60s`, `90m`, `1.5h`, `250ms` in seconds. */
export function parseDuration(text: string, flag: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  if (amount === undefined) {
    throw new Fault('config/invalid', `${flag} must be a duration such as 60s or 5m, not “${text}”`);
  }
  return Number(amount) * { ms: 0.001, s: 1, m: 60, h: 3600 }[(unit ?? 's') as 'ms' | 's' | 'm' | 'h'];
}
