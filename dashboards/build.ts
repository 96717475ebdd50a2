import { writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { driving } from './driving.ts';
import { ingestHealth } from './ingest-health.ts';
import { lintDashboard } from './lint.ts';
import { loadRuns } from './load-runs.ts';

/** Every dashboard. Its JSON is committed, so that Grafana and our page need no build for it. */
export const dashboards = [driving, ingestHealth, loadRuns];

/** The files of grafana/, by name. Throws on what our page could not draw as Grafana does. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  return new Map(
    dashboards.map((dashboard) => {
      const problems = lintDashboard(dashboard);
      if (problems.length > 0) throw new Error(`${dashboard.uid}: ${problems.join('; ')}`);
      return [`${dashboard.uid}.json`, `${JSON.stringify(dashboard, null, 2)}\n`];
    }),
  );
}

// `npx tsx dashboards/build.ts` writes them.
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [name, text] of dashboardFiles()) {
    await writeFile(new URL(`./grafana/${name}`, import.meta.url), text);
  }
}
