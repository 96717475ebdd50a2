import { runEngine } from '../../engine/main.ts';
import { programCommand } from '../run-program.ts';
import { openEngineStore } from '../store/engine-store.ts';
import { mqttFor } from '../wiring.ts';

export const command = programCommand(
  'engine',
  'fixes to conclusions, alone',
  `Works out from the stored fixes what they mean (PACELINE_ENGINE_THREADS) and publishes it live, until
Ctrl-C.`,
  async ({ config, databaseUrl, context }) => {
    await using store = await openEngineStore(databaseUrl);
    await runEngine({ mqtt: await mqttFor(config), threads: config.engineThreads }, store, context);
  },
);
