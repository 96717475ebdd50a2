import { Fault } from '../../schemas/fault.ts';
import { silentLog } from '../../schemas/program.ts';
import { type Command, parseCommandLine } from '../command.ts';
import { readConfig } from '../config.ts';
import { backup } from '../storage/backup.ts';
import { withClient, withDatabase } from '../with-database.ts';

export const command: Command = {
  summary: 'everything the database holds, into one file',
  usage: `Usage: paceline backup FILE [--json]

Writes all tables, as they are at one instant, to a file that \`paceline restore\` reads; the platform may go on
running. The file holds positions and hashes of passwords: keep it as you keep those. The history in ClickHouse
is not in it; it is filled again from what is. The form of the file is described in docs/storage.md.
  --json      one line with the number of rows of each table
  --data DIR  data folder (PACELINE_DATA, ./data), where DATABASE_URL is not set`,
  run: async (args, io) => {
    const { values, positionals } = parseCommandLine(args, options, true);
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new Fault('config/invalid', 'name one file to write to');
    const config = readConfig(io.environment, { ...(values.data && { PACELINE_DATA: values.data }) });
    const summary = await withDatabase(config, silentLog, (url) =>
      withClient(url, (client) => backup(client, file, io.now)),
    );
    io.stdout(
      values.json
        ? JSON.stringify({ file, ...summary })
        : `${summary.rows} rows of ${summary.tables} tables are in ${file}`,
    );
    return 0;
  },
};

const options = { json: { type: 'boolean' }, data: { type: 'string' } } as const;
