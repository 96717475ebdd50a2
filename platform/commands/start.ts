import { Fault } from '../../schemas/fault.ts';
import { type Command, parseCommandLine, parseDuration } from '../command.ts';
import { type Config, readConfig } from '../config.ts';
import { type Platform, startPlatform } from '../start.ts';
import { until } from '../until.ts';

const flags = {
  data: { type: 'string' },
  port: { type: 'string' },
  'mqtt-port': { type: 'string' },
  'no-simulator': { type: 'boolean' },
  scenario: { type: 'string' },
  vans: { type: 'string' },
  'exit-after': { type: 'string' },
  json: { type: 'boolean' },
} as const;

export const command: Command = {
  summary: 'everything, with a demo fleet',
  usage: `Usage: paceline start [flags]

Starts database, history, broker, engine, dashboard and a simulated fleet; prints where they are and
how to log in. Ctrl-C stops all of it, a second Ctrl-C at once.
  --data DIR        data folder (PACELINE_DATA, ./data); a later start goes on with it
  --port N          dashboard (PORT, 8080)
  --mqtt-port N     broker (MQTT_PORT, 1883)
  --no-simulator    without the demo fleet (PACELINE_SIMULATOR=off)
  --scenario FILE   another demo (PACELINE_SCENARIO): a file, or a name such as quiet-day
  --vans N          vans of the demo (PACELINE_VANS)
  --exit-after T    for a duration such as 60s, then stop the demo, wait until all of it is worked
                    off, print what came of it, and exit with 0 when nothing was lost or doubled and
                    the conclusions agree with the truth
  --json            the last line on stdout is one JSON object; all else goes to stderr`,
  run: async (args, io) => {
    const { values } = parseCommandLine(args, flags);
    const exitAfter =
      values['exit-after'] === undefined ? undefined : parseDuration(values['exit-after'], '--exit-after');
    const config = readConfig(io.environment, {
      ...(values.data && { PACELINE_DATA: values.data }),
      ...(values.port && { PORT: values.port }),
      ...(values['mqtt-port'] && { MQTT_PORT: values['mqtt-port'] }),
      ...(values['no-simulator'] && { PACELINE_SIMULATOR: 'off' }),
      ...(values.scenario && { PACELINE_SCENARIO: values.scenario }),
      ...(values.vans && { PACELINE_VANS: values.vans }),
    });
    if (exitAfter !== undefined && !config.simulator.enabled)
      throw new Fault('config/invalid', '--exit-after needs the demo fleet that it measures');
    const say = values.json ? io.stderr : io.stdout;
    say(`Paceline starts on ${config.dataFolder} …`);
    const platform = await startPlatform(config, io, say);
    try {
      for (const line of welcome(platform, config)) say(line);
      if (exitAfter === undefined) {
        await until(io.signal);
        say('Stopping … (Ctrl-C again: at once)');
        return 0;
      }
      const { runAcceptance } = await import('../acceptance.ts');
      return await runAcceptance(platform, { seconds: exitAfter, isJson: values.json ?? false, io, say });
    } finally {
      await platform.stop();
      say('Stopped.');
    }
  },
};

function welcome(
  { credentials, dashboardUrl, mqttUrl, metricsUrl }: Platform,
  { dataFolder }: Config,
): string[] {
  const people = credentials.users.filter((user) => user.role === 'dispatcher' || user.role === 'analyst');
  const gateway = credentials.gateways[0];
  return [
    '',
    `  Dashboard  ${dashboardUrl}`,
    ...people.map(
      ({ email, password, fleet, role }) => `  Log-in     ${email}  ${password}  (${role}, fleet ${fleet})`,
    ),
    `  MQTT       ${mqttUrl}`,
    ...(metricsUrl === undefined ? [] : [`  Metrics    ${metricsUrl}`]),
    ...(gateway ? [`  Gateway    ${gateway.username}  ${gateway.password}`] : []),
    `  All log-ins are in ${dataFolder}/credentials.json, logs in ${dataFolder}/logs.`,
    '',
  ];
}
