import { createServer } from 'node:http';
import {
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type MetricObject,
  Registry,
} from 'prom-client';
import { Fault } from '../schemas/fault.ts';
import { type Metric, type MetricName, type Metrics, metrics } from '../schemas/metrics.ts';

/** The figures of one process, as they travel to whoever shows them. */
export type Figures = readonly MetricObject[];

/** What a supervisor asks of a child, and what that answers. */
export type FiguresRequest = { readonly kind: 'figures?' };
export type FiguresAnswer = { readonly kind: 'figures'; readonly figures: Figures };

export type KeptMetrics = Metrics & { readonly figures: () => Promise<Figures> };

/** Keeps the figures of one process: those of `schemas/metrics.ts`, and what Node says of itself. */
export function openMetrics(processName: string): KeptMetrics {
  const registry = new Registry();
  registry.setDefaultLabels({ process: processName });
  collectDefaultMetrics({ register: registry });
  // Made at first use, so that a process shows nothing that it never does.
  const kept = new Map<MetricName, Counter | Gauge | Histogram>();
  const of = <Kept extends Counter | Gauge | Histogram>(name: MetricName): Kept => {
    const known = kept.get(name) ?? made(name, registry);
    kept.set(name, known);
    return known as Kept;
  };
  const labelled = (name: MetricName, value: string | undefined): Record<string, string> => {
    const { label }: Metric = metrics[name];
    return label === undefined ? {} : { [label]: value ?? '' };
  };
  return {
    count: (name, by = 1, label) => of<Counter>(name).inc(labelled(name, label), by),
    set: (name, value) => of<Gauge>(name).set(value),
    observe: (name, value, label) => of<Histogram>(name).observe(labelled(name, label), value),
    figures: () => registry.getMetricsAsJSON() as Promise<Figures>,
  };
}

function made(name: MetricName, register: Registry): Counter | Gauge | Histogram {
  const metric: Metric = metrics[name];
  const { help, label } = metric;
  const options = { name, help, registers: [register], labelNames: label === undefined ? [] : [label] };
  if (metric.kind === 'histogram') return new Histogram({ ...options, buckets: [...metric.buckets] });
  return metric.kind === 'counter' ? new Counter(options) : new Gauge(options);
}

export type MetricsServer = AsyncDisposable & { readonly url: string };

/** Serves the figures of all of `processes` in Prometheus' text format at `/metrics`. Throws `port/taken`. */
export async function serveMetrics(
  { host, port }: { readonly host: string; readonly port: number },
  processes: () => Promise<readonly Figures[]>,
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('Figures are at /metrics.\n');
      return;
    }
    processes()
      .then(async (all) => {
        const together = AggregatorRegistry.aggregate(all.map((figures) => [...figures]));
        response.writeHead(200, { 'content-type': together.contentType }).end(await together.metrics());
      })
      .catch((error: unknown) => response.writeHead(500, { 'content-type': 'text/plain' }).end(`${error}\n`));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Fault('port/taken', `port ${port} on ${host} is taken (metrics)`, { cause: error })
          : error,
      ),
    );
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}/metrics`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
