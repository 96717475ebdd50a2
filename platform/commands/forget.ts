import type { Subject } from '../../schemas/eraser.ts';
import { Fault } from '../../schemas/fault.ts';
import { silentLog } from '../../schemas/program.ts';
import { type Command, parseCommandLine } from '../command.ts';
import { readConfig } from '../config.ts';
import { forget } from '../storage/forget.ts';
import { forgetHistory } from '../storage/forget-history.ts';
import { fleetIdOf } from '../store/fleet-store.ts';
import { withClient, withDatabase } from '../with-database.ts';
import { withHistory } from '../with-history.ts';

export const command: Command = {
  summary: 'the personal data of a vehicle or driver, removed for good',
  usage: `Usage: paceline forget --fleet FLEET (--vehicle NAME | --driver CODE) [--dry-run | --yes]

Removes what a vehicle ever reported, or what its vehicles reported while a driver drove them (an hour around
each of the driver's routes): fixes, trips, halts, visits, crossings, standings, alerts, reports, rejected
payloads, the log of batches, and the copies in the history. Routes stay, without the driver. --dry-run counts
and changes nothing; --yes is needed to do it. Backups made before still hold it.
  --json      one line with the number of rows by table
  --data DIR  data folder (PACELINE_DATA, ./data), where DATABASE_URL is not set`,
  run: async (args, io) => {
    const { values } = parseCommandLine(args, options);
    const { fleet, vehicle, driver } = values;
    const isDry = values['dry-run'] === true;
    if (fleet === undefined) throw new Fault('config/invalid', '--fleet is missing: name the fleet');
    const subject = subjectOf(vehicle, driver);
    if (!isDry && values.yes !== true) {
      throw new Fault(
        'config/invalid',
        'this cannot be undone: say --yes, or --dry-run to see what it would remove',
      );
    }
    const config = readConfig(io.environment, { ...(values.data && { PACELINE_DATA: values.data }) });
    return withDatabase(config, silentLog, async (url) => {
      const { fleetId, rows, spans } = await withClient(url, async (client) => {
        const fleetId = await fleetIdOf(client, fleet);
        return { fleetId, ...(await forget(client, { fleetId, subject, actor: 'command line', isDry })) };
      });
      const history = isDry
        ? undefined
        : await withHistory(config, (historyUrl) => forgetHistory(historyUrl, fleetId, spans));
      if (values.json) io.stdout(JSON.stringify({ dryRun: isDry, rows, history: history ?? null }));
      else {
        for (const [table, count] of Object.entries(rows))
          if (count > 0) io.stdout(`${table.padEnd(20)} ${count}`);
        if (history !== undefined) io.stdout(`${'history'.padEnd(20)} ${history}`);
        io.stderr(isDry ? 'Nothing was changed.' : 'It is gone. Backups made before still hold it.');
      }
      return 0;
    });
  },
};

const options = {
  fleet: { type: 'string' },
  vehicle: { type: 'string' },
  driver: { type: 'string' },
  'dry-run': { type: 'boolean' },
  yes: { type: 'boolean' },
  json: { type: 'boolean' },
  data: { type: 'string' },
} as const;

function subjectOf(vehicle: string | undefined, driver: string | undefined): Subject {
  if (vehicle !== undefined && driver === undefined) return { kind: 'vehicle', name: vehicle };
  if (driver !== undefined && vehicle === undefined) return { kind: 'driver', code: driver };
  throw new Fault('config/invalid', 'name either --vehicle or --driver');
}
