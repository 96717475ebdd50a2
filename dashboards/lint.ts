import { expandSql } from './macros.ts';
import { datasource } from './panels.ts';
import { type Variable, variableTypes, variableValues } from './variables.ts';

/**
 * The profile FleetDash-1: the part of Grafana's Classic dashboard JSON that our page draws as
 * Grafana does. Anything else in a file is a mistake, said here rather than seen as a difference.
 */
const allowed = {
  dashboard: [
    'uid',
    'title',
    'description',
    'tags',
    'schemaVersion',
    'editable',
    'timezone',
    'time',
    'timepicker',
    'refresh',
    'graphTooltip',
    'templating',
    'annotations',
    'links',
    'panels',
  ],
  panel: [
    'id',
    'type',
    'title',
    'description',
    'gridPos',
    'datasource',
    'targets',
    'fieldConfig',
    'options',
    'interval',
    'maxDataPoints',
    'links',
    'transparent',
    'transformations',
  ],
  target: ['refId', 'format', 'rawQuery', 'rawSql'],
  field: [
    'unit',
    'decimals',
    'min',
    'max',
    'noValue',
    'displayName',
    'color',
    'thresholds',
    'mappings',
    'links',
    'custom',
  ],
  options: [
    'legend',
    'tooltip',
    'reduceOptions',
    'orientation',
    'textMode',
    'colorMode',
    'graphMode',
    'sortBy',
    'showHeader',
    'rowHeight',
    'showValue',
  ],
  variable: ['name', 'type', 'label', 'description', 'query', 'current', 'multi', 'includeAll', 'hide'],
} as const;

const panelTypes = [
  'timeseries',
  'stat',
  'gauge',
  'bargauge',
  'table',
  'barchart',
  'statetimeline',
  'heatmap',
  'text',
];

type Json = { readonly [key: string]: unknown };

/** What is wrong with a dashboard, one sentence each; empty when it keeps to the profile. */
export function lintDashboard(dashboard: unknown): string[] {
  if (!isObject(dashboard)) return ['it is no object'];
  const problems = strangers('dashboard', dashboard, allowed.dashboard);
  for (const key of ['uid', 'title', 'description']) {
    if (typeof dashboard[key] !== 'string' || dashboard[key] === '') problems.push(`${key} is missing`);
  }
  const variables = list(isObject(dashboard.templating) ? dashboard.templating.list : []);
  for (const variable of variables) problems.push(...lintVariable(variable));
  const panels = list(dashboard.panels);
  const ids = panels.map(({ id }) => id);
  if (new Set(ids).size !== ids.length || ids.some((id) => !Number.isInteger(id))) {
    problems.push('panels need an id each, all different');
  }
  for (const panel of panels) {
    const title = `panel ${JSON.stringify(panel.title)}`;
    problems.push(...lintPanel(panel, variables).map((problem) => `${title}: ${problem}`));
  }
  return problems;
}

function lintVariable(variable: Json): string[] {
  const problems = strangers('variable', variable, allowed.variable);
  if (!(variableTypes as readonly unknown[]).includes(variable.type)) {
    problems.push(
      `variable ${variable.name} has the type ${variable.type}, not one of ${variableTypes.join(', ')}`,
    );
  }
  return problems;
}

function lintPanel(panel: Json, variables: readonly Json[]): string[] {
  const problems = strangers('panel', panel, allowed.panel);
  if (!panelTypes.includes(String(panel.type))) problems.push(`we do not draw ${panel.type}`);
  if (typeof panel.description !== 'string') problems.push('it says not what it answers');
  problems.push(...lintPlace(panel.gridPos));
  if (isObject(panel.options)) problems.push(...strangers('options', panel.options, allowed.options));
  const { defaults, overrides } = isObject(panel.fieldConfig) ? panel.fieldConfig : {};
  if (isObject(defaults)) problems.push(...strangers('field', defaults, allowed.field));
  for (const { matcher } of list(overrides)) {
    if (!isObject(matcher) || !['byName', 'byRegexp'].includes(String(matcher.id))) {
      problems.push('overrides match byName or byRegexp');
    }
  }
  for (const { id } of list(panel.transformations)) {
    if (id !== 'organize') problems.push(`do ${id} in SQL: of transformations we know organize only`);
  }
  if (panel.type === 'text') return problems;
  if (JSON.stringify(panel.datasource) !== JSON.stringify(datasource))
    problems.push('its datasource is not "fleet"');
  const targets = list(panel.targets);
  if (targets.length === 0) problems.push('it asks nothing');
  for (const target of targets) {
    problems.push(...strangers('target', target, allowed.target), ...lintSql(target.rawSql, variables));
  }
  return problems;
}

function lintPlace(place: unknown): string[] {
  if (!isObject(place)) return ['it has no place'];
  const { x, y, w, h } = place;
  const isPlaced = [x, y, w, h].every(Number.isInteger) && Number(x) >= 0 && Number(x) + Number(w) <= 24;
  return isPlaced ? [] : ['its place is not within 24 columns'];
}

/** Views only, one statement, nothing that plain PostgreSQL does not know, macros that we know. */
function lintSql(sql: unknown, variables: readonly Json[]): string[] {
  if (typeof sql !== 'string') return ['its SQL is missing'];
  const problems: string[] = [];
  if (!/^\s*(select|with)\b/i.test(sql) || sql.includes(';')) problems.push('its SQL is not one select');
  if (/time_bucket/i.test(sql))
    problems.push('time_bucket is of TimescaleDB alone; use $__timeGroup or date_bin');
  const ctes = [...sql.matchAll(/(?:with|,)\s*(\w+)\s+as\s*\(/gi)].map(([, name]) => name);
  for (const [, name = ''] of sql.matchAll(/\b(?:from|join)\s+([a-z_]\w*)(?!\s*\()/gi)) {
    const isColumnOfExtract = ['minute', 'received', 'at'].includes(name);
    if (!name.startsWith('v_') && !ctes.includes(name) && !isColumnOfExtract)
      problems.push(`${name} is no view`);
  }
  const checked = variableValues(variables as readonly unknown[] as readonly Variable[], {});
  try {
    if ('values' in checked) expandSql(sql, { from: 0, until: 60, interval: 60, variables: checked.values });
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  return problems;
}

function strangers(what: string, value: Json, known: readonly string[]): string[] {
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => `${what}.${key} is not in the profile`);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
