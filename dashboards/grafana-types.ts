import type {
  Dashboard as GrafanaDashboard,
  FieldConfig as GrafanaFieldConfig,
  Panel as GrafanaPanel,
  SingleStatBaseOptions,
  VizLegendOptions,
  VizTooltipOptions,
} from '@grafana/schema';

/**
 * Grafana's own types, as one writes them in JSON: its enums are the strings they stand for. Types
 * only, so nothing of Grafana is there at run time.
 */
type Written<T> = T extends string
  ? `${T}`
  : T extends readonly (infer Item)[]
    ? Written<Item>[]
    : T extends object
      ? { [Key in keyof T]: Written<T[Key]> }
      : T;

export type Dashboard = Written<GrafanaDashboard>;
export type Panel = Written<GrafanaPanel>;
export type FieldConfig = Written<GrafanaFieldConfig>;
export type TimeSeriesOptions = Written<{ legend: VizLegendOptions; tooltip: VizTooltipOptions }>;
export type StatPanelOptions = Written<SingleStatBaseOptions> & {
  readonly colorMode: 'none' | 'value' | 'background';
  readonly graphMode: 'none' | 'line' | 'area';
  readonly textMode: 'auto' | 'value' | 'value_and_name' | 'name' | 'none';
};
