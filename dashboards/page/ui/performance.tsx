import type { RouteDayRow } from '../../api.ts';
import { deviation, duration, isoDay } from '../core/clock.ts';
import { place, setParameters } from '../state/place.ts';
import { timeZone } from '../state/session.ts';
import { type Column, DataTable } from './data-table.tsx';
import { Icon } from './icons.tsx';
import { useLoaded } from './load.ts';

type Field = {
  [Key in keyof RouteDayRow]: RouteDayRow[Key] extends number | null ? Key : never;
}[keyof RouteDayRow];

const known = (rows: readonly RouteDayRow[], field: Field): number[] =>
  rows.flatMap((row) => row[field] ?? []);

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => (values.length === 0 ? null : sum(values) / values.length);

/** A mean over stops, not over routes: a route of 200 stops counts as 200. */
function meanByStops(rows: readonly RouteDayRow[], field: Field): number | null {
  const used = rows.filter((row) => row[field] !== null && row.stopsDone > 0);
  const stops = sum(used.map((row) => row.stopsDone));
  return stops === 0 ? null : sum(used.map((row) => (row[field] as number) * row.stopsDone)) / stops;
}

const time = (seconds: number | null) => (seconds === null ? '–' : duration(seconds));
const share = (value: number | null) => (value === null ? '–' : `${(100 * value).toFixed(1)} %`);
const whole = (value: number) => value.toLocaleString('en-GB');
const delay = (seconds: number | null) =>
  seconds === null ? '–' : <span class={seconds > 900 ? 'late-text' : ''}>{deviation(seconds)}</span>;
const service = (seconds: number | null) => (seconds === null ? '–' : `${Math.round(seconds)} s`);

const columns: readonly Column<RouteDayRow>[] = [
  {
    id: 'day',
    title: 'Day',
    value: (row) => row.serviceDate,
    total: (rows) => `${new Set(rows.map((row) => row.serviceDate)).size} days`,
  },
  { id: 'depot', title: 'Depot', value: (row) => row.depot },
  { id: 'route', title: 'Route', value: (row) => row.route, total: (rows) => `${rows.length} runs` },
  { id: 'vehicle', title: 'Van', value: (row) => row.vehicle },
  {
    id: 'stops',
    title: 'Stops done',
    isNumber: true,
    value: (row) => row.stopsDone,
    cell: (row) => (
      <>
        {row.stopsDone}
        <span class="muted">/{row.stopsPlanned}</span>
      </>
    ),
    total: (rows) => `${whole(sum(known(rows, 'stopsDone')))}/${whole(sum(known(rows, 'stopsPlanned')))}`,
  },
  {
    id: 'planned',
    title: 'Planned',
    help: 'Planned departure to planned return; the total is the mean',
    isNumber: true,
    value: (row) => row.plannedSeconds,
    cell: (row) => time(row.plannedSeconds),
    total: (rows) => time(mean(known(rows, 'plannedSeconds'))),
  },
  {
    id: 'actual',
    title: 'Actual',
    help: 'First arrival to last departure; the total is the mean',
    isNumber: true,
    value: (row) => row.actualSeconds,
    cell: (row) => time(row.actualSeconds),
    total: (rows) => time(mean(known(rows, 'actualSeconds'))),
  },
  {
    id: 'delay',
    title: 'Arrival delay',
    help: 'Mean of arrival less planned arrival, over served stops',
    isNumber: true,
    value: (row) => row.arrivalDelayMean,
    cell: (row) => delay(row.arrivalDelayMean),
    total: (rows) => delay(meanByStops(rows, 'arrivalDelayMean')),
  },
  {
    id: 'delay90',
    title: 'Delay P90',
    help: 'Nine tenths of the served stops were less late than this',
    isNumber: true,
    value: (row) => row.arrivalDelayP90,
    cell: (row) => delay(row.arrivalDelayP90),
  },
  {
    id: 'service',
    title: 'Service',
    help: 'Mean time at a stop, actual and planned',
    isNumber: true,
    value: (row) => row.serviceMeanActual,
    cell: (row) => (
      <>
        {service(row.serviceMeanActual)} <span class="muted">of {service(row.serviceMeanPlanned)}</span>
      </>
    ),
    total: (rows) => service(meanByStops(rows, 'serviceMeanActual')),
  },
  {
    id: 'onTime',
    title: 'On time',
    help: 'Share of served stops no more than 15 min late',
    isNumber: true,
    value: (row) => row.onTimeShare,
    cell: (row) => share(row.onTimeShare),
    total: (rows) => share(meanByStops(rows, 'onTimeShare')),
  },
];

const DAY = /^\d{4}-\d\d-\d\d$/;

/** How routes performed: planned and actual, per route and day. */
export const Performance = () => {
  const { parameters } = place.value;
  const today = isoDay(Date.now() / 1000, timeZone.value);
  const weekAgo = isoDay(Date.now() / 1000 - 6 * 86_400, timeZone.value);
  const from = DAY.test(parameters.from ?? '') ? parameters.from! : weekAgo;
  const until = DAY.test(parameters.until ?? '') ? parameters.until! : today;
  const query = `/api/analytics/route-days?from=${from}&until=${until}`;
  const { value, problem, isLoading } = useLoaded<RouteDayRow[]>(query);
  const rows = value.value;
  return (
    <main class="screen">
      <header class="screen-title">
        <div>
          <h1>Route performance</h1>
          <p class="muted">Planned against actual, per route and day, from the history.</p>
        </div>
        <div class="toolbar">
          <DayInput word="From" name="from" value={from} />
          <DayInput word="Until" name="until" value={until} />
          <a class="button" href={`${query}&format=csv`} download={`route-days-${from}-${until}.csv`}>
            <Icon name="download" /> CSV
          </a>
        </div>
      </header>
      {problem.value !== undefined && (
        <div class="notice" role="alert">
          <h2>No history to show</h2>
          <p class="muted">{problem.value}</p>
          <p class="muted">Today's routes are live on the operations screen, without the history.</p>
        </div>
      )}
      {problem.value === undefined && rows?.length === 0 && (
        <div class="notice">
          <h2>No routes in these days</h2>
          <p class="muted">Choose other days, or wait until the first stops have been served.</p>
        </div>
      )}
      {problem.value === undefined && rows === undefined && isLoading.value && (
        <p class="empty">Reading the history…</p>
      )}
      {problem.value === undefined && rows !== undefined && rows.length > 0 && (
        <section class="table-scroll performance">
          <DataTable
            columns={columns}
            rows={rows}
            rowKey={(row) => `${row.serviceDate} ${row.depot} ${row.route} ${row.vehicle}`}
            caption="Route days"
            sort={{ id: 'delay', isDescending: true }}
            rowsMax={2000}
          />
        </section>
      )}
    </main>
  );
};

const DayInput = ({ word, name, value }: { word: string; name: 'from' | 'until'; value: string }) => (
  <label>
    {word}
    <input
      type="date"
      value={value}
      onChange={(event) => setParameters({ [name]: event.currentTarget.value })}
    />
  </label>
);
