import { fileURLToPath } from 'node:url';
import { runWeb } from '../../dashboards/server/main.ts';
import { openDoctor } from '../doctor.ts';
import { openEraser } from '../eraser.ts';
import { fenceDesk } from '../fence-desk.ts';
import { readFormatSettings } from '../format-settings.ts';
import { programCommand } from '../run-program.ts';
import { readCertificates } from '../tls.ts';
import { clickhouseFor, jwtSecretFor, mqttFor } from '../wiring.ts';

/** Where the build puts the page, from the sources and from what is built. */
const page = import.meta.url.endsWith('.ts') ? '../../dist/page/' : '../../page/';

export const command = programCommand(
  'web',
  'pages, API and live push, alone',
  'Serves pages and API on HOST and PORT, until Ctrl-C.',
  async ({ config, databaseUrl, context }) => {
    const mqtt = await mqttFor(config);
    await runWeb(
      {
        databaseUrl,
        clickhouse: await clickhouseFor(config),
        mqtt,
        eraser: openEraser(databaseUrl, async () => (await clickhouseFor(config))?.url),
        fences: fenceDesk,
        doctor: openDoctor(await readFormatSettings(config.formatsFile), mqtt),
        host: config.http.host,
        port: config.http.port,
        tls: await readCertificates(config),
        requestsPerMinute: config.http.requestsPerMinute,
        jwtSecret: await jwtSecretFor(config),
        basemapFile: config.basemapFile,
        staticDir: fileURLToPath(new URL(page, import.meta.url)),
      },
      context,
    );
  },
);
