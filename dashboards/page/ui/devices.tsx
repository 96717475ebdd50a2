import type { DeviceHealthRow, RejectionRow } from '../../api.ts';
import { dateAndTime, duration } from '../core/clock.ts';
import { wallClock } from '../state/fleet.ts';
import { timeZone } from '../state/session.ts';
import { type Column, DataTable } from './data-table.tsx';
import { useLoaded } from './load.ts';

const EVERY_SECONDS = 15;
const whole = (value: number) => value.toLocaleString('en-GB');

function counter(
  id: 'accepted' | 'duplicate' | 'late' | 'filtered' | 'rejected' | 'missing',
  title: string,
  help: string,
  isBad = false,
): Column<DeviceHealthRow> {
  return {
    id,
    title,
    help,
    isNumber: true,
    value: (row) => row[id],
    cell: (row) => <span class={isBad && row[id] > 0 ? 'bad-text' : ''}>{whole(row[id])}</span>,
    total: (rows) => whole(rows.reduce((sum, row) => sum + row[id], 0)),
  };
}

const deviceColumns: readonly Column<DeviceHealthRow>[] = [
  { id: 'device', title: 'Device', value: (row) => row.device, total: (rows) => `${rows.length} devices` },
  { id: 'vehicle', title: 'Vehicle', value: (row) => row.vehicle },
  counter('accepted', 'Accepted', 'Fixes stored'),
  counter('duplicate', 'Duplicate', 'Fixes that came again and changed nothing'),
  counter('late', 'Late', 'Fixes that came behind a newer one of their vehicle'),
  counter('filtered', 'Filtered', 'Fixes stored with a flag and not used for conclusions'),
  counter('rejected', 'Rejected', 'Payloads that are no fixes', true),
  counter('missing', 'Missing', 'Gaps in the numbering: fixes that were made and never came', true),
  {
    id: 'latency',
    title: 'Latency',
    help: 'From the newest fix to its receipt',
    isNumber: true,
    value: (row) => row.lastLatency,
    cell: (row) => (row.lastLatency === null ? '–' : `${row.lastLatency.toFixed(1)} s`),
  },
  {
    id: 'seen',
    title: 'Last fix',
    isNumber: true,
    value: (row) => row.lastAt,
    cell: (row) =>
      row.lastAt === null ? (
        'never'
      ) : (
        <span title={dateAndTime(row.lastAt, timeZone.value)}>
          {duration(wallClock.value - row.lastAt)} ago
        </span>
      ),
  },
];

const rejectionColumns: readonly Column<RejectionRow>[] = [
  {
    id: 'received',
    title: 'Received',
    value: (row) => row.received,
    cell: (row) => dateAndTime(row.received, timeZone.value),
  },
  { id: 'reason', title: 'Reason', value: (row) => row.reason },
  { id: 'detail', title: 'Detail', value: (row) => row.detail },
  { id: 'times', title: 'Times', isNumber: true, value: (row) => row.times },
  { id: 'device', title: 'Device', value: (row) => row.device },
  { id: 'topic', title: 'Topic', value: (row) => row.topic },
  {
    id: 'payload',
    title: 'Payload',
    value: (row) => row.payload,
    cell: (row) => (
      <div class="payload" title={row.payload}>
        {row.payload}
      </div>
    ),
  },
];

/** What came from each device, what did not, and why. */
export const Devices = () => {
  const devices = useLoaded<DeviceHealthRow[]>('/api/ingest/devices', EVERY_SECONDS);
  const rejections = useLoaded<RejectionRow[]>('/api/ingest/rejections?limit=200', EVERY_SECONDS);
  const problem = devices.problem.value ?? rejections.problem.value;
  return (
    <main class="screen">
      <header class="screen-title">
        <div>
          <h1>Devices</h1>
          <p class="muted">Every fix a device sent is accepted, known, or rejected with its reason.</p>
        </div>
        <a class="button" href="/d/ingest-health">
          Ingest health
        </a>
      </header>
      {problem !== undefined && (
        <p class="banner" role="alert">
          {problem}
        </p>
      )}
      <section class="table-scroll">
        {devices.value.value?.length === 0 ? (
          <p class="empty">No device is known yet.</p>
        ) : (
          <DataTable
            columns={deviceColumns}
            rows={devices.value.value ?? []}
            rowKey={(row) => row.device}
            caption="Devices and their counters"
          />
        )}
      </section>
      <h2>Rejections</h2>
      <section class="table-scroll">
        {rejections.value.value?.length === 0 ? (
          <p class="empty">Nothing was rejected.</p>
        ) : (
          <DataTable
            columns={rejectionColumns}
            rows={rejections.value.value ?? []}
            rowKey={(row) => String(row.rejectionId)}
            caption="Newest rejections"
          />
        )}
      </section>
    </main>
  );
};
