import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  accessibilityBreaches,
  findChromium,
  noBrowserReason,
  openBrowser,
  requestsElsewhere,
} from '../../platform/testing/browser.ts';
import { openTestDatabase, type TestDatabase } from '../../platform/testing/database.ts';
import { password, type SeededFleet, seedFleet } from '../testing/seed.ts';
import { openSite, type Site } from '../testing/site.ts';

const staticDir = fileURLToPath(new URL('../../dist/page/', import.meta.url));
const isBuilt = existsSync(`${staticDir}index.html`);
const missing = isBuilt ? (findChromium() === undefined ? noBrowserReason : '') : 'dist/page is not built';
if (missing !== '') console.warn(`page tests are skipped: ${missing}`);

const patient = { timeout: 30_000 };

/** Vans that the map says it drew: pixels alone would not tell vans from streets. */
const vansDrawn = (page: Page): Promise<number> => page.evaluate('window.__paceline?.vansDrawn ?? 0');

describe.skipIf(missing !== '')('the page in a browser', () => {
  let database: TestDatabase;
  let site: Site;
  let fleet: SeededFleet;
  let browser: Browser;

  beforeAll(async () => {
    database = await openTestDatabase();
    fleet = await seedFleet(database.url, {
      name: 'paper',
      base: 100,
      at: Math.floor(Date.now() / 1000) - 5,
    });
    site = await openSite(database.url, { staticDir });
    browser = (await openBrowser())!;
  });

  afterAll(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
    await database?.close();
  });

  async function loggedIn(theme: 'dark' | 'light', viewport = { width: 1280, height: 800 }): Promise<Page> {
    const page = await browser.newPage({ viewport });
    await page.goto(`${site.url}/?theme=${theme}`);
    await page.getByLabel('E-mail').fill(fleet.email('dispatcher'));
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Operations' }).waitFor({ state: 'attached' });
    return page;
  }

  test('log-in refuses a wrong password in a sentence', async () => {
    const page = await browser.newPage();
    await page.goto(site.url);
    await page.getByLabel('E-mail').fill(fleet.email('dispatcher'));
    await page.getByLabel('Password').fill('wrong');
    await page.keyboard.press('Enter');
    const alert = page.getByRole('alert');
    await expect.poll(() => alert.textContent()).toMatch(/^[A-Z].*\.$/);
    expect(await accessibilityBreaches(page)).toEqual([]);
    await page.close();
  });

  test.each(['dark', 'light'] as const)('operations draws vans and is accessible, when %s', async (theme) => {
    const page = await loggedIn(theme);
    const elsewhere = requestsElsewhere(page);
    await expect.poll(() => vansDrawn(page), patient).toBeGreaterThan(0);
    await page.getByRole('region', { name: 'Pace board' }).locator('[data-route]').first().click();
    await page.getByRole('tab', { name: 'Route' }).waitFor();
    await page.locator('.stops tbody tr').first().waitFor();
    expect(await accessibilityBreaches(page)).toEqual([]);
    expect(new URL(page.url()).searchParams.get('route')).toBe(String(fleet.routeId));
    expect(elsewhere).toEqual([]);
    await page.close();
  });

  test.each(['/dashboards', '/performance', '/devices', '/about'])('%s is accessible', async (path) => {
    const page = await loggedIn('light');
    await page.goto(`${site.url}${path}?theme=light`);
    await page.locator('main h1').waitFor();
    await page.waitForLoadState('networkidle').catch(() => {});
    expect(await accessibilityBreaches(page)).toEqual([]);
    await page.close();
  });

  test('the page polls, when no socket opens', async () => {
    const page = await browser.newPage();
    await page.routeWebSocket(/\/live$/, (socket) => socket.close());
    await page.goto(site.url);
    await page.getByLabel('E-mail').fill(fleet.email('viewer'));
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
    await expect.poll(() => vansDrawn(page), patient).toBeGreaterThan(0);
    const age = page.getByTitle('Age of the newest fix of the fleet');
    await expect.poll(() => age.textContent(), patient).toMatch(/^(Polling|\d+ (s|min) behind)/);
    await page.close();
  });

  test('the map is drawn without WebGL, when the machine has none', async () => {
    const page = await browser.newPage();
    await page.addInitScript(() => {
      const { getContext } = HTMLCanvasElement.prototype;
      HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, ...rest: [never]) {
        return /^webgl/.test(String(rest[0])) ? null : getContext.apply(this, rest);
      } as never;
    });
    await page.goto(site.url);
    await page.getByLabel('E-mail').fill(fleet.email('viewer'));
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
    await expect.poll(() => vansDrawn(page), patient).toBeGreaterThan(0);
    expect(await page.evaluate('window.__paceline.renderer')).toBe('canvas2d');
    await page.close();
  });

  test('a phone shows board, map and alerts as tabs, and nothing wider than itself', async () => {
    const page = await loggedIn('dark', { width: 390, height: 844 });
    await page.getByRole('tab', { name: 'Map' }).click();
    await expect.poll(() => vansDrawn(page), patient).toBeGreaterThan(0);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(await accessibilityBreaches(page)).toEqual([]);
    await page.close();
  });
});
