import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { dashboardFiles } from './build.ts';
import { ingestHealth } from './ingest-health.ts';
import { lintDashboard } from './lint.ts';

const folder = new URL('./grafana/', import.meta.url);

test('dashboards/grafana is what build.ts writes, no more and no less', async () => {
  const files = dashboardFiles();
  expect(await readdir(folder)).toEqual([...files.keys()].sort());
  for (const [name, text] of files) expect(await readFile(new URL(name, folder), 'utf8')).toBe(text);
});

describe('lintDashboard()', () => {
  const changed = (change: object, target: object = {}) => {
    const [panel] = ingestHealth.panels ?? [];
    const [asked] = panel && 'targets' in panel ? (panel.targets ?? []) : [];
    return lintDashboard({
      ...ingestHealth,
      panels: [{ ...panel, targets: [{ ...asked, ...target }], ...change }],
    });
  };

  test.each([
    [{ transformations: [{ id: 'groupBy' }] }, {}, /do groupBy in SQL/],
    [{ type: 'geomap' }, {}, /do not draw geomap/],
    [{ pluginVersion: '13' }, {}, /pluginVersion is not in the profile/],
    [{ datasource: { uid: 'other' } }, {}, /datasource/],
    [{ gridPos: { x: 20, y: 0, w: 8, h: 4 } }, {}, /24 columns/],
    [{}, { rawSql: 'select 1 from fixes' }, /fixes is no view/],
    [{}, { rawSql: 'select 1; select 2' }, /not one select/],
    [{}, { rawSql: 'select time_bucket(at) from v_fix' }, /TimescaleDB alone/],
    [{}, { rawSql: 'select $rows from v_fix' }, /sqlstring/],
  ])('says what is wrong with %j %j', (change, target, wanted) => {
    expect(lintDashboard(ingestHealth)).toEqual([]);
    expect(changed(change, target).join()).toMatch(wanted);
  });
});
