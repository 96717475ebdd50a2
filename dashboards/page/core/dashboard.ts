/** The part of Grafana's Classic dashboard JSON that this page draws. */
export type ThresholdStep = { readonly color: string; readonly value: number | null };

export type Field = {
  readonly unit?: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  readonly noValue?: string;
  readonly displayName?: string;
  readonly color?: { readonly mode?: string; readonly fixedColor?: string };
  readonly thresholds?: { readonly mode?: string; readonly steps: readonly ThresholdStep[] };
  readonly mappings?: readonly {
    readonly type: string;
    readonly options: Readonly<Record<string, { readonly text?: string; readonly color?: string }>>;
  }[];
  readonly custom?: Readonly<Record<string, unknown>>;
};

export type PanelOptions = {
  readonly legend?: {
    readonly displayMode?: string;
    readonly placement?: string;
    readonly calcs?: readonly string[];
    readonly showLegend?: boolean;
  };
  readonly reduceOptions?: { readonly calcs?: readonly string[]; readonly values?: boolean };
  readonly orientation?: string;
  readonly colorMode?: string;
  readonly graphMode?: string;
  readonly sortBy?: readonly { readonly displayName: string; readonly desc?: boolean }[];
  readonly content?: string;
};

export type Panel = {
  readonly id: number;
  readonly type: string;
  readonly title?: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly collapsed?: boolean;
  readonly panels?: readonly Panel[];
  readonly fieldConfig?: {
    readonly defaults?: Field;
    readonly overrides?: readonly {
      readonly matcher: { readonly id: string; readonly options?: unknown };
      readonly properties: readonly { readonly id: string; readonly value?: unknown }[];
    }[];
  };
  readonly options?: PanelOptions;
};

export type Variable = {
  readonly name: string;
  readonly type: string;
  readonly label?: string;
  readonly query?: unknown;
  readonly current?: { readonly value?: unknown };
  readonly hide?: number;
};

export type Dashboard = {
  readonly uid: string;
  readonly title: string;
  readonly description?: string;
  readonly time?: { readonly from: string; readonly to: string };
  readonly refresh?: string | false;
  readonly timepicker?: { readonly refresh_intervals?: readonly string[] };
  readonly templating?: { readonly list?: readonly Variable[] };
  readonly panels: readonly Panel[];
};

/** Panels under one heading; `row` is undefined for those before the first. */
export type Section = { readonly row: Panel | undefined; readonly panels: readonly Panel[] };

/** Rows open sections: a folded row holds its panels itself, an open one is followed by them. */
export function sections({ panels }: Dashboard): Section[] {
  const inOrder = [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x);
  const found: { row: Panel | undefined; panels: Panel[] }[] = [{ row: undefined, panels: [] }];
  for (const panel of inOrder) {
    if (panel.type === 'row') found.push({ row: panel, panels: [...(panel.panels ?? [])] });
    else found.at(-1)!.panels.push(panel);
  }
  return found.filter(({ row, panels: inside }) => row !== undefined || inside.length > 0);
}

/** How one column is shown: the panel's defaults, then every override that names it, in order. */
export function fieldOf({ fieldConfig }: Panel, column: string): Field {
  const field: Record<string, unknown> = { ...fieldConfig?.defaults };
  for (const { matcher, properties } of fieldConfig?.overrides ?? []) {
    if (!isMatch(matcher, column)) continue;
    for (const { id, value } of properties) {
      const custom = /^custom\.(.+)$/.exec(id)?.[1];
      if (custom === undefined) field[id] = value;
      else field.custom = { ...(field.custom as object | undefined), [custom]: value };
    }
  }
  return field as Field;
}

function isMatch(
  { id, options }: { readonly id: string; readonly options?: unknown },
  column: string,
): boolean {
  if (id === 'byName') return options === column;
  if (id !== 'byRegexp' || typeof options !== 'string') return false;
  try {
    return new RegExp(options.replace(/^\/(.*)\/\w*$/, '$1')).test(column);
  } catch {
    return false;
  }
}

/** The colour of the highest threshold that the value reaches. */
export function thresholdColour(field: Field, value: number | null): string | undefined {
  const steps = field.thresholds?.steps ?? [];
  let colour: string | undefined;
  for (const step of steps) {
    if (step.value === null || (value !== null && value >= step.value)) colour = step.color;
  }
  return colour;
}

/** Choices of a custom variable: "20,100" or "few : 20, many : 100". */
export function customChoices({ query }: Variable): { readonly text: string; readonly value: string }[] {
  if (typeof query !== 'string') return [];
  return query.split(',').map((part) => {
    const [text = '', value] = part.split(/\s:\s/).map((each) => each.trim());
    return { text, value: value ?? text };
  });
}
