import type { LoadKind, LoadSetup } from './setup.ts';

/** What k6 hands to handleSummary, as far as we use it. */
type Summary = {
  readonly metrics: Readonly<
    Record<
      string,
      {
        readonly type: string;
        readonly contains: string;
        readonly values: Readonly<Record<string, number>>;
        readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
      }
    >
  >;
  readonly state: { readonly testRunDurationMs: number };
};

/** What came of a load run. */
export type LoadFigures = {
  readonly kind: LoadKind;
  readonly fleet: string;
  readonly vans: number;
  readonly users: number;
  /** Seconds asked for, and seconds it took. */
  readonly seconds: number;
  readonly tookSeconds: number;
  /** Asked for in a second; 0: as many as are answered. */
  readonly rate: number;
  readonly k6: string;
  readonly passed: boolean;
  /** mqtt: fixes of this run in the table, and acknowledged ones that are not there. */
  readonly stored?: number | undefined;
  readonly lost?: number | undefined;
  readonly thresholds: readonly {
    readonly metric: string;
    readonly bar: string;
    readonly isMet: boolean;
  }[];
  /** By k6’s names; times in ms, rates per second. */
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
};

/** Of the many things k6 measures by itself: what says something about the platform. */
const telling = /^(http_req_duration|http_req_failed|http_reqs|checks|dropped_iterations|live_|mqtt_)/;

export function loadFigures(
  kind: LoadKind,
  { fleet, vans, users, seconds, rate }: LoadSetup,
  k6: string,
  summary: Summary,
): LoadFigures {
  const all = Object.entries(summary.metrics).sort(([a], [b]) => (a < b ? -1 : 1));
  const thresholds = all.flatMap(([metric, { thresholds: bars = {} }]) =>
    Object.entries(bars).map(([bar, { ok }]) => ({ metric, bar, isMet: ok })),
  );
  const metrics = all
    .filter(([name, { values }]) => telling.test(name) && Object.keys(values).length > 0)
    .map(([name, { values }]) => [
      name,
      Object.fromEntries(Object.entries(values).map(([key, value]) => [key, rounded(value)])),
    ]);
  return {
    kind,
    fleet,
    vans,
    users,
    seconds,
    tookSeconds: rounded(summary.state.testRunDurationMs / 1000),
    rate,
    k6,
    passed: thresholds.every(({ isMet }) => isMet),
    thresholds,
    metrics: Object.fromEntries(metrics),
  };
}

/** The same with what the table says; something lost is a failure like a missed threshold. */
export function withStored(figures: LoadFigures, stored: number, acknowledged: number): LoadFigures {
  const lost = Math.max(0, acknowledged - stored);
  return { ...figures, stored, lost, passed: figures.passed && lost === 0 };
}

/** For a person: a line for each metric, then a line for each threshold. */
export function linesOf({ metrics, thresholds, stored, lost }: LoadFigures): string[] {
  const width = Math.max(
    ...[...Object.keys(metrics), ...thresholds.map(({ metric }) => metric)].map((name) => name.length),
  );
  return [
    ...Object.entries(metrics).map(
      ([name, values]) =>
        `${name.padEnd(width)}  ${Object.entries(values)
          .map(([key, value]) => `${key} ${value}`)
          .join('  ')}`,
    ),
    ...(stored === undefined ? [] : [`${'stored'.padEnd(width)}  ${stored}  lost ${lost}`]),
    ...thresholds.map(
      ({ metric, bar, isMet }) => `${metric.padEnd(width)}  ${bar}  ${isMet ? 'met' : 'NOT met'}`,
    ),
  ];
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;
