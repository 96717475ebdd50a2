import { topicName } from '../../schemas/topics.ts';

/**
 * A topic template: literal levels, `{device}` for the level that names the device, `+` for any
 * level, and a final `#` for any number of further levels, none included. A template without
 * `{device}` is for a device that says no name: it is the one that logged in.
 */
export type Template = { readonly text: string; readonly levels: readonly string[] };

/** What a topic is by a template. */
export type Match = { readonly device: string | undefined; readonly rest: readonly string[] };

const LEVELS_MAX = 16;

/** A template, or why the text is none. */
export function templateOf(text: string): Template | { readonly problem: string } {
  const levels = text.split('/');
  const problem = problemOf(text, levels);
  return problem === undefined ? { text, levels } : { problem };
}

function problemOf(text: string, levels: readonly string[]): string | undefined {
  if (text === '' || levels.length > LEVELS_MAX) return `has 1 to ${LEVELS_MAX} levels`;
  if (levels.every((level) => level === '#' || level === '+' || level === '{device}'))
    return 'needs a level of its own, such as “acme”';
  if (levels[0] === '{device}') return 'may not begin with {device}';
  if (levels[0] === 'fleet') return 'may not begin with “fleet”: those topics are ours';
  if (levels.slice(0, -1).includes('#')) return 'may have “#” only at its end';
  if (levels.filter((level) => level === '{device}').length > 1) return 'may name {device} once';
  if (levels.some((level) => level !== '{device}' && /[{}]/.test(level)))
    return 'knows one placeholder only, {device}, which is a whole level';
  if (levels.some((level) => level.length > 1 && /[+#]/.test(level)))
    return 'uses “+” and “#” as whole levels only';
  return undefined;
}

/** The template in front of which every other is tried later: literal levels before wildcards. */
export function bySharpness(a: Template, b: Template): number {
  for (let i = 0; i < Math.max(a.levels.length, b.levels.length); i++) {
    const difference = bluntness(a.levels[i]) - bluntness(b.levels[i]);
    if (difference !== 0) return difference;
  }
  return 0;
}

const bluntness = (level: string | undefined): number =>
  level === undefined ? 0 : level === '#' ? 4 : level === '+' ? 3 : level === '{device}' ? 2 : 1;

export function matchTopic({ levels }: Template, topic: readonly string[]): Match | undefined {
  let device: string | undefined;
  // As in MQTT, what begins with “$” matches no wildcard; nor does what is ours.
  if (levels[0] === '+' && (topic[0] === 'fleet' || topic[0]?.startsWith('$'))) return undefined;
  for (let i = 0; i < levels.length; i++) {
    const level = levels[i];
    if (level === '#') return { device, rest: topic.slice(i) };
    const actual = topic[i];
    if (actual === undefined) return undefined;
    if (level === '{device}') {
      if (!topicName.test(actual)) return undefined;
      device = actual;
    } else if (level !== '+' && level !== actual) return undefined;
  }
  return topic.length === levels.length ? { device, rest: [] } : undefined;
}

/** The MQTT filter that holds every topic of a template. */
export const filterOf = ({ levels }: Template): string => levels.join('/').replace('{device}', '+');
