import { runIngest } from '../../ingest/main.ts';
import { readFormatSettings } from '../format-settings.ts';
import { programCommand } from '../run-program.ts';
import { readCertificates } from '../tls.ts';
import { serviceCredential } from '../wiring.ts';

export const command = programCommand(
  'ingest',
  'from the wire to the tables, alone',
  `Takes fixes from our own broker (MQTT_HOST, MQTT_PORT) or from MQTT_URL, from Teltonika devices over TCP
(TELTONIKA_PORT) and over HTTP (HTTP_INGEST_PORT), stores them and then acknowledges them, until Ctrl-C.`,
  async ({ config, databaseUrl, context }) => {
    const certificates = await readCertificates(config);
    await runIngest(
      {
        databaseUrl,
        source: config.source,
        broker: config.broker,
        serviceCredential: await serviceCredential(config),
        teltonika: config.teltonika,
        http: config.httpIngest,
        tls: certificates && config.tls && { ...certificates, mqtt: config.tls.mqtt },
        formats: await readFormatSettings(config.formatsFile),
      },
      context,
    );
  },
);
