import { readdir, readFile } from 'node:fs/promises';
import type { Log } from '../../schemas/program.ts';
import type { Dashboard, Panel } from '../grafana-types.ts';
import { lintDashboard } from '../lint.ts';

/** The dashboards of a folder, by uid; read again when asked after a while, so a new file just appears. */
export type DashboardFiles = () => Promise<ReadonlyMap<string, Dashboard>>;

const freshSeconds = 5;

export function openDashboardFiles(folder: URL, now: () => number, log: Log): DashboardFiles {
  let kept: { readonly at: number; readonly files: Promise<ReadonlyMap<string, Dashboard>> } | undefined;
  return () => {
    if (!kept || now() - kept.at > freshSeconds) kept = { at: now(), files: readAll(folder, log) };
    return kept.files;
  };
}

/** A file that is no dashboard of the profile is left out, and the log says why. */
async function readAll(folder: URL, log: Log): Promise<ReadonlyMap<string, Dashboard>> {
  const names = await readdir(folder).catch(() => []);
  const dashboards = new Map<string, Dashboard>();
  for (const file of names.filter((name) => name.endsWith('.json')).sort()) {
    const problems: string[] = [];
    try {
      const dashboard: Dashboard = JSON.parse(await readFile(new URL(file, folder), 'utf8'));
      problems.push(...lintDashboard(dashboard));
      if (problems.length === 0) dashboards.set(dashboard.uid ?? file, dashboard);
    } catch (error) {
      problems.push(String(error));
    }
    if (problems.length > 0) log.warn({ file, problems }, 'dashboard left out');
  }
  return dashboards;
}

/** The panel with this id, also within a collapsed row. */
export function panelOf(dashboard: Dashboard, panelId: number): Panel | undefined {
  const panels = (dashboard.panels ?? []).flatMap((panel) =>
    'panels' in panel ? [panel, ...panel.panels] : [panel],
  );
  return panels.find((panel): panel is Panel => panel.id === panelId && 'targets' in panel);
}
