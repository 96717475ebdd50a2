import { expect, test } from 'vitest';
import { silentLog } from '../schemas/program.ts';
import { backOff, createSupervisor, type Running, type Unit } from './supervisor.ts';

/** A unit whose ends are ours to decide. */
function unit(
  name: string,
  history: string[],
): Unit & { readonly crash: () => void; starts: number; fails: number } {
  let end: (how: string) => void = () => {};
  const made = {
    name,
    starts: 0,
    fails: 0,
    crash: () => end('it ended with SIGKILL'),
    start: async (): Promise<Running> => {
      made.starts++;
      if (made.fails > 0) {
        made.fails--;
        throw new Error('cannot start');
      }
      history.push(`${name} starts`);
      const exited = new Promise<string>((done) => {
        end = done;
      });
      const stop = async () => {
        history.push(`${name} stops`);
        end('it ended with code 0');
      };
      return { pid: made.starts, exited, stop, kill: made.crash };
    },
  };
  return made;
}

const happens = async (condition: () => boolean) => {
  await expect.poll(condition, { timeout: 5000, interval: 5 }).toBe(true);
};

test('createSupervisor() stops in the reverse of the order in which units were added', async () => {
  const history: string[] = [];
  const supervisor = createSupervisor(silentLog);
  for (const name of ['database', 'ingest', 'simulator']) await supervisor.add(unit(name, history));
  expect(supervisor.pids()).toEqual({ database: 1, ingest: 1, simulator: 1 });
  await supervisor.stop();
  expect(history.slice(3)).toEqual(['simulator stops', 'ingest stops', 'database stops']);
  expect(supervisor.pids()).toEqual({});
});

test('createSupervisor() starts no process again that ends while another is being stopped', async () => {
  const history: string[] = [];
  const supervisor = createSupervisor(silentLog);
  const database = unit('database', history);
  await supervisor.add(database);
  const slow: Unit = {
    name: 'slow',
    start: async () => {
      const running = await unit('slow', history).start(new AbortController().signal);
      const stop = async () => {
        database.crash();
        await new Promise((done) => setTimeout(done, 2 * backOff(0, 0)));
        await running.stop();
      };
      return { ...running, stop };
    },
  };
  await supervisor.add(slow);
  await supervisor.stop();
  expect(database.starts).toBe(1);
});

test('createSupervisor() does not wait for a start that has no end, when it stops', async () => {
  const supervisor = createSupervisor(silentLog);
  const start = (signal: AbortSignal) =>
    new Promise<Running>((_, fail) => signal.addEventListener('abort', () => fail(new Error('given up'))));
  const added = supervisor.add({ name: 'endless', start });
  await Promise.all([expect(added).rejects.toThrow('given up'), supervisor.stop()]);
});

test('createSupervisor() starts a process again, when it has crashed and its next start fails', async () => {
  let changes = 0;
  const supervisor = createSupervisor(silentLog, () => changes++);
  const engine = unit('engine', []);
  await supervisor.add(engine);
  engine.fails = 1;
  engine.crash();
  await happens(() => changes === 1);
  expect(engine.starts).toBe(3);
  expect(supervisor.pids()).toEqual({ engine: 3 });
  await supervisor.stop();
  expect(engine.starts).toBe(3);
});

test('createSupervisor() does not start again what is to stop, when it waits to do so', async () => {
  const warned: string[] = [];
  const supervisor = createSupervisor({ ...silentLog, warn: (_, event) => warned.push(event) });
  const engine = unit('engine', []);
  await supervisor.add(engine);
  engine.crash();
  await happens(() => warned.length === 1);
  await supervisor.stop();
  expect(engine.starts).toBe(1);
});

test('createSupervisor() passes on why a first start failed, and still stops the others', async () => {
  const history: string[] = [];
  const supervisor = createSupervisor(silentLog);
  const broken = unit('web', history);
  broken.fails = 1;
  await supervisor.add(unit('ingest', history));
  await expect(supervisor.add(broken)).rejects.toThrow('cannot start');
  await supervisor.stop();
  expect(history).toEqual(['ingest starts', 'ingest stops']);
});

test('backOff() doubles up to a bound, and begins anew after a healthy run', () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 7].reduce<number[]>((all) => [...all, backOff(all.at(-1) ?? 0, 0)], []);
  expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  expect(backOff(15_000, 60_000)).toBe(250);
});
