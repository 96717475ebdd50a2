import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensureSecrets, lockDataFolder, makeDataFolder, readRunFile, writeRunFile } from './data-folder.ts';

let folder: string;

beforeEach(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'paceline-data-')), 'data');
  await makeDataFolder(folder);
});

afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

test('lockDataFolder() refuses with data/locked, while a living process has the folder', async () => {
  const lock = await lockDataFolder(folder);
  await expect(lockDataFolder(folder)).rejects.toMatchObject({ code: 'data/locked' });
  await lock[Symbol.asyncDispose]();
  await (await lockDataFolder(folder))[Symbol.asyncDispose]();
});

test('lockDataFolder() takes over, when the holder is dead or its number is another process', async () => {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: child.pid, began: '1' }));
  await (await lockDataFolder(folder))[Symbol.asyncDispose]();
  // Process 1 lives, and did not begin then.
  writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: 1, began: 'never' }));
  await (await lockDataFolder(folder))[Symbol.asyncDispose]();
});

test('readRunFile() is undefined, when the platform that wrote it no longer holds the folder', async () => {
  const run = {
    pid: process.pid,
    startedAt: '',
    databaseUrl: 'postgres://h/d',
    clickhouseUrl: undefined,
    mqttUrl: '',
    dashboardUrl: '',
    processes: {},
  };
  const lock = await lockDataFolder(folder);
  await writeRunFile(folder, run);
  expect(await readRunFile(folder)).toMatchObject({ databaseUrl: 'postgres://h/d' });
  await lock[Symbol.asyncDispose]();
  expect(await readRunFile(folder)).toBeUndefined();
});

test('ensureSecrets() keeps what it made, for its owner only', async () => {
  const secrets = await ensureSecrets(folder);
  expect(await ensureSecrets(folder)).toEqual(secrets);
  expect(Buffer.from(secrets.jwtSecret, 'base64url')).toHaveLength(32);
  expect(statSync(join(folder, 'secrets.json')).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test('makeDataFolder() says data/unusable, when there is a file in its place', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  await expect(makeDataFolder(join(file, 'below'))).rejects.toMatchObject({ code: 'data/unusable' });
});
