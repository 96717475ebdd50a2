// Writes the JSON Schemas that device makers build against, from the schemas the decoder uses.
import { mkdirSync, writeFileSync } from 'node:fs';
import { Answer, Command, RouteMessage } from '../dist/schemas/down.js';
import { GatewayMessage, OwnMessage, StopReport } from '../dist/schemas/fix.js';

const folder = new URL('../schemas/json/', import.meta.url);
mkdirSync(folder, { recursive: true });
const documents = {
  'own-message': OwnMessage,
  'gateway-message': GatewayMessage,
  'stop-report': StopReport,
  command: Command,
  route: RouteMessage,
  answer: Answer,
};
for (const [name, schema] of Object.entries(documents)) {
  const document = { $schema: 'https://json-schema.org/draft/2020-12/schema', ...schema };
  writeFileSync(new URL(`${name}.schema.json`, folder), `${JSON.stringify(document, null, 2)}\n`);
}
