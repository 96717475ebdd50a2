import type { ProgramContext } from '../schemas/program.ts';
import { type Command, type CommandIo, parseCommandLine } from './command.ts';
import { type Config, readConfig } from './config.ts';
import { makeDataFolder } from './data-folder.ts';
import { serveMetrics } from './metrics.ts';
import { programContext } from './program.ts';
import { migrateAt, requireDatabase } from './with-database.ts';

export type ProgramInput = {
  readonly config: Config;
  readonly databaseUrl: string;
  readonly context: ProgramContext;
};

/**
 * The command that runs one long-running process, alone or under the supervisor: configuration from
 * the environment, the database up to date, then `run` until the signal aborts.
 */
export function programCommand(
  name: string,
  summary: string,
  description: string,
  run: (input: ProgramInput) => Promise<void>,
): Command {
  return {
    summary,
    usage: `Usage: paceline ${name} [--data DIR]

${description}
Everything else comes from the environment: see .env.example. Without DATABASE_URL it joins the
platform that runs on the data folder.
  --data DIR  data folder (PACELINE_DATA, ./data)`,
    run: async (args: string[], io: CommandIo) => {
      const { values } = parseCommandLine(args, { data: { type: 'string' } });
      const config = readConfig(io.environment, values.data ? { PACELINE_DATA: values.data } : {});
      await makeDataFolder(config.dataFolder);
      const databaseUrl = await requireDatabase(config);
      await migrateAt(databaseUrl);
      const context = programContext(name, config, io);
      // Under a supervisor it is the supervisor that shows the figures of all.
      const isAlone = process.send === undefined;
      const { metricsPort: port, http } = config;
      await using _figures =
        isAlone && port !== undefined
          ? await serveMetrics({ host: http.host, port }, async () => [await context.metrics.figures()])
          : undefined;
      await run({ config, databaseUrl, context });
      return 0;
    },
  };
}
