import { readdir, readFile } from 'node:fs/promises';

/** What processes used while they were watched. */
export type Usage = {
  readonly cpuSeconds: number;
  /** Most private memory of all of them together, megabytes. */
  readonly memoryMaxMb: number;
};

/** Ticks of proc(5) in a second: USER_HZ, which Linux shows as 100 everywhere. */
const TICKS = 100;

/**
 * Watches a process and all below it from proc(5). Shared memory of a database would count once for
 * each of its processes, so of memory the private part (RssAnon) counts. Undefined where there is no
 * /proc, or no such process.
 */
export async function watchUsage(
  root: number,
  everyMs = 2000,
): Promise<{ stop: () => Promise<Usage | undefined> }> {
  const first = await treeUsage(root);
  let memoryMaxMb = first?.memoryMb ?? 0;
  let cpuTicks = first?.cpuTicks ?? 0;
  const look = async (): Promise<void> => {
    const now = await treeUsage(root);
    if (now === undefined) return;
    memoryMaxMb = Math.max(memoryMaxMb, now.memoryMb);
    // A child that vanished unreaped takes its ticks with it: the sum never goes back here.
    cpuTicks = Math.max(cpuTicks, now.cpuTicks);
  };
  const timer = setInterval(() => void look(), everyMs);
  timer.unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await look();
      if (first === undefined) return undefined;
      return { cpuSeconds: (cpuTicks - first.cpuTicks) / TICKS, memoryMaxMb };
    },
  };
}

async function treeUsage(root: number): Promise<{ cpuTicks: number; memoryMb: number } | undefined> {
  const names = await readdir('/proc').catch(() => []);
  const processes = new Map<number, { readonly parent: number; readonly ticks: number }>();
  for (const pid of names.map(Number).filter(Number.isInteger)) {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    // Counted from the state, which is field 3: parent 4, times 14 and 15, of reaped children 16 and 17.
    const fields = status
      .slice(status.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    if (fields.length < 15) continue;
    const [ticks, parent] = [fields.slice(11, 15).reduce((sum, one) => sum + one, 0), fields[1] ?? 0];
    processes.set(pid, { parent, ticks });
  }
  if (!processes.has(root)) return undefined;
  const tree = [root];
  for (let i = 0; i < tree.length; i++) {
    for (const [pid, { parent }] of processes) if (parent === tree[i]) tree.push(pid);
  }
  let [cpuTicks, memoryMb] = [0, 0];
  for (const pid of tree) {
    cpuTicks += processes.get(pid)?.ticks ?? 0;
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    memoryMb += Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
  }
  return { cpuTicks, memoryMb };
}
