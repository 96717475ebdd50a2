import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchInstance } from '../engine/route/bench.ts';
import { readInstance } from '../engine/route/solver/formats/read.ts';

const sets = ['solomon', 'homberger_200', 'homberger_1000', 'belgium', 'mdvrptw', 'sdvrptw'];

/**
 * The academic instances in a folder, with their reference costs: `bks_*.csv` (column dimacs_distance)
 * for Solomon and Homberger, the `.sol` beside each `.vrp`. One without a reference is left out.
 */
export function routeInstances(folder: string): BenchInstance[] {
  const references = new Map<string, number>();
  for (const file of ['bks_solomon.csv', 'bks_homberger.csv']) {
    const [header = '', ...lines] = readFileSync(join(folder, file), 'utf8').trim().split(/\r?\n/);
    const column = header.split(',').indexOf('dimacs_distance');
    for (const line of lines) {
      const cells = line.split(',');
      references.set((cells[0] ?? '').toLowerCase(), Number(cells[column]));
    }
  }
  return sets.flatMap((set) => {
    const files = readdirSync(join(folder, set));
    return files.flatMap((file) => {
      const [, name, extension] = /^(.*)\.(txt|vrp)$/.exec(file) ?? [];
      if (name === undefined) return [];
      const path = join(folder, set, file);
      const reference =
        extension === 'vrp' && files.includes(`${name}.sol`)
          ? solutionCost(join(folder, set, `${name}.sol`))
          : references.get(name.toLowerCase());
      if (reference === undefined || !Number.isFinite(reference)) return [];
      return [{ set, name, reference, read: () => readInstance(readFileSync(path, 'utf8'), name) }];
    });
  });
}

/** The last line of VRPLIB's solutions: `Cost 1234`. */
function solutionCost(path: string): number | undefined {
  const [, cost] = /^Cost:?\s+(\d+(?:\.\d+)?)/im.exec(readFileSync(path, 'utf8')) ?? [];
  return cost === undefined ? undefined : Number(cost);
}
