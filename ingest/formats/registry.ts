import { topicName } from '../../schemas/topics.ts';
import { bodyOf } from './body.ts';
import { builtIn } from './built-in.ts';
import type { Body, Format } from './format.ts';
import { formatOf } from './mapping.ts';
import type { FormatSettings } from './mapping-schema.ts';
import { bySharpness, filterOf, matchTopic, type Template, templateOf } from './template.ts';

/** The formats a message may be in, by its topic or by the profile of its device. */
export type Route = {
  /** More than one where several share a topic: the payload tells them apart. */
  readonly formats: readonly [Format, ...Format[]];
  /** The levels of the topic that the `#` of its template stands for. */
  readonly rest: readonly string[];
  /** All levels of the topic; none where a profile named the format. */
  readonly levels?: readonly string[] | undefined;
};

export type Found = {
  readonly route: Route;
  /** Undefined where the topic names none: then it is the device that logged in. */
  readonly device: string | undefined;
};

type Entry = { readonly template: Template; readonly formats: readonly [Format, ...Format[]] };

/** All formats of an installation: the built-in ones and its mappings, on their topics. */
export class FormatRegistry {
  readonly formats: readonly Format[];
  readonly #entries: readonly Entry[];
  readonly #profiles: ReadonlyMap<string, Route>;

  /** The settings have been checked by `settingsOf`. */
  constructor(settings: FormatSettings = {}) {
    this.formats = [...builtIn, ...(settings.mappings ?? []).map(formatOf)];
    this.#entries = entriesOf(this.formats, settings.topics ?? {});
    this.#profiles = new Map(
      Object.entries(settings.profiles ?? {}).flatMap(([device, name]) => {
        const format = this.formats.find((known) => known.name === name);
        return format === undefined ? [] : [[device, { formats: [format], rest: [] }] as const];
      }),
    );
  }

  /** What a topic that is not ours carries. */
  find(topic: string): Found | undefined {
    const levels = topic.split('/');
    for (const { template, formats } of this.#entries) {
      const match = matchTopic(template, levels);
      if (match !== undefined) return { route: { formats, rest: match.rest, levels }, device: match.device };
    }
    return undefined;
  }

  /** The format in which a device writes to its own telemetry topic, when it is not ours. */
  profile(fleet: string, device: string): Route | undefined {
    return this.#profiles.size === 0 ? undefined : this.#profiles.get(`${fleet}/${device}`);
  }

  /** The format of this name, as the profile of a device in the tables names it; undefined: none, or our own. */
  named(name: string): Route | undefined {
    const format = this.formats.find((known) => known.name === name);
    return format === undefined ? undefined : { formats: [format], rest: [] };
  }

  /** The MQTT filters that together hold every topic of a foreign format. */
  get filters(): readonly string[] {
    return [...new Set(this.#entries.map(({ template }) => filterOf(template)))];
  }

  /** Whether a filter is about topics of foreign formats: it begins as one of theirs does. */
  isCustomary(filter: string): boolean {
    const [first] = filter.split('/', 1);
    return this.#entries.some(({ template }) => template.levels[0] === first && first !== '+');
  }

  /** The format whose marks a payload has. */
  recognise(body: Body): Format | undefined {
    return this.formats.find((format) => format.recognises(body));
  }
}

/** The format of a message: where several share its topic, the one whose marks the payload has. */
export function formatFor({ formats }: Route, body: Body): Format {
  const [first, ...others] = formats;
  if (others.length === 0 || first.recognises(body)) return first;
  return others.find((format) => format.recognises(body)) ?? first;
}

/**
 * The one device that a payload says it is from, where a gateway's topic names none. Believed only
 * of a gateway, whose credential speaks for every device of its fleet.
 */
export function deviceNamed(route: Route, payload: Uint8Array): string | undefined {
  const body = bodyOf(payload);
  const format = formatFor(route, body);
  if (format.kind !== 'messages' || format.deviceOf === undefined) return undefined;
  const pieces = format.pieces(body);
  if (!Array.isArray(pieces)) return undefined;
  const { deviceOf } = format;
  const [name, ...others] = new Set(pieces.map((piece: unknown) => nameText(deviceOf(piece))));
  return name !== undefined && others.length === 0 && topicName.test(name) ? name : undefined;
}

/** A name as text; empty where it is none. */
function nameText(name: unknown): string {
  return typeof name === 'string' || typeof name === 'number' ? String(name) : '';
}

function entriesOf(formats: readonly Format[], topics: Readonly<Record<string, readonly string[]>>): Entry[] {
  const byText = new Map<string, { template: Template; formats: [Format, ...Format[]] }>();
  for (const format of formats) {
    for (const text of topics[format.name] ?? format.topics) {
      const template = templateOf(text);
      if ('problem' in template) continue; // `settingsOf` has said so
      const entry = byText.get(text);
      if (entry === undefined) byText.set(text, { template, formats: [format] });
      else entry.formats.push(format);
    }
  }
  return [...byText.values()].sort((a, b) => bySharpness(a.template, b.template));
}
