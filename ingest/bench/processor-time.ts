import { readdir, readFile } from 'node:fs/promises';
import type { ClientBase } from 'pg';

/** Clock ticks a second in /proc on every Linux that Node runs on (USER_HZ, proc(5)). */
const TICKS = 100;

type Process = { readonly parent: number; readonly seconds: number };

/**
 * Processor seconds that each of these processes and all below it have used, those that ended
 * included; undefined where there is no /proc.
 */
export async function processorSeconds(roots: readonly number[]): Promise<readonly number[] | undefined> {
  const processes = await readProcesses();
  if (processes === undefined) return undefined;
  return roots.map((root) => {
    const tree = [root];
    for (const pid of tree) {
      for (const [child, { parent }] of processes) if (parent === pid) tree.push(child);
    }
    return tree.reduce((sum, pid) => sum + (processes.get(pid)?.seconds ?? 0), 0);
  });
}

/** The process that all of a local PostgreSQL's others descend from; undefined: it is not on this machine. */
export async function postmasterOf(client: ClientBase): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const backend = rows[0]?.pid ?? 0;
  const name = await readFile(`/proc/${backend}/comm`, 'utf8').catch(() => '');
  if (!name.startsWith('postgres')) return undefined;
  return (await readProcesses())?.get(backend)?.parent;
}

async function readProcesses(): Promise<ReadonlyMap<number, Process> | undefined> {
  const names = await readdir('/proc').catch(() => []);
  const found = new Map<number, Process>();
  for (const pid of names.map(Number).filter(Number.isInteger)) {
    const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    if (line !== '') found.set(pid, processOf(line));
  }
  return found.size === 0 ? undefined : found;
}

/** Fields 4 (parent) and 14 to 17 (own and waited-for children's user and system time) of proc(5). */
function processOf(line: string): Process {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const ticks = [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i]), 0);
  return { parent: Number(fields[1]), seconds: ticks / TICKS };
}
