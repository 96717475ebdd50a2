import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { passwordMatches } from '../dashboards/server/password.ts';
import { isSecret } from '../ingest/access/credentials.ts';
import { readCredentials } from './data-folder.ts';
import { firstStart } from './first-start.ts';
import { openTestDatabase } from './testing/database.ts';
import { withClient } from './with-database.ts';

test('firstStart() makes log-ins and gateways that dashboards and ingest accept, once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'paceline-first-'));
  try {
    await using database = await openTestDatabase();
    await withClient(database.url, async (client) => {
      const made = await firstStart(client, folder);
      expect(await firstStart(client, folder)).toEqual(made);
      expect(await readCredentials(folder)).toEqual(made);
      expect(made.gateways.map((gateway) => gateway.username)).toEqual([
        'gateway:demo/platform',
        'gateway:replay/platform',
      ]);
      for (const { email, password } of made.users) {
        const { rows } = await client.query('select * from user_by_email($1)', [email]);
        expect(await passwordMatches(password, rows[0].password_hash)).toBe(true);
        expect(await passwordMatches(`${password}x`, rows[0].password_hash)).toBe(false);
      }
      const { rows } = await client.query('select secret_hash from gateways order by gateway_id');
      expect(isSecret(Buffer.from(made.gateways[0]?.password ?? ''), rows[0].secret_hash)).toBe(true);
      expect(isSecret(Buffer.from(made.gateways[0]?.password ?? ''), rows[1].secret_hash)).toBe(false);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('firstStart() gives another data folder a gateway of its own, and leaves passwords alone', async () => {
  const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'paceline-first-')));
  try {
    await using database = await openTestDatabase();
    await withClient(database.url, async (client) => {
      await firstStart(client, folders[0] ?? '');
      const before = await client.query('select user_id, password_hash from users order by 1');
      const second = await firstStart(client, folders[1] ?? '');
      expect(second.users).toEqual([]);
      expect(second.gateways[0]?.username).toMatch(/^gateway:demo\/platform-[0-9a-f]{6}$/);
      expect((await client.query('select user_id, password_hash from users order by 1')).rows).toEqual(
        before.rows,
      );
    });
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
});
