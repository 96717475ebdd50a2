import type { Fix } from '../../schemas/fix.ts';
import { topicName } from '../../schemas/topics.ts';
import { addressOf } from '../broker/delivery.ts';
import { decode } from '../decode/decode.ts';
import type { DataChannel, DecodeLimits, Rejection } from '../decode/decoded.ts';
import { Assemblies } from './assemblies.ts';
import { bodyOf } from './body.ts';
import { understand } from './decode-foreign.ts';
import type { Body, Format } from './format.ts';
import type { FormatSettings } from './mapping-schema.ts';
import { type FormatRegistry, formatFor, type Route } from './registry.ts';
import { suggestMapping } from './suggest.ts';

/** What a payload is to this installation, and what would have to change where it is nothing. */
export type Examination = {
  /** The name of the format; undefined when it is none that is known. */
  readonly format: string | undefined;
  readonly title: string;
  /** Units and clock it is assumed to be in. */
  readonly units: string;
  /** What told the format. */
  readonly by: 'topic' | 'profile' | 'payload' | 'nothing';
  /** The device that the topic names. */
  readonly device: string | undefined;
  readonly fixes: readonly Fix[];
  readonly rejections: readonly Pick<Rejection, 'reason' | 'detail'>[];
  readonly notes: readonly string[];
  /** What to do, as sentences. */
  readonly remedies: readonly string[];
  /** Lines for the file of PACELINE_FORMATS that would make it work. */
  readonly settings: FormatSettings | undefined;
};

export type Specimen = {
  readonly payload: Uint8Array;
  readonly topic: string | undefined;
  /** The profile that the tables hold for the device of the topic. */
  readonly profile?: string | undefined;
  /** Instant of receipt. */
  readonly received: number;
  readonly limits: DecodeLimits;
  readonly registry: FormatRegistry;
};

const own = {
  format: 'paceline',
  title: 'Paceline’s own message',
  units:
    'ts in milliseconds, speed in m/s, accuracy, altitude and odometer in metres, fuel and soc as shares 0–1',
};
const none = { format: undefined, title: 'no format that is known here', units: 'unknown' };
const nobody = { fleetId: 0, vehicleId: 0, deviceId: 0 };
const empty = { fixes: [], rejections: [], notes: [], remedies: [], settings: undefined };

/** What would become of a payload, on its topic or, without one, by itself. */
export function examine(specimen: Specimen): Examination {
  const { topic, registry, payload } = specimen;
  const body = bodyOf(payload);
  if (topic === undefined) return examineAlone(specimen, body);
  const address = addressOf(topic);
  if (address !== undefined) {
    const { fleet, device, channel } = address;
    const { profile } = specimen;
    const named = profile === undefined ? undefined : registry.named(profile);
    const route = channel === 'telemetry' ? (named ?? registry.profile(fleet, device)) : undefined;
    if (route !== undefined) return byRoute(specimen, route, { by: 'profile', device }, body);
    return onOwnTopic(specimen, { fleet, device, channel }, body);
  }
  const found = registry.find(topic);
  if (found !== undefined) return byRoute(specimen, found.route, { by: 'topic', device: found.device }, body);
  return onUnknownTopic(specimen, topic, body);
}

type Known = Pick<Examination, 'by' | 'device'>;

function byRoute(specimen: Specimen, route: Route, known: Known, body: Body): Examination {
  const examination = { ...understood(specimen, route, body), ...known };
  const { fixes, notes, rejections } = examination;
  if (fixes.length > 0 || notes.length > 0 || rejections.length === 0) return examination;
  const other = specimen.registry.recognise(body);
  if (other === undefined) return withMapping(examination, specimen, body);
  // It is in this format, and what is wrong with it stands in its rejection.
  if (other.name === examination.format) return examination;
  const remedy = `the payload looks like ${other.title}: publish it to ${topicsOf(other)}`;
  return { ...examination, remedies: [remedy] };
}

function onOwnTopic(
  specimen: Specimen,
  { fleet, device, channel }: { fleet: string; device: string; channel: DataChannel },
  body: Body,
): Examination {
  const examination = { ...decodedOwn(specimen, channel), by: 'topic' as const, device };
  if (examination.fixes.length > 0 || examination.notes.length > 0) return examination;
  const other = channel === 'telemetry' ? specimen.registry.recognise(body) : undefined;
  if (other === undefined) {
    const mapped = withMapping(examination, specimen, body);
    const mapping = mapped.settings?.mappings?.[0];
    if (mapping === undefined) return mapped;
    const { topics: _, ...bare } = mapping;
    return { ...mapped, settings: { mappings: [bare], profiles: { [`${fleet}/${device}`]: mapping.name } } };
  }
  return {
    ...examination,
    remedies: [
      `the payload looks like ${other.title}: publish it to ${topicsOf(other)}, or give the device this profile`,
    ],
    settings: { profiles: { [`${fleet}/${device}`]: other.name } },
  };
}

function onUnknownTopic(specimen: Specimen, topic: string, body: Body): Examination {
  const alone = examineAlone(specimen, body);
  const refused = { reason: 'topic' as const, detail: `${topic} is none that carries data` };
  const format = specimen.registry.formats.find(({ name }) => name === alone.format);
  const known = { ...alone, fixes: [], rejections: [refused] };
  if (alone.format === undefined) return known;
  if (format === undefined) {
    return { ...known, remedies: ['publish it to fleet/{fleet}/device/{device}/telemetry'] };
  }
  return {
    ...known,
    remedies: [
      `publish it to ${topicsOf(format)}, or add its topic, with {device} for the name of the device`,
    ],
    settings: { topics: { [format.name]: [...format.topics, templateFor(topic)] } },
  };
}

/** A topic as a template: the last level that could be the name of a device is taken for it. */
function templateFor(topic: string): string {
  const levels = topic.split('/');
  const at = levels.findLastIndex((level, i) => i > 0 && topicName.test(level) && /\d/.test(level));
  const place = at > 0 ? at : levels.length > 1 ? 1 : -1;
  return levels.map((level, i) => (i === place ? '{device}' : level)).join('/');
}

function examineAlone(specimen: Specimen, body: Body): Examination {
  const mine = decodedOwn(specimen, 'telemetry');
  if (mine.fixes.length > 0) return { ...mine, by: 'payload' };
  const format = specimen.registry.recognise(body);
  if (format !== undefined) {
    const by = { by: 'payload' as const, device: undefined };
    return { ...understood(specimen, { formats: [format], rest: [] }, body), ...by };
  }
  return withMapping({ ...mine, ...none, by: 'nothing' }, specimen, body);
}

function understood(specimen: Specimen, route: Route, body: Body): Examination {
  const { name, title, units } = formatFor(route, body);
  const message = { ...specimen, origin: nobody };
  const all = understand(message, route, new Assemblies());
  return {
    ...empty,
    ...{ format: name, title, units, by: 'payload', device: undefined },
    fixes: all.flatMap((one) => (one.kind === 'fix' ? [one.fix] : [])),
    rejections: all.flatMap((one) => (one.kind === 'rejection' ? [one.rejection] : [])),
    notes: all.flatMap((one) =>
      one.kind === 'note' ? [one.text] : one.kind === 'answer' ? ['the answer to a command'] : [],
    ),
  };
}

function decodedOwn({ payload, received, limits }: Specimen, channel: DataChannel): Examination {
  const { fixes, reports, rejections, answers = [] } = decode({ channel, payload, received }, nobody, limits);
  const notes = [
    ...reports.map(({ kind, stopCode }) => `a stop report: ${kind} at ${stopCode}`),
    ...answers.map(({ about, state }) => `an answer: ${about.kind} ${state}`),
  ];
  return { ...empty, ...own, by: 'payload', device: undefined, fixes, rejections, notes };
}

/** The lines that would make a payload readable that no format reads. */
function withMapping(examination: Examination, { topic }: Specimen, body: Body): Examination {
  const template = topic === undefined ? 'acme/{device}' : templateFor(topic);
  const mapping = suggestMapping(body.json, template);
  if (mapping === undefined) {
    const what =
      body.json === undefined
        ? 'it is not JSON; Paceline reads no other text than the query of Traccar and OsmAnd'
        : 'nothing in it looks like a latitude, a longitude and a time';
    return { ...examination, remedies: [...examination.remedies, what] };
  }
  const remedies = ['this mapping would read it; check its units, which no payload tells'];
  return { ...examination, remedies, settings: { mappings: [mapping] } };
}

const topicsOf = ({ topics }: Format): string => topics.join(' or ');
