import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCredentials } from './data-folder.ts';
import { startTree, type Tree } from './kills/tree.ts';
import { findChromium, noBrowserReason, openBrowser, requestsElsewhere } from './testing/browser.ts';

const isBuilt = existsSync('dist/page/index.html');
const missing = isBuilt ? (findChromium() === undefined ? noBrowserReason : '') : 'dist/page is not built';
if (missing !== '') console.warn(`the end-to-end browser test is skipped: ${missing}`);

const patient = { timeout: 120_000, interval: 250 };
const map = (page: Page): Promise<{ vansDrawn: number; lastTick: number } | undefined> =>
  page.evaluate('window.__paceline');

describe.skipIf(missing !== '')('the whole platform, as a person sees it', () => {
  let dataFolder: string;
  let tree: Tree;
  let browser: Browser;

  beforeAll(async () => {
    dataFolder = await mkdtemp(join(tmpdir(), 'paceline-end-to-end-'));
    const { DATABASE_URL: _, CLICKHOUSE_URL: __, MQTT_URL: ___, ...environment } = process.env;
    tree = await startTree({ dataFolder, mqttPort: 0, environment, flags: ['--vans', '30'] });
    browser = (await openBrowser())!;
  }, 180_000);

  afterAll(async () => {
    await browser?.close();
    await tree?.stop();
    await rm(dataFolder, { recursive: true, force: true });
  }, 60_000);

  test('vans move on the map and routes have a pace, minutes after nothing was there', async () => {
    const { dashboardUrl } = await tree.run();
    const { users } = await readCredentials(dataFolder);
    const user = users.find(({ fleet, role }) => fleet === 'demo' && role === 'dispatcher');
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const elsewhere = requestsElsewhere(page);
    await page.goto(dashboardUrl);
    await page.getByLabel('E-mail').fill(user?.email ?? '');
    await page.getByLabel('Password').fill(user?.password ?? '');
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await map(page))?.vansDrawn, patient).toBe(30);
    await page.getByText('30 routes').waitFor({ timeout: 120_000 });
    const tick = (await map(page))?.lastTick ?? 0;
    await expect.poll(async () => (await map(page))?.lastTick, patient).toBeGreaterThan(tick + 2);
    // Stops are being done: some route of the board has more than none.
    const board = page.getByRole('region', { name: 'Pace board' });
    await expect.poll(() => board.textContent(), patient).toMatch(/[1-9]\d*\s*\/\s*\d+/);
    const { PACELINE_SCREENSHOT: path } = process.env;
    if (path) {
      await expect.poll(() => page.getByText('Live', { exact: true }).count(), patient).toBe(1);
      await page.screenshot({ path });
    }
    expect(elsewhere).toEqual([]);
    await page.close();
  }, 300_000);
});
