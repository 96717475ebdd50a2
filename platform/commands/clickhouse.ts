import { join } from 'node:path';
import { Fault } from '../../schemas/fault.ts';
import { type Command, parseCommandLine } from '../command.ts';
import { readConfig } from '../config.ts';
import { openClickhouse } from '../embedded/clickhouse.ts';
import { programContext } from '../program.ts';
import { until } from '../until.ts';

export const command: Command = {
  summary: 'the embedded history alone',
  usage: `Usage: paceline clickhouse [--data DIR] [--port N]

Runs the embedded ClickHouse (chDB) on the data folder and prints its URL, until Ctrl-C.
  --data DIR  data folder (PACELINE_DATA, ./data)
  --port N    port on 127.0.0.1 (CLICKHOUSE_PORT, any free one)`,
  run: async (args, io) => {
    const { values } = parseCommandLine(args, { data: { type: 'string' }, port: { type: 'string' } });
    const config = readConfig(io.environment, {
      ...(values.data && { PACELINE_DATA: values.data }),
      ...(values.port && { CLICKHOUSE_PORT: values.port }),
    });
    const context = programContext('clickhouse', config, io);
    const opened = await openClickhouse({
      folder: join(config.dataFolder, 'clickhouse'),
      port: config.clickhousePort,
      log: context.log,
    });
    if ('unavailable' in opened)
      throw new Fault('analytics/missing', `chDB cannot run: ${opened.unavailable}`);
    await using server = opened;
    io.stderr(`ClickHouse: ${server.url}`);
    context.ready({ port: server.port });
    const ended = await Promise.race([server.exited, until(io.signal)]);
    if (ended)
      throw new Fault('analytics/unreachable', `chDB ended by itself (${ended.signal ?? ended.code})`);
    return 0;
  },
};
