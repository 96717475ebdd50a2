import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Where the real recordings are; they are not part of the repository. */
const folder = process.env.PACELINE_TEST_DATA;

/**
 * Why tests that need recordings are skipped, said once; undefined when they run. With the variable
 * set, a missing file fails the test that reads it.
 */
export function whyNoRecordings(what: string): string | undefined {
  if (folder !== undefined) return undefined;
  console.warn(`skipped because PACELINE_TEST_DATA is not set: ${what}`);
  return 'PACELINE_TEST_DATA is not set';
}

export function recordingPath(file: string): string {
  const path = join(folder ?? '', file);
  if (!existsSync(path)) throw new Error(`PACELINE_TEST_DATA has no ${file}`);
  return path;
}

/** The unpacked text of a gzip file among the recordings. */
export function recordingText(file: string): string {
  return gunzipSync(readFileSync(recordingPath(file))).toString('utf8');
}

/** One row of `gps/*.csv.gz`, in order of arrival. */
export type Recorded = {
  readonly vehicle: string;
  readonly at: number;
  readonly lng: number;
  readonly lat: number;
  /** The whole row: two rows with one text are one report. */
  readonly text: string;
};

export function recordedFixes(file: string): Recorded[] {
  const [, ...rows] = recordingText(file).trimEnd().split(/\r?\n/);
  return rows.map((text) => {
    // Columns that may hold a comma come last, and are not needed.
    const [, vehicle = '', time = '', , lat, lng] = text.split(',');
    return { vehicle, at: Date.parse(time) / 1000, lng: Number(lng), lat: Number(lat), text };
  });
}
