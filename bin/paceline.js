#!/usr/bin/env node
// Runs the built platform, and builds it first where that has not been done (a checkout installed
// with --ignore-scripts) or broke off.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`paceline: needs Node 20.19 or newer, and this is ${process.version}.`);
  process.exit(2);
}

const entry = new URL('../dist/platform/cli.js', import.meta.url);
// The page is built last, so that it is there says that the whole build went well.
const page = new URL('../dist/page/index.html', import.meta.url);
if (!existsSync(entry) || !existsSync(page)) build();
await import(entry.href);

function build() {
  try {
    createRequire(import.meta.url).resolve('typescript/package.json');
  } catch {
    console.error(
      'paceline: dist/ is missing and cannot be built without the development dependencies — run `npm ci` (not `npm ci --omit=dev`) first.',
    );
    process.exit(2);
  }
  console.error('paceline: building (once) …');
  const root = fileURLToPath(new URL('..', import.meta.url));
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    console.error('paceline: the build failed; the lines above say why.');
    process.exit(2);
  }
}
