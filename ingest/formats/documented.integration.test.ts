import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ingestLimits } from '../config.ts';
import { received } from '../testing/foreign.ts';
import { examine } from './examine.ts';
import { FormatRegistry } from './registry.ts';
import { settingsOf } from './settings.ts';

const page = readFileSync(new URL('../../docs/connect-a-device.md', import.meta.url), 'utf8');
const [, settingsText = ''] = /```json settings\n([\s\S]*?)```/.exec(page) ?? [];
const settings = settingsOf(JSON.parse(settingsText));
if ('problems' in settings) throw new Error(settings.problems.join('\n'));
// The example moves a format away from its customary topic, which the rest of the page is about.
const registry = new FormatRegistry({ ...settings, topics: {} });
const examples = [...page.matchAll(/^Topic: `([^`]+)`\n\n```(json|text|hex)\n([\s\S]*?)```/gm)].map(
  ([, topic = '', kind, text = '']) => ({
    topic,
    payload: Buffer.from(
      kind === 'hex' ? text.replaceAll(/\s/g, '') : text.trimEnd(),
      kind === 'hex' ? 'hex' : 'utf8',
    ),
  }),
);

test('the page has an example for every built-in format of whole messages', () => {
  const shown = new Set(examples.map(({ topic, payload }) => look(topic, payload).format));
  const wanted = registry.formats.filter(({ kind }) => kind === 'messages').map(({ name }) => name);
  expect([...shown].sort()).toEqual([...wanted, 'paceline'].sort());
});

test.each(examples)('the example on $topic becomes the fix it should', ({ topic, payload }) => {
  expect(look(topic, payload)).toMatchObject({
    rejections: [],
    fixes: [{ at: expect.closeTo(1_789_999_990, 0), lat: expect.closeTo(45.52, 3), flags: 0 }],
  });
});

function look(topic: string, payload: Uint8Array) {
  return examine({ payload, topic, received, limits: ingestLimits, registry });
}
