import { Fault } from '../../schemas/fault.ts';
import { silentLog } from '../../schemas/program.ts';
import { instantFromIso, isoFromInstant } from '../../schemas/units.ts';
import { type Command, parseCommandLine } from '../command.ts';
import { readConfig } from '../config.ts';
import { audit, change, fleetIdOf } from '../store/fleet-store.ts';
import { orderRederivation } from '../store/rederive-store.ts';
import { withClient, withDatabase } from '../with-database.ts';

export const command: Command = {
  summary: 'derives the past again, after fences or depots were edited',
  usage: `Usage: paceline rederive --fleet NAME [--since TIME] [--json]

Has the engine derive crossings, trips, halts and visits of a fleet again from its stored fixes, with the fences
and depots of now. What then differs is corrected in the tables and told to listeners as new, changed or
retracted; all else keeps its identity. Needs a running engine; plans need no order, they are matched at once.
  --fleet NAME   the fleet
  --since TIME   from this instant on, such as 2026-11-21T00:00:00Z (from the first fix); what is earlier, and
                 what is under way at that instant, stays as it is
  --json         at the end one line with the count
  --data DIR     data folder (PACELINE_DATA, ./data), where DATABASE_URL is not set`,
  run: async (args, io) => {
    const { values } = parseCommandLine(args, {
      fleet: { type: 'string' },
      since: { type: 'string' },
      json: { type: 'boolean' },
      data: { type: 'string' },
    });
    const { fleet, since } = values;
    if (fleet === undefined) throw new Fault('config/invalid', '--fleet is missing: name the fleet');
    const from = since === undefined ? Number.NEGATIVE_INFINITY : instantFromIso(since);
    if (Number.isNaN(from)) {
      throw new Fault(
        'config/invalid',
        `--since must be an instant such as 2026-11-21T00:00:00Z, not “${since}”`,
      );
    }
    const config = readConfig(io.environment, { ...(values.data && { PACELINE_DATA: values.data }) });
    const vehicles = await withDatabase(config, silentLog, (url) =>
      withClient(url, async (client) => {
        const fleetId = await fleetIdOf(client, fleet);
        return await change(client, ['paceline_world'], async () => {
          const ordered = await orderRederivation(client, fleetId, from);
          await audit(client, fleetId, 'rederive', fleet, { since: since ?? null, vehicles: ordered });
          return [fleetId, ordered];
        });
      }),
    );
    const when = since === undefined ? 'from their first fix' : `from ${isoFromInstant(from)}`;
    if (values.json) io.stdout(JSON.stringify({ fleet, vehicles }));
    else io.stdout(`${vehicles} vehicles of ${fleet} will be derived again, ${when}`);
    return 0;
  },
};
