import { readFile } from 'node:fs/promises';
import type { FormatSettings } from '../ingest/formats/mapping-schema.ts';
import { settingsOf } from '../ingest/formats/settings.ts';
import { asError, Fault } from '../schemas/fault.ts';

/** The settings of foreign formats in a file; none when no file is named. */
export async function readFormatSettings(file: string | undefined): Promise<FormatSettings> {
  if (file === undefined) return {};
  const settings = settingsOf(await readJson(file));
  if ('problems' in settings) {
    throw new Fault('input/invalid', `${file} has mistakes:\n  ${settings.problems.join('\n  ')}\n`);
  }
  return settings;
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new Fault('input/invalid', `cannot read ${file}: ${asError(cause).message}`, { cause });
  }
}
