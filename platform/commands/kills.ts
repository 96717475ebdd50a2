import { Fault } from '../../schemas/fault.ts';
import { type Command, type CommandIo, parseCommandLine } from '../command.ts';
import { killCampaign } from '../kills/campaign.ts';
import { faultCampaign } from '../kills/faults.ts';

const flags = {
  times: { type: 'string' },
  vans: { type: 'string', default: '12' },
  seconds: { type: 'string' },
  seed: { type: 'string', default: '1' },
  campaign: { type: 'boolean' },
  fixes: { type: 'string', default: '10000000' },
  json: { type: 'boolean' },
} as const;

export const command: Command = {
  summary: 'kills processes under load and proves that nothing acknowledged is lost',
  usage: `Usage: paceline kills [flags]

Sends one simulated shift to two fresh platforms; the processes of the second are killed (SIGKILL) at
random moments meanwhile: ingest, PostgreSQL, the whole tree, the engine, in turn. Then compares the
tables with the publisher's ledger of acknowledgements, and the conclusions of both. Exit code 0 when
nothing acknowledged is missing, nothing stands twice, and both conclude the same.

With --campaign it is ingest alone, and more of it: fixes by the million through our broker and through
an outside Mosquitto (where one is installed) at once, while our broker, the ingest behind the other, the
database and the network between them are killed and cut.
  --times N     kills (10; 100 with --campaign)
  --campaign    ingest only, in minutes rather than seconds; Ctrl-C ends it
  --fixes N     with --campaign: fixes in all (10000000)
  --vans N      vans (12)
  --seconds S   over which the shift is sent (ten for each kill)
  --seed S      another shift, and other moments (1)
  --json        the last line on stdout is one JSON object`,
  run: async (args, io) => {
    const { values } = parseCommandLine(args, flags);
    if (values.campaign === true) return await campaign(values, io);
    const kills = wholeNumber(values.times ?? '10', '--times');
    const report = await killCampaign({
      kills,
      vans: wholeNumber(values.vans, '--vans'),
      seconds: wholeNumber(values.seconds ?? String(Math.max(20, kills * 10)), '--seconds'),
      seed: values.seed,
      environment: io.environment,
      signal: io.signal,
      say: io.stderr,
    });
    if (values.json) io.stdout(JSON.stringify(report));
    else {
      io.stdout(`killed        ${JSON.stringify(report.kills)}`);
      io.stdout(`ledger        ${JSON.stringify(report.ledger)}`);
      io.stdout(`rows          ${JSON.stringify(report.rows)}`);
      for (const { subject, missing, unexpected, examples } of report.differences) {
        io.stdout(`differs       ${subject}: ${missing} missing, ${unexpected} unexpected`);
        for (const example of examples) io.stdout(`              ${example}`);
      }
      if (report.differences.length === 0) io.stdout('conclusions   equal to those of the undisturbed run');
    }
    const { lost, duplicated, reportsLost } = report.ledger;
    return lost + duplicated + reportsLost + report.differences.length === 0 ? 0 : 1;
  },
};

async function campaign(
  values: { readonly times?: string; readonly fixes: string; readonly seed: string; readonly json?: boolean },
  io: CommandIo,
): Promise<number> {
  const { environment, signal, stderr: say, stdout } = io;
  const report = await faultCampaign({
    kills: wholeNumber(values.times ?? '100', '--times'),
    fixes: wholeNumber(values.fixes, '--fixes'),
    ...{ seed: values.seed, environment, signal, say },
  });
  const { audit, kills, seconds, hasOutside } = report;
  if (values.json) stdout(JSON.stringify(report));
  else {
    const { examples, ...counts } = audit;
    if (!hasOutside) stdout('not done      an outside Mosquitto: none is installed');
    stdout(`killed        ${JSON.stringify(kills)} in ${seconds} s`);
    for (const [what, count] of Object.entries(counts)) stdout(`${what.padEnd(13)} ${count}`);
    for (const example of examples) stdout(`              ${example}`);
  }
  const { lost, duplicated, unoffered, stored, logged } = audit;
  return lost + duplicated + unoffered === 0 && stored === logged ? 0 : 1;
}

function wholeNumber(text: string, flag: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new Fault('config/invalid', `${flag} must be a whole number above 0, not “${text}”`);
  }
  return Number(text);
}
