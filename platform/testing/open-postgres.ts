// A process that owns an embedded PostgreSQL until it is killed: `open-postgres.ts FOLDER`.
import { Fault } from '../../schemas/fault.ts';
import { silentLog } from '../../schemas/program.ts';
import { openPostgres } from '../embedded/postgres.ts';

try {
  const server = await openPostgres({ folder: process.argv[2] ?? '', log: silentLog });
  console.log(JSON.stringify({ pid: server.pid, url: server.url }));
} catch (thrown) {
  console.log(JSON.stringify({ code: thrown instanceof Fault ? thrown.code : String(thrown) }));
  process.exitCode = 1;
}
