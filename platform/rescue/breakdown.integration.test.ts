import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PaceRow, ProposalRow, RescueRow, RouteDetail } from '../../dashboards/api.ts';
import { readCredentials } from '../data-folder.ts';
import { startTree, type Tree } from '../kills/tree.ts';
import { accessibilityBreaches, findChromium, noBrowserReason, openBrowser } from '../testing/browser.ts';
import { apiOf, driveShift, stagedClock, stageShift } from './testing/staged-day.ts';

const isBuilt = existsSync('dist/page/index.html');
const missing = isBuilt ? (findChromium() === undefined ? noBrowserReason : '') : 'dist/page is not built';
if (missing !== '') console.warn(`the test of a breakdown in a browser is skipped: ${missing}`);

/** Everything is waited for; a busy machine takes its time. */
const patient = { timeout: 120_000, interval: 100 };
const HOUR = 3600;

describe.skipIf(missing !== '')('a van breaks down at one o’clock', () => {
  let folder: string;
  let tree: Tree;
  let browser: Browser;
  let staged: Awaited<ReturnType<typeof stageShift>>;
  const ended = new AbortController();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'paceline-breakdown-'));
    staged = await stageShift('one-breakdown', folder, 12);
    const { DATABASE_URL: _, CLICKHOUSE_URL: __, MQTT_URL: ___, ...environment } = process.env;
    tree = await startTree({
      dataFolder: folder,
      mqttPort: 0,
      environment: { ...environment, PACELINE_BASEMAP: staged.basemapFile, CLICKHOUSE_URL: 'off' },
      flags: ['--no-simulator'],
    });
    browser = (await openBrowser())!;
  }, 180_000);

  afterAll(async () => {
    ended.abort();
    await browser?.close();
    await tree?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  async function photograph(page: Page, name: string): Promise<void> {
    const { PACELINE_SCREENSHOTS: to } = process.env;
    if (to) await page.screenshot({ path: join(to, `${name}.png`) });
  }

  test('the platform proposes who takes over, a dispatcher accepts, the vans meet, and every stop is served', async () => {
    const { dashboardUrl } = await tree.run();
    const { users } = await readCredentials(folder);
    const user = users.find(({ fleet, role }) => fleet === 'demo' && role === 'dispatcher')!;
    const api = await apiOf(dashboardUrl, user);
    const shiftStart = staged.config.startAt;
    const clock = stagedClock(shiftStart + 4.2 * HOUR);
    const back = driveShift(tree, folder, staged, { clock, signal: ended.signal });
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(dashboardUrl);
    await page.getByLabel('E-mail').fill(user.email);
    await page.getByLabel('Password').fill(user.password);
    await page.keyboard.press('Enter');
    await page.getByText('9 routes').waitFor(patient);

    // The morning is behind the vans, and one of them stands since one o’clock; nobody was asked for help.
    const paces = () => api<PaceRow[]>('pace');
    const seen = shiftStart + 4.2 * HOUR - 60;
    const upToDate = async () => (await paces()).filter(({ lastSeen }) => (lastSeen ?? 0) > seen).length;
    await expect.poll(upToDate, patient).toBeGreaterThanOrEqual(8);
    const rescueOf = async (): Promise<ProposalRow | undefined> =>
      (await api<ProposalRow[]>('proposals?open=true')).find(
        ({ route, kind }) => kind === 'rescue' && route === 'R004',
      );
    expect(await rescueOf()).toBeUndefined();

    // The driver calls; the dispatcher says so, and asks nobody yet.
    const stands = (await paces()).find(({ route }) => route === 'R004')!;
    await api(`vehicles/${stands.vehicleId}/out-of-service`, { reason: 'broken down, the driver called' });
    clock.run(30);
    await expect.poll(async () => (await rescueOf())?.detail?.cause, patient).toBe('out_of_service');
    clock.run(1);
    expect(clock.now() - shiftStart).toBeGreaterThan(4 * HOUR);
    const proposal = (await rescueOf())!;
    const { choices } = proposal.detail!;
    const [best] = choices;
    const moved = best!.parts.flatMap(({ stopIds }) => stopIds);
    const before = (await paces()).find(({ route }) => route === 'R004')!;
    expect(moved.length).toBeGreaterThan(10);

    // What the dispatcher sees: who, at what price, and where.
    await page.getByRole('tab', { name: /^Proposals/ }).click();
    const card = page.locator('.card.proposal', { hasText: 'R004' });
    await card.waitFor(patient);
    const words = (await card.textContent()) ?? '';
    expect(words).toContain('is out of service');
    for (const { helperRoute } of best!.parts) expect(words).toContain(helperRoute);
    expect(words).toMatch(/Price to R\d+/);
    expect(await card.getByRole('radio').count()).toBe(choices.length);
    await card.getByRole('button', { name: 'Preview on map' }).click();
    await page.locator('.card.previewed').waitFor(patient);
    await expect
      .poll(() => page.evaluate('window.__paceline.proposalLines'), patient)
      .toBeGreaterThanOrEqual(2 * best!.parts.length);
    expect(await accessibilityBreaches(page)).toEqual([]);
    await photograph(page, 'proposed');

    // A script in place of the dispatcher’s click; the page hears of it.
    await api(`proposals/${proposal.proposalId}/accept`, { choice: 0 });
    await card.waitFor({ ...patient, state: 'detached' });
    const agreed = page.locator('.card.rescue', { hasText: 'R004' });
    await agreed.waitFor(patient);
    const helper = best!.parts[0]!;
    const routeOf = (routeId: number) => api<RouteDetail>(`routes/${routeId}`);
    const given = await routeOf(helper.helperRouteId);
    expect(given.version).toBe(helper.helperVersion + 1);
    expect(given.stops.map(({ stopId }) => stopId)).toEqual(expect.arrayContaining(helper.stopIds));
    await agreed.getByRole('button', { name: helper.helperRoute }).first().click();
    await page.getByText(`version ${given.version}`).waitFor(patient);
    expect(await page.locator('.stops tbody tr').count()).toBe(given.stops.length);
    await photograph(page, 'accepted');

    // They meet where the van stands.
    const rescues = () => api<RescueRow[]>('rescues');
    clock.run(240);
    await expect
      .poll(async () => (await rescues()).map(({ state }) => state), patient)
      .toEqual(best!.parts.map(() => 'done'));
    clock.run(600);
    await back;
    const stopsOf = async () =>
      (await Promise.all(best!.parts.map((part) => routeOf(part.helperRouteId)))).flatMap(
        ({ stops }) => stops,
      );
    await expect
      .poll(
        async () => (await stopsOf()).filter(({ arrivedAt }) => arrivedAt === null).map(({ code }) => code),
        patient,
      )
      .toEqual([]);
    await expect
      .poll(
        async () => (await rescues()).map(({ stopsServed, stopsMoved }) => stopsMoved - stopsServed),
        patient,
      )
      .toEqual(best!.parts.map(() => 0));
    const giver = await routeOf(before.routeId);
    expect(giver.stops.filter(({ arrivedAt }) => arrivedAt === null)).toEqual([]);
    await page.getByRole('tab', { name: /^Proposals/ }).click();
    await expect
      .poll(() => agreed.textContent(), patient)
      .toMatch(new RegExp(`${helper.stopIds.length} of ${helper.stopIds.length} served`));
    await photograph(page, 'finished');
    await page.close();
  }, 300_000);
});
