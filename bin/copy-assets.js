// Copies what tsc does not: the SQL, the scenarios and the scripts that the built programs read beside them.
import { cpSync } from 'node:fs';

for (const folder of ['schemas/timescale', 'schemas/clickhouse', 'simulator/scenarios', 'platform/peers']) {
  cpSync(new URL(`../${folder}/`, import.meta.url), new URL(`../dist/${folder}/`, import.meta.url), {
    recursive: true,
    filter: (source) => !source.endsWith('.ts'),
  });
}
