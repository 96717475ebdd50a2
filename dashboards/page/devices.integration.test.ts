import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDoctor } from '../../platform/doctor.ts';
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
if (missing !== '') console.warn(`tests of the devices page are skipped: ${missing}`);

const DEVICES = 20_000;
const patient = { timeout: 30_000 };

describe.skipIf(missing !== '')('devices and doctor in a browser', () => {
  let database: TestDatabase;
  let site: Site;
  let fleet: SeededFleet;
  let browser: Browser;

  beforeAll(async () => {
    database = await openTestDatabase();
    fleet = await seedFleet(database.url, {
      name: 'paper',
      base: 50_000,
      at: Math.floor(Date.now() / 1000) - 5,
    });
    await manyDevices(database.url, fleet.fleetId);
    site = await openSite(database.url, {
      staticDir,
      doctor: openDoctor({}, { url: 'mqtt://127.0.0.1:9', username: 'service', password: 'x' }),
    });
    browser = (await openBrowser())!;
  });

  afterAll(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
    await database?.close();
  });

  /** In trouble are few: one in a hundred rejected, one in a thousand with a wrong clock. */
  async function manyDevices(url: string, fleetId: number): Promise<void> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(
      `with v as (insert into vehicles (fleet_id, name) select $1, 'truck-' || lpad(n::text, 5, '0')
         from generate_series(1, $2::int) n returning vehicle_id, name),
       d as (insert into devices (fleet_id, name, vehicle_id, secret_hash) select $1, 'box-' || right(name, 5), vehicle_id, ''
         from v returning device_id, right(name, 5)::int as n),
       c as (insert into device_counters (device_id, fleet_id, accepted, last_at, last_received, skew, rejected)
         select device_id, $1, 4000 + n % 700, now(), now(), case when n % 1000 = 0 then -300 else 0.4 end,
           (n % 100 = 0)::int from d)
       insert into device_reasons (device_id, fleet_id, kind, reason, times, last_received)
       select device_id, $1, 'rejected', 'json', 1, now() from d where n % 100 = 0`,
      [fleetId, DEVICES],
    );
    await client.end();
  }

  async function open(
    path: string,
    theme: 'dark' | 'light',
    viewport = { width: 1280, height: 800 },
  ): Promise<Page> {
    const page = await browser.newPage({ viewport });
    await page.goto(`${site.url}${path}${path.includes('?') ? '&' : '?'}theme=${theme}`);
    await page.getByLabel('E-mail').fill(fleet.email('admin'));
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
    await page.locator('main h1').waitFor();
    return page;
  }

  const picture = async (page: Page, name: string) => {
    const folder = process.env.PACELINE_SCREENSHOTS;
    if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png` });
  };

  test.each(['dark', 'light'] as const)(
    'twenty thousand devices are listed, worst first, and accessible, when %s',
    async (theme) => {
      const page = await open('/devices', theme);
      await expect
        .poll(() => page.locator('main header p').textContent(), patient)
        .toMatch(/^20,001 devices, as of \d+ s ago/);
      await expect.poll(() => page.locator('.device-row').nth(1).textContent(), patient).toMatch(/Rejected/);
      // One page of rows is in the page, whatever the number of devices.
      expect(await page.locator('.device-body .device-row').count()).toBeLessThan(80);
      await picture(page, `devices-${theme}`);
      expect(await accessibilityBreaches(page)).toEqual([]);

      await page.getByRole('button', { name: /^Clock \d+/ }).click();
      await expect.poll(() => page.locator('main header p').textContent(), patient).toMatch(/^20 of 20,001/);
      await page.getByLabel('Find a device').fill('box-07000');
      await expect.poll(() => page.locator('.device-body .device-row').count(), patient).toBe(1);
      await page.getByRole('button', { name: 'box-07000' }).click();
      await page.getByRole('heading', { name: 'box-07000' }).waitFor();
      await page.getByText('5 min ahead').first().waitFor();
      await picture(page, `device-${theme}`);
      expect(await accessibilityBreaches(page)).toEqual([]);
      await page.close();
    },
  );

  test('the last of twenty thousand is a scroll away, and arrow keys go from device to device', async () => {
    const page = await open('/devices?sort=device&order=asc', 'dark');
    await page.getByRole('button', { name: 'box-00001' }).focus();
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe('box-00002');
    await page.locator('.device-scroll').hover();
    await page.mouse.wheel(0, 1_000_000);
    await page.getByRole('button', { name: 'paper-device' }).waitFor();
    await page.close();
  });

  test('a device is added in the page, its password shown once, and given a new one', async () => {
    const page = await open('/devices', 'light');
    await page.getByRole('button', { name: 'Add device' }).click();
    await page.getByLabel('Name in its topic').fill('made-by-hand');
    await picture(page, 'device-add');
    expect(await accessibilityBreaches(page)).toEqual([]);
    await page.locator('dialog').getByRole('button', { name: 'Add device' }).click();
    await page.getByText('The password is shown this once.').waitFor();
    await picture(page, 'device-secret');
    expect(await accessibilityBreaches(page)).toEqual([]);
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await page.getByLabel('Find a device').fill('made-by-hand');
    await page.getByRole('button', { name: 'made-by-hand' }).click();
    await page.getByRole('button', { name: 'New password' }).click();
    await page.getByRole('button', { name: 'Make it' }).click();
    await page
      .getByText(/The former password opens until/)
      .first()
      .waitFor();
    await page.close();
  });

  test('a CSV with mistakes says them by line; unknown devices are claimed', async () => {
    const page = await open('/devices', 'dark');
    await page.getByRole('button', { name: 'Import CSV' }).click();
    await page.getByLabel('or its lines').fill('device,vehicle\nfine-1,\nnot fine,\n');
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText('Line 3').waitFor();
    await picture(page, 'device-import');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /^Unknown/ }).click();
    await page.getByRole('button', { name: 'Claim paper-stranger' }).click();
    await page.getByRole('button', { name: 'Claim device' }).click();
    await page.getByText('speaks through a gateway').waitFor();
    await page.close();
  });

  test.each(['dark', 'light'] as const)(
    'the doctor names a format, its units and its fix, when %s',
    async (theme) => {
      const page = await open('/doctor', theme);
      await page
        .getByLabel('Payload, as')
        .fill('{"_type":"location","lat":45.52,"lon":-122.67,"tst":1790000000,"vel":36}');
      await page.getByRole('button', { name: 'Examine' }).click();
      await page.getByRole('heading', { name: '1 fix would be stored' }).waitFor();
      await expect.poll(() => page.locator('.diagnosis').textContent()).toMatch(/OwnTracks.*10 m\/s/);
      await picture(page, `doctor-${theme}`);
      await page.getByLabel('Payload, as').fill('{"loc":[{"p":"45.5,-122.6","when":1790000000}]}');
      await page.getByRole('button', { name: 'Examine' }).click();
      await page.getByRole('heading', { name: 'Nothing would be stored' }).waitFor();
      await expect.poll(() => page.locator('.diagnosis pre').textContent()).toMatch(/"path": "p"/);
      await picture(page, `doctor-mapping-${theme}`);
      expect(await accessibilityBreaches(page)).toEqual([]);
      await page.close();
    },
  );

  test.each(['/devices', '/devices?device=50000', '/doctor'])('%s fits a phone', async (path) => {
    const page = await open(path, 'light', { width: 390, height: 844 });
    await page.waitForLoadState('networkidle').catch(() => {});
    await picture(page, `phone${path.replaceAll(/\W/g, '-')}`);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(await accessibilityBreaches(page)).toEqual([]);
    await page.close();
  });
});
