import { expect, test } from 'vitest';
import { Fault } from '../schemas/fault.ts';
import { type CommandIo, parseCommandLine, parseDuration } from './command.ts';
import { runCli } from './verbs.ts';

function terminal(): { io: CommandIo; out: string[]; complaints: string[] } {
  const out: string[] = [];
  const complaints: string[] = [];
  const io: CommandIo = {
    stdout: (line) => out.push(line),
    stderr: (line) => complaints.push(line),
    environment: {},
    signal: new AbortController().signal,
    now: () => 0,
  };
  return { io, out, complaints };
}

test('runCli() says in a sentence what is wrong and exits with 2, when the command is unknown', async () => {
  const { io, complaints } = terminal();
  expect(await runCli(['strat'], io)).toBe(2);
  expect(complaints).toHaveLength(1);
  expect(complaints[0]).toMatch(/“strat” is no command; known are start.*\[config\/invalid\]/);
});

test('runCli() says in a sentence what is wrong and exits with 2, when a flag is unknown', async () => {
  const { io, complaints } = terminal();
  expect(await runCli(['postgres', '--colour'], io)).toBe(2);
  expect(complaints[0]).toMatch(/--colour.*--help/);
});

test('runCli() prints the usage of a command', async () => {
  const { io, out } = terminal();
  expect(await runCli(['postgres', '--help'], io)).toBe(0);
  expect(out[0]).toMatch(/paceline postgres/);
});

test('parseCommandLine() gives flags and positionals', () => {
  const parsed = parseCommandLine(['--speed', '4', 'file'], { speed: { type: 'string' } }, true);
  expect(parsed.values.speed).toBe('4');
  expect(parsed.positionals).toEqual(['file']);
});

test('parseDuration() reads seconds with and without a unit', () => {
  expect(parseDuration('60s', '--exit-after')).toBe(60);
  expect(parseDuration('1.5m', '--exit-after')).toBe(90);
  expect(parseDuration('250ms', '--exit-after')).toBe(0.25);
  expect(parseDuration('7', '--exit-after')).toBe(7);
  expect(() => parseDuration('soon', '--exit-after')).toThrow(Fault);
});
