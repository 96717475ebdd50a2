import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fenceDesk } from '../../platform/fence-desk.ts';
import {
  accessibilityBreaches,
  findChromium,
  noBrowserReason,
  openBrowser,
} from '../../platform/testing/browser.ts';
import { openTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import { password, type SeededFleet, seedFleet } from '../testing/seed.ts';
import { openSite, type Site } from '../testing/site.ts';

const staticDir = fileURLToPath(new URL('../../dist/page/', import.meta.url));
const isBuilt = existsSync(`${staticDir}index.html`);
const missing = isBuilt ? (findChromium() === undefined ? noBrowserReason : '') : 'dist/page is not built';
if (missing !== '') console.warn(`tests of the fences page are skipped: ${missing}`);

const patient = { timeout: 30_000 };
/** A folder for pictures, for whoever wants to look. */
const pictures = process.env.PACELINE_SCREENSHOTS;

describe.skipIf(missing !== '')('fences in a browser', () => {
  let database: TestDatabase;
  let site: Site;
  let fleet: SeededFleet;
  let browser: Browser;

  beforeAll(async () => {
    database = await openTestDatabase();
    const at = Math.floor(Date.now() / 1000) - 5;
    fleet = await seedFleet(database.url, { name: 'fenced', base: 60_000, at });
    site = await openSite(database.url, { staticDir, fences: fenceDesk });
    browser = (await openBrowser())!;
  });

  afterAll(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
    await database?.close();
  });

  async function openFences(width = 1280): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 800 } });
    await page.goto(`${site.url}/fences`);
    await page.getByLabel('E-mail').fill(fleet.email('dispatcher'));
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Fences', exact: true }).waitFor(patient);
    await page.locator('.fence-ground canvas').first().waitFor(patient);
    return page;
  }

  async function stored(name: string) {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query(
      'select shape, policy, version from geofences where name = $1 and deleted_at is null',
      [name],
    );
    await client.end();
    return rows[0];
  }

  test('A polygon is drawn, its corner moved by keys, saved, and what is wrong with it is said in place', async () => {
    const page = await openFences();
    await page.getByRole('button', { name: 'Draw polygon' }).click();
    const box = (await page.locator('.fence-map').boundingBox())!;
    // The second and third the wrong way round: an outline that crosses itself.
    for (const [x, y] of [
      [0.3, 0.3],
      [0.7, 0.7],
      [0.7, 0.3],
      [0.3, 0.7],
    ] as const) {
      const corners = await page.locator('.fence-corner').count();
      await page.mouse.click(box.x + x * box.width, box.y + y * box.height);
      await expect.poll(() => page.locator('.fence-corner').count(), patient).toBe(corners + 1);
    }
    await page.getByLabel('Name').fill('drawn');
    await page.getByLabel('Speed limit, m/s').fill('6');
    await page.getByRole('button', { name: 'Save fence' }).click();
    await page.getByText(/crosses itself near/).waitFor(patient);
    expect(await stored('drawn')).toBeUndefined();
    if (pictures) await page.screenshot({ path: `${pictures}/fences-problem.png` });

    // Two corners taken out with the keyboard leave a triangle that is none: one is enough.
    await page.locator('.fence-corner').nth(1).focus();
    await page.keyboard.press('Delete');
    await page.locator('.fence-corner').nth(0).focus();
    await page.keyboard.press('ArrowLeft');
    await page.getByRole('button', { name: 'Save fence' }).click();
    await page.getByText(/^Saved/).waitFor(patient);
    expect(await stored('drawn')).toMatchObject({ policy: { speedLimit: 6 }, version: 1 });
    expect((await stored('drawn')).shape.polygons[0][0]).toHaveLength(4);
    expect(await accessibilityBreaches(page)).toEqual([]);
    if (pictures) await page.screenshot({ path: `${pictures}/fences.png` });
    await page.getByRole('button', { name: /Use the/ }).click();
    // Colours fade over.
    await expect.poll(() => accessibilityBreaches(page), patient).toEqual([]);
    if (pictures) await page.screenshot({ path: `${pictures}/fences-other-theme.png` });
    await page.close();
  });

  test('A fence is edited at the width of a phone, with the keyboard alone', async () => {
    const page = await openFences(390);
    await page.getByRole('button', { name: /fenced-fence/ }).focus();
    await page.keyboard.press('Enter');
    await page.getByLabel('Radius, m').fill('240');
    await page.getByRole('button', { name: 'Centre here' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Save fence' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText(/^Saved/).waitFor(patient);
    expect(await stored('fenced-fence')).toMatchObject({ shape: { radius: 240 } });
    const { width } = (await page.locator('body').boundingBox())!;
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    if (pictures) await page.screenshot({ path: `${pictures}/fences-phone.png`, fullPage: true });
    await page.close();
  });
});
