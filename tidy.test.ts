import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { variables } from './platform/config.ts';
import { loadCommand, verbs } from './platform/verbs.ts';

test('.env.example has a paragraph for every variable, and for nothing else', () => {
  const paragraphs = readFileSync('.env.example', 'utf8').trim().split(/\n\n+/).slice(1);
  const named = paragraphs.map((paragraph) => {
    const lines = paragraph.split('\n');
    const [, name] = /^#([A-Z_]+)=/.exec(lines.at(-1) ?? '') ?? [];
    expect(lines.length, `${name} needs a sentence`).toBeGreaterThan(1);
    return name;
  });
  expect(named.sort()).toEqual(Object.keys(variables).sort());
});

test('.env.example shows the default of every variable that has one', () => {
  const text = readFileSync('.env.example', 'utf8');
  for (const [name, { fallback }] of Object.entries(variables)) {
    if (fallback !== undefined) expect(text).toContain(`\n#${name}=${fallback}\n`);
  }
});

test('every file of platform/commands is a verb with a usage, and every verb has one', async () => {
  const files = readdirSync('platform/commands').filter((file) => !file.includes('.test.'));
  expect(files.map((file) => file.replace('.ts', '')).sort()).toEqual([...verbs].sort());
  for (const verb of verbs) {
    const { summary, usage } = await loadCommand(verb);
    expect(summary, verb).not.toBe('');
    expect(usage, verb).toContain(`paceline ${verb}`);
  }
});
