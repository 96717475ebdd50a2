import { join } from 'node:path';
import { Fault } from '../../schemas/fault.ts';
import { type Command, parseCommandLine } from '../command.ts';
import { readConfig } from '../config.ts';
import { openPostgres } from '../embedded/postgres.ts';
import { programContext } from '../program.ts';
import { until } from '../until.ts';

export const command: Command = {
  summary: 'the embedded database alone',
  usage: `Usage: paceline postgres [--data DIR] [--port N]

Runs the embedded PostgreSQL on the data folder and prints its URL, until Ctrl-C.
  --data DIR  data folder (PACELINE_DATA, ./data)
  --port N    port on 127.0.0.1 (POSTGRES_PORT, any free one)`,
  run: async (args, io) => {
    const { values } = parseCommandLine(args, { data: { type: 'string' }, port: { type: 'string' } });
    const config = readConfig(io.environment, {
      ...(values.data && { PACELINE_DATA: values.data }),
      ...(values.port && { POSTGRES_PORT: values.port }),
    });
    const context = programContext('postgres', config, io);
    await using server = await openPostgres({
      folder: join(config.dataFolder, 'postgres'),
      port: config.postgresPort,
      log: context.log,
    });
    io.stderr(`PostgreSQL: ${server.url}`);
    context.ready({ port: server.port });
    const ended = await Promise.race([server.exited, until(io.signal)]);
    if (ended)
      throw new Fault('database/failed', `PostgreSQL ended by itself (${ended.signal ?? ended.code})`);
    return 0;
  },
};
