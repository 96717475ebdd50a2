import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';

const usualPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

export const noBrowserReason =
  'no Chromium found: set PACELINE_CHROMIUM to one, or install Debian’s package "chromium"';

/** Path of the Chromium to test with: `PACELINE_CHROMIUM`, else the first of the usual places. */
export function findChromium(): string | undefined {
  const named = process.env.PACELINE_CHROMIUM;
  if (named !== undefined && named !== '') return existsSync(named) ? named : undefined;
  return usualPlaces.find((path) => existsSync(path));
}

/**
 * A headless Chromium with WebGL 2 in software, that can reach this machine and nothing else. Answers
 * undefined, and prints why, where there is none.
 */
export async function openBrowser(): Promise<Browser | undefined> {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    console.warn(noBrowserReason);
    return undefined;
  }
  return chromium.launch({
    executablePath,
    args: [
      // Chromium's sandbox refuses to run as root, as containers do.
      '--no-sandbox',
      '--use-angle=swiftshader',
      '--enable-unsafe-swiftshader',
      '--disable-background-networking',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
    ],
  });
}

/** Requests the page makes to anywhere but this machine, as they happen. */
export function requestsElsewhere(page: Page): string[] {
  const found: string[] = [];
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    const isHere = hostname === '127.0.0.1' || hostname === 'localhost';
    if (/^(http|ws)/.test(protocol) && !isHere) found.push(request.url());
  });
  return found;
}

type Violation = {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { html: string }[];
};

/** Serious and critical breaches of accessibility that axe-core finds on the page, one line each. */
export async function accessibilityBreaches(page: Page): Promise<string[]> {
  // Evaluated rather than added as a script: the page's content policy allows no inline scripts.
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  const violations = (await page.evaluate('axe.run().then((result) => result.violations)')) as Violation[];
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}
