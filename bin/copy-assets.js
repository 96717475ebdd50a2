// Copies what tsc does not: the SQL that the built programs read beside them.
import { cpSync } from 'node:fs';

for (const folder of ['timescale', 'clickhouse']) {
  cpSync(
    new URL(`../schemas/${folder}/`, import.meta.url),
    new URL(`../dist/schemas/${folder}/`, import.meta.url),
    {
      recursive: true,
    },
  );
}
