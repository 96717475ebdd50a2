import { Fault } from '../../schemas/fault.ts';
import { runReplay } from '../../simulator/record/replay.ts';
import { type Command, parseCommandLine } from '../command.ts';
import { readConfig } from '../config.ts';
import { gatewayOf, readRunFile } from '../data-folder.ts';
import { mqttUrl } from '../wiring.ts';

export const command: Command = {
  summary: 'real recordings through the wire',
  usage: `Usage: paceline replay FILE [flags]

Sends a recording over MQTT, in the order in which it arrived. FILE ends in .csv (columns vehicle_id,
t_fix, t_recv, lat, lon, speed_kmh, heading_deg, accuracy_m, extra_json), .ndjson (own messages, each
with the name of its device) or .gpx, packed with gzip (.gz) or not.
  --broker URL    user and password may stand in it (MQTT_URL, or the platform on this machine)
  --username, --password  of a gateway (that of the fleet in the data folder)
  --fleet NAME    whose vehicles they are (replay)
  --speed X       recorded seconds in a second; 1: real time (as fast as it is acknowledged)
  --shuffle SEED  in another order, always the same for a seed
  --data DIR      data folder of the platform (PACELINE_DATA, ./data)
  --json          prints the summary as one line of JSON`,
  run: async (args, io) => {
    const { values, positionals } = parseCommandLine(
      args,
      {
        broker: { type: 'string' },
        username: { type: 'string' },
        password: { type: 'string' },
        fleet: { type: 'string' },
        speed: { type: 'string' },
        shuffle: { type: 'string' },
        data: { type: 'string' },
        json: { type: 'boolean' },
      },
      true,
    );
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) {
      throw new Fault('config/invalid', 'replay needs exactly one FILE (--help says which kinds)');
    }
    const speed = values.speed === undefined || values.speed === 'max' ? undefined : Number(values.speed);
    if (speed !== undefined && !(speed > 0)) {
      throw new Fault('config/invalid', `--speed must be a number above 0, not “${values.speed}”`);
    }
    const config = readConfig(io.environment, values.data ? { PACELINE_DATA: values.data } : {});
    const fleet = values.fleet ?? 'replay';
    const gateway = await gatewayOf(config.dataFolder, fleet);
    const outside = config.broker.kind === 'outside' ? config.broker : undefined;
    const url = values.broker ?? outside?.url ?? (await readRunFile(config.dataFolder))?.mqttUrl;
    const isNamed = url !== undefined && URL.canParse(url) && new URL(url).username !== '';
    const summary = await runReplay(
      {
        file,
        fleet,
        speed,
        shuffle: values.shuffle,
        broker: {
          url: url ?? mqttUrl(config),
          username: values.username ?? (isNamed ? undefined : (outside?.username ?? gateway?.username)),
          password: values.password ?? (isNamed ? undefined : (outside?.password ?? gateway?.password)),
        },
      },
      { signal: io.signal, now: io.now },
      (acknowledged, rows) => io.stderr(`replay: ${acknowledged} of ${rows} rows acknowledged`),
    );
    if (values.json) io.stdout(JSON.stringify(summary));
    else for (const [name, value] of Object.entries(summary)) io.stdout(`${name.padEnd(13)} ${value}`);
    return summary.acknowledged === summary.rows ? 0 : 1;
  },
};
