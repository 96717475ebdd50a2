import type { LoadSetup } from '../setup.ts';

/** What `paceline load` asks for. */
export const given: LoadSetup = JSON.parse(__ENV.PACELINE_LOAD ?? '{}');

/** Which quantiles the summary has. */
export const trendStats = ['med', 'p(90)', 'p(95)', 'p(99)', 'max'];

/** k6 calls it at the end: everything it measured goes to the program that started it. */
export function handleSummary(data: unknown): Record<string, string> {
  return { [given.summaryFile]: JSON.stringify(data) };
}
