import { readFileSync } from 'node:fs';
import { connectAsync } from 'mqtt';
import { ingestLimits } from '../../ingest/config.ts';
import { type Examination, examine } from '../../ingest/formats/examine.ts';
import { FormatRegistry } from '../../ingest/formats/registry.ts';
import { asError, Fault } from '../../schemas/fault.ts';
import type { Fix } from '../../schemas/fix.ts';
import { type FixFlag, fixFlags } from '../../schemas/reasons.ts';
import { isoFromInstant } from '../../schemas/units.ts';
import { type Command, type CommandIo, parseCommandLine } from '../command.ts';
import { readConfig } from '../config.ts';
import { readFormatSettings } from '../format-settings.ts';
import { mqttFor } from '../wiring.ts';

const FIXES_SHOWN = 5;

export const command: Command = {
  summary: 'says what a payload is, or why it is refused',
  usage: `Usage: paceline doctor --payload FILE [--topic TOPIC] [--formats FILE] [--json]
       paceline doctor --topic FILTER [--count N] [--formats FILE] [--json]

Names the format of a payload, the units it is assumed to be in, and the fixes that would be stored; or why
there are none, and the lines of the format settings that would change that. Nothing is stored, nothing needs
to run. The exit code is 0 when something would be stored or nothing would be refused, 1 otherwise.
Without --payload it listens to the broker of the running platform and says the same of every message on the
topics of FILTER, such as “owntracks/#”, until Ctrl-C. A message on a topic that its device may not use never
gets that far: the log of ingest has it.
  --payload FILE  the payload as the device sends it; “-” reads it from standard input. A binary frame may be
                  written as hexadecimal digits
  --topic TOPIC   the topic it is published to; without it, the payload has to tell by itself
  --count N       with a FILTER: end after so many messages
  --data DIR      data folder of the running platform (PACELINE_DATA, ./data)
  --formats FILE  the format settings (PACELINE_FORMATS)
  --json          one line of JSON`,
  run: async (args, io) => {
    const { values } = parseCommandLine(args, {
      payload: { type: 'string' },
      topic: { type: 'string' },
      formats: { type: 'string' },
      count: { type: 'string' },
      data: { type: 'string' },
      json: { type: 'boolean' },
    });
    const { payload: file, topic } = values;
    const config = readConfig(io.environment, {
      ...(values.formats && { PACELINE_FORMATS: values.formats }),
      ...(values.data && { PACELINE_DATA: values.data }),
    });
    const registry = new FormatRegistry(await readFormatSettings(config.formatsFile));
    const say = (payload: Uint8Array, on: string | undefined): number => {
      const examination = examine({ payload, topic: on, received: io.now(), limits: ingestLimits, registry });
      io.stdout(values.json ? JSON.stringify({ topic: on, ...reportOf(examination) }) : textOf(examination));
      return examination.fixes.length > 0 || examination.rejections.length === 0 ? 0 : 1;
    };
    if (file !== undefined) return say(bytesOf(file), topic);
    if (topic === undefined) {
      throw new Fault(
        'config/invalid',
        '--payload is missing: name a file that holds what the device sends, or a filter with --topic',
      );
    }
    return listen(
      { filter: topic, count: countOf(values.count), mqtt: await mqttFor(config), io },
      (payload, on) => {
        if (!values.json) io.stdout(`\n${on}`);
        say(payload, on);
      },
    );
  },
};

function countOf(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Fault('config/invalid', `--count must be a whole number from 1, not “${text}”`);
}

/** Hands over every message of a filter, until so many have come or the person has seen enough. */
async function listen(
  wanted: {
    readonly filter: string;
    readonly count: number;
    readonly mqtt: { readonly url: string; readonly username: string; readonly password: string };
    readonly io: CommandIo;
  },
  hear: (payload: Uint8Array, topic: string) => void,
): Promise<number> {
  const { filter, count, io } = wanted;
  const { url, ...login } = wanted.mqtt;
  const client = await connectAsync(url, { ...login, reconnectPeriod: 0 }, false).catch((cause) => {
    throw new Fault(
      'broker/unreachable',
      `no connection to the broker at ${url}: ${asError(cause).message}`,
      {
        cause,
      },
    );
  });
  try {
    let heard = 0;
    const enough = new Promise<void>((resolve) => {
      client.on('message', (topic, payload) => {
        if (heard++ < count) hear(payload, topic);
        if (heard >= count) resolve();
      });
      client.once('close', () => resolve());
      io.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await client.subscribeAsync(filter).catch((cause) => {
      throw new Fault(
        'broker/refused',
        `the broker does not let anyone listen to ${filter}: begin it as the topics of a format begin`,
        { cause },
      );
    });
    io.stderr(`listening to ${filter}; Ctrl-C ends`);
    if (!io.signal.aborted) await enough;
    return 0;
  } finally {
    client.end(true);
  }
}

function bytesOf(file: string): Uint8Array {
  const bytes = read(file);
  const text = bytes.toString('latin1').trim();
  // A file made by an editor ends in a line feed that the device does not send.
  const isHex = text.length % 2 === 0 && /^0{8}[0-9a-f]+$/i.test(text);
  if (isHex) return Buffer.from(text, 'hex');
  return bytes[0] === 0 ? bytes : Buffer.from(bytes.toString('latin1').trimEnd(), 'latin1');
}

function read(file: string): Buffer {
  try {
    return readFileSync(file === '-' ? 0 : file);
  } catch (cause) {
    throw new Fault('input/invalid', `cannot read ${file}: ${asError(cause).message}`, { cause });
  }
}

/** For programs: fixes without the numbers that only a database gives. */
function reportOf(examination: Examination): object {
  const fixes = examination.fixes.map(stored);
  const rejections = examination.rejections.map(({ reason, detail }) => ({ reason, detail }));
  return { ...examination, fixes, rejections };
}

function stored({ fleetId, vehicleId, deviceId, key, flags, received, ...fix }: Fix): object {
  return { ...fix, flags: flagNames(flags) };
}

const flagNames = (flags: number): string[] =>
  (Object.keys(fixFlags) as FixFlag[]).filter((name) => (flags & fixFlags[name]) !== 0);

function textOf(examination: Examination): string {
  const { format, title, units, by, device, fixes, rejections, notes, remedies, settings } = examination;
  const line = (label: string, text: string) => `${label.padEnd(9)} ${text}`;
  const how = {
    topic: ', by its topic',
    profile: ', by the profile of the device',
    payload: ', by its marks',
  };
  return [
    line('format', format === undefined ? title : `${title} (${format})${by === 'nothing' ? '' : how[by]}`),
    ...(format === undefined ? [] : [line('units', units)]),
    ...(device === undefined ? [] : [line('device', device)]),
    ...fixes.slice(0, FIXES_SHOWN).map((fix) => line('fix', fixText(fix))),
    ...(fixes.length > FIXES_SHOWN ? [line('', `… and ${fixes.length - FIXES_SHOWN} more`)] : []),
    ...notes.slice(0, FIXES_SHOWN).map((note) => line('no fix', note)),
    ...rejections.slice(0, FIXES_SHOWN).map(({ reason, detail }) => line('refused', `${reason}: ${detail}`)),
    ...remedies.map((remedy) => line('remedy', remedy)),
    ...(settings === undefined
      ? []
      : [
          line('settings', 'in the file that PACELINE_FORMATS names:'),
          JSON.stringify(settings, undefined, 2),
        ]),
  ].join('\n');
}

/** Fields in the order of our own message, in internal units. */
function fixText(fix: Fix): string {
  const { at, lat, lng, flags, key, fleetId, vehicleId, deviceId, received, sent, events, ...rest } = fix;
  const fields = Object.entries(rest).flatMap(([name, value]) =>
    value === undefined
      ? []
      : [`${name} ${typeof value === 'number' ? shortened(value) : value}${unit(name)}`],
  );
  return [
    `${isoFromInstant(at)} at ${lat}, ${lng}`,
    ...fields,
    ...(sent === undefined ? [] : [`sent ${isoFromInstant(sent)}`]),
    ...(events === undefined ? [] : [`events ${JSON.stringify(events)}`]),
    ...(flags === 0 ? [] : [`not used for conclusions: ${flagNames(flags).join(', ')}`]),
  ].join(', ');
}

const shortened = (value: number): number => Number(value.toPrecision(7));

const units: Readonly<Record<string, string>> = {
  speed: ' m/s',
  heading: '°',
  accuracy: ' m',
  altitude: ' m',
  odometer: ' m',
};
const unit = (name: string): string => units[name] ?? '';
