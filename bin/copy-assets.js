// Copies what tsc does not: the SQL, scenarios, scripts and configuration that the built programs read beside them.
import { cpSync } from 'node:fs';

for (const folder of [
  'schemas/timescale',
  'schemas/clickhouse',
  'simulator/scenarios',
  'platform/peers',
  'ingest/bench',
]) {
  cpSync(new URL(`../${folder}/`, import.meta.url), new URL(`../dist/${folder}/`, import.meta.url), {
    recursive: true,
    filter: (source) => !source.endsWith('.ts'),
  });
}
