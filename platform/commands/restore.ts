import { Fault } from '../../schemas/fault.ts';
import { silentLog } from '../../schemas/program.ts';
import { type Command, parseCommandLine } from '../command.ts';
import { readConfig } from '../config.ts';
import { readRunFile } from '../data-folder.ts';
import { restore } from '../storage/restore.ts';
import { withClient, withDatabase } from '../with-database.ts';

export const command: Command = {
  summary: 'a backup, into an empty database',
  usage: `Usage: paceline restore FILE [--json]

Fills a new database from a file of \`paceline backup\`: all of it, compared row for row by number and sum, or
nothing. The database must hold nothing yet: name a new data folder with --data, or an empty DATABASE_URL. From
PostgreSQL to TimescaleDB and back works too. Start the platform afterwards.
  --json      one line with the number of rows of each table
  --data DIR  data folder (PACELINE_DATA, ./data), where DATABASE_URL is not set`,
  run: async (args, io) => {
    const { values, positionals } = parseCommandLine(args, options, true);
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new Fault('config/invalid', 'name one file to read');
    const config = readConfig(io.environment, { ...(values.data && { PACELINE_DATA: values.data }) });
    if (config.databaseUrl === undefined && (await readRunFile(config.dataFolder)) !== undefined) {
      throw new Fault('data/locked', `a platform runs on ${config.dataFolder}, so it is not empty`);
    }
    const summary = await withDatabase(config, silentLog, (url) =>
      withClient(url, (client) => restore(client, file)),
    );
    io.stdout(
      values.json
        ? JSON.stringify({ file, ...summary })
        : `${summary.rows} rows of ${summary.tables} tables were restored from ${file}`,
    );
    return 0;
  },
};

const options = { json: { type: 'boolean' }, data: { type: 'string' } } as const;
