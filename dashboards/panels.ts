import type { Dashboard, FieldConfig, Panel, StatPanelOptions, TimeSeriesOptions } from './grafana-types.ts';

/** The few kinds of panel that we use, in Grafana's Classic form (profile FleetDash-1, see lint.ts). */

/** The data source both renderers know: ours, and the one provisioned to Grafana. */
export const datasource = { type: 'grafana-postgresql-datasource', uid: 'fleet' };

export type PanelSpec = {
  readonly title: string;
  /** What it answers, and what to do when it looks bad. */
  readonly description: string;
  /** Columns of 24, and rows of 30 pixels. */
  readonly at: readonly [x: number, y: number, width: number, height: number];
  readonly sql: string;
  readonly field?: FieldConfig;
  /** Per column, by name. */
  readonly fields?: Readonly<Record<string, FieldConfig>>;
};

/** Lines over time: the query gives "time" and a column per line. */
export function timeSeries(spec: PanelSpec & { readonly drawn?: 'line' | 'bars' }): Panel {
  const options: TimeSeriesOptions = {
    legend: { calcs: ['lastNotNull', 'max'], displayMode: 'list', placement: 'bottom', showLegend: true },
    tooltip: { mode: 'multi', sort: 'desc' },
  };
  return {
    ...panel('timeseries', spec, {
      custom: { drawStyle: spec.drawn ?? 'line', fillOpacity: 10, lineWidth: 1 },
    }),
    interval: '1m',
    maxDataPoints: 600,
    options,
  };
}

/** One number, large, with its course behind it. */
export function stat(spec: PanelSpec): Panel {
  const options: StatPanelOptions = {
    reduceOptions: { calcs: ['lastNotNull'], values: false },
    colorMode: 'value',
    graphMode: 'area',
    textMode: 'value',
    orientation: 'auto',
  };
  return { ...panel('stat', spec, {}), interval: '1m', options };
}

/** Rows as they come. */
export function table(spec: PanelSpec & { readonly sortBy?: string }): Panel {
  const sortBy = spec.sortBy === undefined ? [] : [{ displayName: spec.sortBy, desc: true }];
  return { ...panel('table', spec, {}), options: { showHeader: true, sortBy } };
}

/** A bar per row: the first column names it, the others are its lengths. */
export function barChart(spec: PanelSpec): Panel {
  return {
    ...panel('barchart', spec, {}),
    options: {
      orientation: 'horizontal',
      showValue: 'auto',
      legend: { calcs: [], displayMode: 'list', placement: 'bottom', showLegend: false },
    },
  };
}

function panel(type: string, spec: PanelSpec, field: FieldConfig): Panel {
  const [x, y, w, h] = spec.at;
  const overrides = Object.entries(spec.fields ?? {}).map(
    ([name, { unit, decimals, displayName, thresholds }]) => ({
      matcher: { id: 'byName', options: name },
      properties: Object.entries({ unit, decimals, displayName, thresholds }).flatMap(([id, value]) =>
        value === undefined ? [] : [{ id, value }],
      ),
    }),
  );
  return {
    type,
    title: spec.title,
    description: spec.description,
    gridPos: { x, y, w, h },
    datasource,
    targets: [
      {
        refId: 'A',
        format: type === 'timeseries' ? 'time_series' : 'table',
        rawQuery: true,
        rawSql: spec.sql.trim(),
      },
    ],
    fieldConfig: { defaults: { ...field, ...spec.field }, overrides },
  };
}

/** Green up to `warn`, amber up to `bad`, red from there. */
export function atMost(warn: number, bad: number): FieldConfig {
  return {
    color: { mode: 'thresholds' },
    thresholds: {
      mode: 'absolute',
      steps: [
        { color: 'green', value: null },
        { color: 'orange', value: warn },
        { color: 'red', value: bad },
      ],
    },
  };
}

/** A dashboard of these panels, numbered in their order. */
export function dashboard(spec: {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: string[];
  readonly from: string;
  readonly refresh: string;
  readonly variables?: NonNullable<Dashboard['templating']>['list'];
  readonly panels: readonly Panel[];
}): Dashboard {
  return {
    uid: spec.uid,
    title: spec.title,
    description: spec.description,
    tags: spec.tags,
    // Version 39 is what Grafana 10.3 writes; later ones read it.
    schemaVersion: 39,
    editable: false,
    timezone: 'browser',
    time: { from: spec.from, to: 'now' },
    timepicker: { refresh_intervals: ['5s', '10s', '30s', '1m', '5m'] },
    refresh: spec.refresh,
    graphTooltip: 1,
    templating: { list: spec.variables ?? [] },
    annotations: { list: [] },
    links: [],
    panels: spec.panels.map((one, i) => ({ id: i + 1, ...one })),
  };
}
