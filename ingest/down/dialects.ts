import type { Command } from '../../schemas/down.ts';

/** A command in the words of a device, or why its language has none for it. */
export type Said =
  | { readonly kind: 'said'; readonly text: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** How a kind of device takes orders. */
export type Dialect = (command: Command) => Said;

const said = (text: string): Said => ({ kind: 'said', text });
const refused = (reason: string): Said => ({ kind: 'refused', reason });

/** Our own message, as it stands in schemas/down.ts. */
export const ownDialect: Dialect = (command) => said(JSON.stringify(command));

/**
 * OwnTracks' remote commands (https://owntracks.org/booklet/tech/json/, `_type=cmd`). The app obeys
 * them when its user allowed it, and answers none.
 */
export const ownTracksDialect: Dialect = ({ kind, body }) => {
  const cmd = (fields: object) => said(JSON.stringify({ _type: 'cmd', ...fields }));
  if (kind === 'locate') return cmd({ action: 'reportLocation' });
  if (kind === 'interval') {
    const locatorInterval = fieldOf(body, 'seconds');
    return typeof locatorInterval === 'number'
      ? cmd({ action: 'setConfiguration', configuration: { _type: 'configuration', locatorInterval } })
      : refused('interval: needs {"seconds": …}');
  }
  if (kind === 'message') {
    const content = fieldOf(body, 'text');
    return typeof content === 'string'
      ? cmd({ action: 'action', content })
      : refused('message: needs {"text": …}');
  }
  if (kind === 'raw') {
    const text = fieldOf(body, 'text');
    return typeof text === 'string' ? said(text) : refused('raw: needs {"text": …}');
  }
  return refused(`OwnTracks has no command for “${kind}”`);
};

/** Codec JSON over MQTT (https://wiki.teltonika-gps.com/view/Codec_JSON): `{"CMD": …}`, answered by `{"RSP": …}`. */
export const teltonikaJsonDialect: Dialect = (command) => {
  const text = teltonikaText(command);
  return text.kind === 'said' ? said(JSON.stringify({ CMD: text.text })) : text;
};

const TEXT_MAX = 512;

/** Teltonika's SMS/GPRS commands (https://wiki.teltonika-gps.com/view/FMB_SMS/GPRS_Commands). */
export const teltonikaText: Dialect = ({ kind, body }) => {
  if (kind === 'locate') return said('getgps');
  if (kind === 'interval') {
    const seconds = fieldOf(body, 'seconds');
    // Parameter 10050: the shortest time between two records while moving in the home network.
    return typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= 0
      ? said(`setparam 10050:${seconds}`)
      : refused('interval: needs {"seconds": …}, a whole number');
  }
  if (kind === 'output') {
    const [output, on] = [fieldOf(body, 'output'), fieldOf(body, 'on')];
    const isNamed = typeof output === 'number' && output >= 1 && output <= 4 && typeof on === 'boolean';
    if (!isNamed) return refused('output: needs {"output": 1 to 4, "on": true or false}');
    // One sign an output, ? for those that stay as they are.
    return said(`setdigout ${'?'.repeat(Math.floor(output) - 1)}${on ? 1 : 0}`);
  }
  if (kind === 'raw') {
    const text = fieldOf(body, 'text');
    const isText = typeof text === 'string' && text.length <= TEXT_MAX && /^[\x20-\x7e]+$/.test(text);
    return isText ? said(text) : refused(`raw: needs {"text": …}, at most ${TEXT_MAX} printable characters`);
  }
  return refused(`Teltonika has no command for “${kind}”`);
};

function fieldOf(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined;
}
