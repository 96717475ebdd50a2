import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../config.ts';
import { type K6, runK6 } from '../load/k6-program.ts';
import type { LoadSetup } from '../load/setup.ts';

/** Messages a second that k6's gateways get acknowledged by a broker that admits everybody. */
export async function k6Rate(
  k6: K6,
  environment: Environment,
  broker: { readonly port: number; readonly seconds: number; readonly signal: AbortSignal },
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'paceline-k6-'));
  const setup: LoadSetup = {
    summaryFile: join(folder, 'summary.json'),
    ...{ dashboardUrl: '', user: { email: '', password: '' }, mqttUrl: `mqtt://127.0.0.1:${broker.port}` },
    ...{ gateway: { username: '', password: '' }, scenario: 'bench', fleet: 'bench', vans: 200 },
    ...{ intervalSeconds: 5, origin: { lng: -97.5, lat: 41.2 }, users: 4, seconds: broker.seconds },
    ...{ rate: 0, decides: false },
  };
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const given = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  try {
    await runK6({
      k6,
      script: fileURLToPath(new URL(`../load/k6/mqtt.${extension}`, import.meta.url)),
      environment: { ...Object.fromEntries(given), PACELINE_LOAD: JSON.stringify(setup) },
      signal: broker.signal,
      onLine: () => {},
    });
    const summary = JSON.parse(await readFile(setup.summaryFile, 'utf8'));
    return summary.metrics.mqtt_acknowledged.values.count / broker.seconds;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
