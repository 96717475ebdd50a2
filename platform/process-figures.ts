import { readdirSync, readFileSync } from 'node:fs';

/** What a process and its children use: memory without what they share, and processor time so far. */
export type ProcessUse = { readonly megabytes: number; readonly cpuSeconds: number };

/** How one process behaved over a run. */
export type ProcessFigures = {
  /** Resident memory at each sample, MB; of PostgreSQL without its shared buffers. */
  readonly megabytes: readonly number[];
  /** Means of the first and of the last quarter of the samples. */
  readonly firstQuarter: number;
  readonly lastQuarter: number;
  /** Processor seconds in a second of the run; 1 is a whole core. */
  readonly cores: number;
};

export type ProcessSeries = {
  readonly sample: () => void;
  readonly figures: () => Readonly<Record<string, ProcessFigures>>;
};

/** Ticks of /proc/<pid>/stat in a second, on every Linux that Node runs on. */
const TICKS = 100;

/** Samples processes by name; empty where there is no /proc to read (macOS). */
export function openProcessSeries(
  pids: () => Readonly<Record<string, number>>,
  now: () => number,
): ProcessSeries {
  const uses = new Map<string, { readonly at: number; readonly use: ProcessUse }[]>();
  return {
    sample: () => {
      const table = processTable();
      const named = Object.entries(pids());
      const others = new Set(named.map(([, pid]) => pid));
      for (const [name, pid] of named) {
        const use = useOf(table, pid, others);
        if (use === undefined) continue;
        const own = uses.get(name) ?? [];
        own.push({ at: now(), use });
        uses.set(name, own);
      }
    },
    figures: () =>
      Object.fromEntries(
        [...uses].map(([name, samples]) => {
          const megabytes = samples.map(({ use }) => Math.round(use.megabytes));
          const quarter = Math.max(1, megabytes.length >> 2);
          const [first, last] = [samples[0]!, samples.at(-1)!];
          const seconds = Math.max(1e-3, last.at - first.at);
          const spent = Math.max(0, last.use.cpuSeconds - first.use.cpuSeconds);
          return [
            name,
            {
              megabytes,
              firstQuarter: Math.round(mean(megabytes.slice(0, quarter))),
              lastQuarter: Math.round(mean(megabytes.slice(-quarter))),
              cores: Math.round((spent / seconds) * 100) / 100,
            },
          ];
        }),
      ),
  };
}

type Row = { readonly parent: number; readonly megabytes: number; readonly cpuSeconds: number };

function processTable(): Map<number, Row> {
  const table = new Map<number, Row>();
  for (const entry of readable(() => readdirSync('/proc')) ?? []) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    // One that ended since it was listed is none.
    const stat = readable(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
    const status = readable(() => readFileSync(`/proc/${pid}/status`, 'latin1'));
    if (stat === undefined || status === undefined) continue;
    const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    // The name in parentheses may hold spaces (proc(5)); after it come state, parent, … utime, stime.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = (fields[11] ?? 0) + (fields[12] ?? 0) + (fields[13] ?? 0) + (fields[14] ?? 0);
    const megabytes = (kilobytes('RssAnon') + kilobytes('RssFile')) / 1024;
    table.set(pid, { parent: fields[1] ?? 0, megabytes, cpuSeconds: ticks / TICKS });
  }
  return table;
}

/** A process with its children, but those that are told apart. */
function useOf(
  table: ReadonlyMap<number, Row>,
  pid: number,
  others: ReadonlySet<number>,
): ProcessUse | undefined {
  const own = table.get(pid);
  if (own === undefined) return undefined;
  let { megabytes, cpuSeconds } = own;
  for (const [child, { parent }] of table) {
    if (parent !== pid || others.has(child)) continue;
    const use = useOf(table, child, others);
    megabytes += use?.megabytes ?? 0;
    cpuSeconds += use?.cpuSeconds ?? 0;
  }
  return { megabytes, cpuSeconds };
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
