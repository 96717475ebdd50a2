import { Fault } from '../../schemas/fault.ts';
import { silentLog } from '../../schemas/program.ts';
import { instantFromIso, isoFromInstant } from '../../schemas/units.ts';
import { type Command, parseCommandLine } from '../command.ts';
import { readConfig } from '../config.ts';
import { fleetIdOf } from '../store/fleet-store.ts';
import { type Membership, membershipOf } from '../store/membership-store.ts';
import { withClient, withDatabase } from '../with-database.ts';

export const command: Command = {
  summary: 'raw enter and exit transitions of stored fixes',
  usage: `Usage: paceline membership --fleet NAME --fences SET [--csv] [--json] [--from TIME] [--until TIME]

Prints vehicle_id,t_fix,event,fence for every fix of a vehicle that is inside a fence of the set while the one
before was not (enter), and the reverse (exit): unfiltered, no margin, no minimum time. A vehicle's fixes are
taken in order of their own time, whatever order they arrived in. Lines end in CR LF (RFC 4180).
  --fleet NAME   the fleet
  --fences SET   the set the fences were imported with
  --csv          the transitions (the default without --json)
  --json         at the end one line with the counts
  --from TIME    fixes from this instant on, such as 2017-03-21T00:00:00Z
  --until TIME   fixes before this instant
  --data DIR     data folder (PACELINE_DATA, ./data), where DATABASE_URL is not set`,
  run: async (args, io) => {
    const { values } = parseCommandLine(args, {
      fleet: { type: 'string' },
      fences: { type: 'string' },
      csv: { type: 'boolean' },
      json: { type: 'boolean' },
      from: { type: 'string' },
      until: { type: 'string' },
      data: { type: 'string' },
    });
    const { fleet, fences: set } = values;
    if (fleet === undefined) throw new Fault('config/invalid', '--fleet is missing: name the fleet');
    if (set === undefined) throw new Fault('config/invalid', '--fences is missing: name the set of fences');
    const period = { from: instantOf(values.from, '--from'), until: instantOf(values.until, '--until') };
    const config = readConfig(io.environment, { ...(values.data && { PACELINE_DATA: values.data }) });
    const isCsv = values.csv || !values.json;
    if (isCsv) io.stdout('vehicle_id,t_fix,event,fence\r');
    const counts = await withDatabase(config, silentLog, (url) =>
      withClient(url, async (client) => {
        const fleetId = await fleetIdOf(client, fleet);
        return membershipOf(client, { fleetId, set, ...period }, (lines) => {
          if (isCsv && lines.length > 0) io.stdout(lines.map(csvLine).join('\r\n').concat('\r'));
          if (io.signal.aborted) throw new Fault('input/invalid', 'stopped before the end');
        });
      }),
    );
    if (values.json) io.stdout(JSON.stringify({ fleet, fences: set, ...counts }));
    return 0;
  },
};

export function csvLine({ vehicle, at, event, fence }: Membership): string {
  return [vehicle, isoFromInstant(at), event, fence].map(csvField).join(',');
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function instantOf(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const at = instantFromIso(text);
  if (Number.isNaN(at))
    throw new Fault(
      'config/invalid',
      `${flag} must be an instant such as 2017-03-21T00:00:00Z, not “${text}”`,
    );
  return at;
}
