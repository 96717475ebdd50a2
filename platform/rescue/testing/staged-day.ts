import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLog } from '../../../schemas/program.ts';
import { basemap } from '../../../simulator/city/basemap.ts';
import { type PreparedShift, prepareShift, runSimulator } from '../../../simulator/main.ts';
import { planPortions } from '../../../simulator/van/copies.ts';
import { readCredentials } from '../../data-folder.ts';
import type { Tree } from '../../kills/tree.ts';
import { writePlan } from '../../store/plan-store.ts';
import { withClient } from '../../with-database.ts';

/** A clock whose speed can be changed while it runs. */
export function stagedClock(start: number) {
  let base = start;
  let speed = 1;
  let since = performance.now();
  const now = (): number => base + ((performance.now() - since) / 1000) * speed;
  return {
    now,
    run: (faster: number): void => {
      base = now();
      since = performance.now();
      speed = faster;
    },
  };
}

export type StagedClock = ReturnType<typeof stagedClock>;

/** A shift of a scenario whose first vans leave at nine in their town, and whose day is over by now. */
export async function stageShift(scenarioName: string, folder: string, hoursAgo: number) {
  const startAt = Math.floor(Date.now() / 3_600_000 - hoursAgo) * 3600;
  const { scenarios } = await import('../../../simulator/scenario/scenario.ts');
  const scenario = { ...scenarios[scenarioName]!, timeZone: zoneWhere(startAt, 9) };
  const scenarioFile = join(folder, 'scenario.json');
  await writeFile(scenarioFile, JSON.stringify(scenario));
  const config = {
    ...{ scenario: scenarioFile, startAt, broker: { url: '' } },
    ledgerFile: join(folder, 'ledger.tsv'),
    truthFile: join(folder, 'truth.ndjson'),
  };
  const shift = prepareShift(config, startAt);
  const basemapFile = join(folder, 'basemap.json');
  await writeFile(basemapFile, JSON.stringify(basemap(shift.city)));
  return { config, shift, basemapFile };
}

/** Time zones of whole hours are named the other way round: Etc/GMT-3 is three hours ahead. */
function zoneWhere(at: number, hour: number): string {
  const ahead = ((hour - (Math.floor(at / 3600) % 24) + 36) % 24) - 12;
  return ahead === 0 ? 'UTC' : `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`;
}

/** Writes the plan, and lets the fleet drive by this clock; resolves when every van is back. */
export async function driveShift(
  tree: Tree,
  dataFolder: string,
  { config, shift }: { readonly config: { readonly ledgerFile: string }; readonly shift: PreparedShift },
  { clock, signal }: { readonly clock: StagedClock; readonly signal: AbortSignal },
) {
  const { databaseUrl, mqttUrl } = await tree.run();
  await withClient(databaseUrl, async (client) => {
    for (const portion of planPortions(shift.scenario, shift.plan)) await writePlan(client, portion);
  });
  const { gateways } = await readCredentials(dataFolder);
  const { username, password } = gateways.find(({ fleet }) => fleet === shift.scenario.fleet)!;
  const broker = { url: mqttUrl, username, password };
  const context = { signal, log: silentLog, now: clock.now, ready() {} };
  return runSimulator({ ...config, broker }, context, { shift });
}

/** What a script of a dispatcher does over the API. */
export async function apiOf(url: string, { email, password }: { email: string; password: string }) {
  const login = await fetch(`${url}api/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  if (!login.ok) throw new Error(`${login.status} at log-in: ${await login.text()}`);
  const cookie = login.headers.getSetCookie().map((each) => each.split(';')[0]!);
  return async <Answer>(path: string, body?: unknown): Promise<Answer> => {
    const answer = await fetch(`${url}api/${path}`, {
      headers: { cookie: cookie.join('; '), 'content-type': 'application/json' },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${answer.status} at ${path}: ${await answer.text()}`);
    return (await answer.json()) as Answer;
  };
}
