/** Upper bounds of a histogram's buckets; seconds, or fixes. */
const QUICK = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SLOW = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60];
const SIZES = [1, 10, 100, 500, 1_000, 2_500, 5_000, 10_000, 20_000];

/**
 * Every figure that our processes keep of themselves, for Prometheus and what speaks its language: base units,
 * at most one label, and that of few values. What is known per device stands in the tables instead.
 */
export const metrics = {
  paceline_ingest_messages_total: { kind: 'counter', help: 'Messages whose commit is done, acknowledged.' },
  paceline_ingest_fixes_total: { kind: 'counter', help: 'Fixes in committed messages, repeats included.' },
  paceline_ingest_rejections_total: {
    ...{ kind: 'counter', label: 'reason' },
    help: 'Rejections kept, by reason code.',
  },
  paceline_ingest_batch_fixes: { kind: 'histogram', buckets: SIZES, help: 'Fixes stored by one commit.' },
  paceline_ingest_commit_seconds: {
    ...{ kind: 'histogram', buckets: QUICK },
    help: 'One commit of messages, tried until it was done.',
  },
  paceline_ingest_waiting_messages: { kind: 'gauge', help: 'Messages received and not yet acknowledged.' },
  paceline_ingest_fullness: {
    ...{ kind: 'gauge' },
    help: 'How full ingest is: at 1 publishers should wait, at 2 they must.',
  },
  paceline_engine_fixes_total: { kind: 'counter', help: 'Fixes taken from the log and folded.' },
  paceline_engine_advance_seconds: {
    ...{ kind: 'histogram', buckets: QUICK },
    help: 'One step of the engine along the log, from reading to commit, when there was something to read.',
  },
  paceline_engine_late_vehicles: {
    kind: 'gauge',
    help: 'Vehicles with late fixes that wait to be derived again.',
  },
  paceline_engine_restarts_total: { kind: 'counter', help: 'Times the engine began again from the tables.' },
  paceline_pool_wait_seconds: {
    ...{ kind: 'histogram', buckets: SLOW, label: 'task' },
    help: 'From when a task was given to the pool to when a thread began it.',
  },
  paceline_pool_run_seconds: {
    ...{ kind: 'histogram', buckets: SLOW, label: 'task' },
    help: 'A task on its thread.',
  },
  paceline_pool_retried_total: {
    ...{ kind: 'counter', label: 'task' },
    help: 'Tasks done again because their thread died.',
  },
  paceline_pool_waiting_tasks: { kind: 'gauge', help: 'Tasks that wait for a thread.' },
  paceline_http_request_seconds: {
    ...{ kind: 'histogram', buckets: QUICK, label: 'route' },
    help: 'Answers of the API, by route.',
  },
  paceline_http_errors_total: {
    ...{ kind: 'counter', label: 'route' },
    help: 'Answers of the API with a status of 500 and more, by route.',
  },
  paceline_live_pages: { kind: 'gauge', help: 'Pages that watch live.' },
} as const satisfies Record<string, Metric>;

/** How a metric is declared. */
export type Metric = {
  readonly help: string;
  readonly label?: string;
} & (
  | { readonly kind: 'counter' | 'gauge' }
  | { readonly kind: 'histogram'; readonly buckets: readonly number[] }
);

export type MetricName = keyof typeof metrics;
type NameOf<Kind extends Metric['kind']> = {
  [Name in MetricName]: (typeof metrics)[Name]['kind'] extends Kind ? Name : never;
}[MetricName];

/** Where a process says its figures. `label` is the value of the metric's label, if it has one. */
export type Metrics = {
  readonly count: (name: NameOf<'counter'>, by?: number, label?: string) => void;
  readonly set: (name: NameOf<'gauge'>, value: number) => void;
  readonly observe: (name: NameOf<'histogram'>, value: number, label?: string) => void;
};

/** For whoever keeps no figures. */
export const noMetrics: Metrics = { count() {}, set() {}, observe() {} };
