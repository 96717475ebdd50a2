// The entry of every process of ours: `node dist/platform/cli.js <verb> …`. Effects at import.
import type { CommandIo } from './command.ts';
import { readEnvironment } from './config.ts';
import { runCli } from './verbs.ts';

/** How long a process may take to end once nobody is there to wait for it. */
const ORPHAN_MS = 5_000;

const stop = new AbortController();
const supervised = process.send !== undefined;

/** One Ctrl-C can arrive twice: from the terminal, and passed on by npm. */
const SAME_PRESS_MS = 700;

let pressedAt = Number.NEGATIVE_INFINITY;
const end = () => {
  const pressed = performance.now();
  // The second Ctrl-C: whoever presses it twice does not want to wait.
  if (stop.signal.aborted && pressed - pressedAt > SAME_PRESS_MS) process.exit(130);
  pressedAt = pressed;
  stop.abort();
};
// Ctrl-C reaches the whole terminal group; under a supervisor it is the supervisor that says when.
process.on('SIGINT', supervised ? () => {} : end);
process.on('SIGTERM', supervised ? () => stop.abort() : end);
process.once('disconnect', () => {
  stop.abort();
  setTimeout(() => process.exit(1), ORPHAN_MS).unref();
});
// A reader that has gone (`| head`, a dead supervisor) is no reason to crash.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const io: CommandIo = {
  stdout: (line) => process.stdout.write(`${line}\n`),
  stderr: (line) => process.stderr.write(`${line}\n`),
  environment: readEnvironment(),
  signal: stop.signal,
  now: () => Date.now() / 1000,
};

process.exitCode = await runCli(process.argv.slice(2), io);
// The channel to the supervisor would keep us alive.
if (process.connected) process.disconnect();
