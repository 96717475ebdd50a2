import type { AcceptanceReport } from '../../simulator/report/report.ts';
import type { LoadFigures } from '../load/figures.ts';

/** Who made the load: the simulator against any broker, the demo of `start`, or k6. */
export type RunKind = 'simulate' | 'demo' | 'http' | 'live' | 'mqtt';

export type Machine = {
  readonly cpus: number;
  readonly cpuModel: string;
  readonly memoryMb: number;
  readonly node: string;
  readonly os: string;
};

/** Numbers by name, with the unit in the name. */
export type Figures = Readonly<Record<string, number>>;

/** One run of a load: what, of which version, where, and what came of it. */
export type LoadRun = {
  readonly kind: RunKind;
  readonly scenario: string;
  readonly seed: string;
  readonly fleet: string;
  readonly vans: number;
  /** Instants of the wall clock. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly platformVersion: string;
  /** Undefined outside of a checkout. */
  readonly gitVersion: string | undefined;
  readonly machine: Machine;
  readonly figures: Figures;
};

type Shares = { readonly precision: number; readonly recall: number } | undefined;

/** What the book takes from an acceptance report. */
export type Reported = Pick<
  AcceptanceReport,
  | 'offered'
  | 'acknowledged'
  | 'stored'
  | 'lost'
  | 'duplicated'
  | 'repeated'
  | 'late'
  | 'rejected'
  | 'latencyMs'
  | 'backlogLatencyMs'
> & { readonly crossings?: Shares; readonly stopVisits?: Shares; readonly trips?: Shares };

/** The figures of an acceptance report. */
export function figuresOfReport(report: Reported): Figures {
  const { latencyMs, backlogLatencyMs, crossings, stopVisits, trips } = report;
  return known({
    offered: report.offered,
    acknowledged: report.acknowledged,
    stored: report.stored,
    lost: report.lost,
    twice: report.duplicated,
    repeated: report.repeated,
    late: report.late,
    rejected: report.rejected,
    latency_p50_ms: latencyMs?.p50,
    latency_p95_ms: latencyMs?.p95,
    latency_p99_ms: latencyMs?.p99,
    backlog_p50_ms: backlogLatencyMs?.p50,
    backlog_p99_ms: backlogLatencyMs?.p99,
    crossings_precision: crossings?.precision,
    crossings_recall: crossings?.recall,
    visits_precision: stopVisits?.precision,
    visits_recall: stopVisits?.recall,
    trips_precision: trips?.precision,
    trips_recall: trips?.recall,
  });
}

/** k6’s names for what one kind of load is about. */
const latencyMetric = { http: 'http_req_duration', live: 'live_staleness', mqtt: 'mqtt_puback' } as const;

/** The figures of a run of k6; for pages the latency is the age of a position when it is seen. */
export function figuresOfLoad({ kind, metrics, thresholds, stored, lost }: LoadFigures): Figures {
  const latency = metrics[latencyMetric[kind]];
  return known({
    offered: metrics.mqtt_offered?.count,
    acknowledged: metrics.mqtt_acknowledged?.count,
    stored,
    lost,
    fixes_per_second: metrics.mqtt_acknowledged?.rate,
    latency_p50_ms: latency?.med,
    latency_p95_ms: latency?.['p(95)'],
    latency_p99_ms: latency?.['p(99)'],
    requests: kind === 'http' ? metrics.http_reqs?.count : undefined,
    requests_per_second: kind === 'http' ? metrics.http_reqs?.rate : undefined,
    failed_share: kind === 'http' ? metrics.http_req_failed?.rate : undefined,
    frames: metrics.live_frames?.count,
    frames_per_second: metrics.live_frames?.rate,
    first_frame_p95_ms: metrics.live_first_frame?.['p(95)'],
    frame_gap_p95_ms: metrics.live_frame_gap?.['p(95)'],
    thresholds_missed: thresholds.filter(({ isMet }) => !isMet).length,
  });
}

export type ComparedFigure = {
  readonly figure: string;
  readonly a: number | undefined;
  readonly b: number | undefined;
  /** b over a; undefined where there is none. */
  readonly ratio: number | undefined;
};

/** The figures that a person looks at first; the others follow by name. */
const first = [
  ...['offered', 'acknowledged', 'stored', 'lost', 'twice', 'repeated', 'late', 'rejected'],
  ...['seconds', 'drain_seconds', 'fixes_per_second'],
  ...['latency_p50_ms', 'latency_p95_ms', 'latency_p99_ms', 'backlog_p50_ms', 'backlog_p99_ms'],
];

/** Names of figures in the order of every listing, whatever order a database keeps them in. */
export function inOrder(names: readonly string[]): string[] {
  const place = (name: string) => (first.includes(name) ? first.indexOf(name) : first.length);
  return names.toSorted((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
}

/** Two runs side by side: every figure that one of them has. */
export function compareFigures(a: Figures, b: Figures): ComparedFigure[] {
  const names = inOrder([...new Set([...Object.keys(a), ...Object.keys(b)])]);
  return names.map((figure) => {
    const [left, right] = [a[figure], b[figure]];
    const isRatio = left !== undefined && right !== undefined && left !== 0;
    return { figure, a: left, b: right, ratio: isRatio ? rounded(right / left) : undefined };
  });
}

function known(figures: Readonly<Record<string, number | undefined>>): Figures {
  return Object.fromEntries(
    Object.entries(figures).flatMap(([name, value]) => (value === undefined ? [] : [[name, rounded(value)]])),
  );
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;
