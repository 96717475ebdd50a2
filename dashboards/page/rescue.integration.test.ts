import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  accessibilityBreaches,
  findChromium,
  noBrowserReason,
  openBrowser,
} from '../../platform/testing/browser.ts';
import { openTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import { seedRescue } from '../testing/rescue.ts';
import { password, type SeededFleet, seedFleet } from '../testing/seed.ts';
import { openSite, type Site } from '../testing/site.ts';

const staticDir = fileURLToPath(new URL('../../dist/page/', import.meta.url));
const isBuilt = existsSync(`${staticDir}index.html`);
const missing = isBuilt ? (findChromium() === undefined ? noBrowserReason : '') : 'dist/page is not built';
if (missing !== '') console.warn(`page tests are skipped: ${missing}`);

describe.skipIf(missing !== '')('a rescue in a browser', () => {
  let database: TestDatabase;
  let site: Site;
  let owner: pg.Client;
  let browser: Browser;

  beforeAll(async () => {
    database = await openTestDatabase();
    owner = new pg.Client({ connectionString: database.url });
    await owner.connect();
    site = await openSite(database.url, { staticDir });
    browser = (await openBrowser())!;
  });

  afterAll(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
    await owner?.end();
    await database?.close();
  });

  async function seeded(base: number): Promise<SeededFleet> {
    const at = Math.floor(Date.now() / 1000) - 5;
    const fleet = await seedFleet(database.url, { name: `help${base}`, base, at });
    await seedRescue(owner, fleet, at);
    return fleet;
  }

  const looks = [
    { theme: 'dark', viewport: { width: 1280, height: 800 }, base: 1000 },
    { theme: 'light', viewport: { width: 390, height: 844 }, base: 2000 },
  ] as const;
  test.each(looks)(
    'is read with its price, previewed, and accepted with three actions of the keyboard, when $theme',
    async ({ theme, viewport, base }) => {
      const fleet = await seeded(base);
      const page = await browser.newPage({ viewport });
      await page.goto(`${site.url}/?theme=${theme}`);
      await page.getByLabel('E-mail').fill(fleet.email('dispatcher'));
      await page.getByLabel('Password').fill(password);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Operations' }).waitFor({ state: 'attached' });
      await page.goto(`${site.url}/?theme=${theme}&panel=proposals`);
      const card = page.locator('.card.proposal');
      await card.waitFor();
      expect(await card.textContent()).toMatch(/will be late.*1 stops to HELP.*Price:/);
      await card.getByRole('button', { name: 'Preview on map' }).press('Enter');
      await expect
        .poll(() => new URL(page.url()).searchParams.get('proposal'))
        .toBe(String(fleet.proposalId));
      expect(await accessibilityBreaches(page)).toEqual([]);
      const width = await page.evaluate('document.documentElement.scrollWidth');
      expect(width).toBeLessThanOrEqual(viewport.width);
      await page.goto(`${site.url}/?theme=${theme}&panel=proposals`);
      await card.getByRole('button', { name: 'Accept rescue' }).press('Enter');
      const stateOf = async () => {
        const { rows } = await owner.query('select state from proposals where proposal_id = $1', [
          fleet.proposalId,
        ]);
        return rows[0]?.state;
      };
      await expect.poll(stateOf).toBe('accepted');
      await page.close();
    },
  );
});
