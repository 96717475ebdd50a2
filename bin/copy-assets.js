// Copies what tsc does not: the SQL and the scenarios that the built programs read beside them.
import { cpSync } from 'node:fs';

for (const folder of ['schemas/timescale', 'schemas/clickhouse', 'simulator/scenarios']) {
  cpSync(new URL(`../${folder}/`, import.meta.url), new URL(`../dist/${folder}/`, import.meta.url), {
    recursive: true,
  });
}
