import type { Eraser } from '../schemas/eraser.ts';
import { forget } from './storage/forget.ts';
import { forgetHistory } from './storage/forget-history.ts';
import { withClient } from './with-database.ts';

/** Removes personal data from the tables and then from the history. */
export function openEraser(databaseUrl: string, historyUrl: () => Promise<string | undefined>): Eraser {
  return async (asked) => {
    const { rows, spans } = await withClient(databaseUrl, (client) => forget(client, asked));
    const url = asked.isDry ? undefined : await historyUrl();
    return { rows, history: url === undefined ? null : await forgetHistory(url, asked.fleetId, spans) };
  };
}
