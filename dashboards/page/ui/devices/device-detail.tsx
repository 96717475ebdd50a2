import { useSignal } from '@preact/signals';
import type { DeviceHealth, DeviceRow, Issued, ReasonCount } from '../../../api-devices.ts';
import { dateAndTime, duration } from '../../core/clock.ts';
import { wallClock } from '../../state/fleet.ts';
import { setParameters } from '../../state/place.ts';
import { mayDispatch, timeZone } from '../../state/session.ts';
import { Icon } from '../icons.tsx';
import { useLoaded } from '../load.ts';
import { DeviceActions } from './device-actions.tsx';
import { Dialog } from './dialog.tsx';
import { IssuedView } from './issued.tsx';
import { skewText, Troubles } from './troubles.tsx';

const EVERY_SECONDS = 10;
const whole = (value: number) => value.toLocaleString('en-GB');
const instant = (at: number | null) => (at === null ? 'never' : dateAndTime(at, timeZone.value));

/** Everything about one device: what became of what it sent, and what to do about it. */
export const DeviceDetail = ({ deviceId, onChanged }: { deviceId: string; onChanged: () => void }) => {
  const again = useSignal(0);
  const issued = useSignal<Issued | undefined>(undefined);
  const { value, problem } = useLoaded<DeviceHealth>(
    `/api/devices/${encodeURIComponent(deviceId)}/health?again=${again.value}`,
    EVERY_SECONDS,
  );
  const health = value.value;
  const close = () => setParameters({ device: undefined });
  const changed = (made: Issued | undefined) => {
    issued.value = made;
    again.value += 1;
    onChanged();
  };
  return (
    <section class="device-detail" aria-label="Device">
      <header>
        <h2>{health?.device.device ?? 'Device'}</h2>
        <button type="button" class="button icon-button" aria-label="Close the device" onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      {problem.value !== undefined && (
        <p class="banner" role="alert">
          {problem.value}
        </p>
      )}
      {health !== undefined && (
        <div class="device-detail-body">
          <Troubles troubles={health.device.troubles} />
          <Facts health={health} />
          {mayDispatch.value && <DeviceActions device={health.device} onChanged={changed} />}
          <Counters row={health.device} />
          <Reasons
            title="Filtered"
            words="Stored, flagged, and not used for conclusions"
            rows={health.filtered}
          />
          <Reasons
            title="Filtered by neighbours"
            words="In the day before its newest fix; late data revises it"
            rows={health.filteredByNeighbours}
          />
          <Reasons title="Rejected" words="No fixes" rows={health.rejected} />
          <Rejections rows={health.rejections} />
          <History health={health} />
          <p class="muted small">As of {instant(health.at)}.</p>
        </div>
      )}
      {issued.value !== undefined && (
        <Dialog title={`Device ${issued.value.name}`} isKept onClose={() => (issued.value = undefined)}>
          <IssuedView issued={issued.value} onDone={() => (issued.value = undefined)} />
        </Dialog>
      )}
    </section>
  );
};

const Facts = ({ health }: { health: DeviceHealth }) => {
  const { device } = health;
  const heard =
    device.lastReceived === null ? 'never' : `${duration(wallClock.value - device.lastReceived)} ago`;
  return (
    <dl class="facts">
      <Fact word="Vehicle">{device.vehicle ?? 'none'}</Fact>
      <Fact word="Last heard">{heard}</Fact>
      <Fact word="Newest fix">{instant(device.lastAt)}</Fact>
      <Fact word="Clock">{skewText(device.skew)}</Fact>
      <Fact word="Format">{device.profile ?? 'Paceline’s own'}</Fact>
      <Fact word="Firmware">{device.firmware ?? 'not said'}</Fact>
      <Fact word="Logs in">
        {device.hasSecret ? 'by itself' : 'not; it speaks through a gateway'}
        {device.oldSecretUntil !== null &&
          `; the former password opens until ${instant(device.oldSecretUntil)}`}
        {device.revokedAt !== null && `; revoked ${instant(device.revokedAt)}`}
      </Fact>
      <Fact word="User name">
        <code>{health.username}</code>
      </Fact>
      <Fact word="Topic">
        <code>{health.topic}</code>
      </Fact>
    </dl>
  );
};

const Fact = ({ word, children }: { word: string; children: preact.ComponentChildren }) => (
  <div>
    <dt>{word}</dt>
    <dd>{children}</dd>
  </div>
);

const counters = [
  ['accepted', 'Accepted'],
  ['duplicate', 'Duplicate'],
  ['late', 'Late'],
  ['filtered', 'Filtered'],
  ['rejected', 'Rejected'],
  ['missing', 'Missing'],
] as const;

const Counters = ({ row }: { row: DeviceRow }) => (
  <ul class="counters">
    {counters.map(([id, word]) => (
      <li key={id}>
        <strong class={(id === 'rejected' || id === 'missing') && row[id] > 0 ? 'bad-text' : ''}>
          {whole(row[id])}
        </strong>
        <span>{word}</span>
      </li>
    ))}
  </ul>
);

const Reasons = ({ title, words, rows }: { title: string; words: string; rows: readonly ReasonCount[] }) =>
  rows.length === 0 ? null : (
    <section>
      <h3>
        {title} <span class="muted small">{words}</span>
      </h3>
      <ul class="reasons">
        {rows.map(({ reason, times, meaning, remedy }) => (
          <li key={reason}>
            <strong>{whole(times)}</strong>
            <div>
              <code>{reason}</code> {meaning}
              <p class="muted">{remedy}</p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );

const Rejections = ({ rows }: { rows: DeviceHealth['rejections'] }) =>
  rows.length === 0 ? null : (
    <section>
      <h3>Newest rejected payloads</h3>
      <ul class="rejected">
        {rows.map(({ received, topic, reason, detail, times, payload, remedy }) => (
          <li key={`${topic} ${received} ${payload}`}>
            <p>
              <code>{reason}</code> {detail}
              {times > 1 && <span class="muted"> ({whole(times)} times)</span>}
            </p>
            <code class="payload-text">{payload}</code>
            <p class="muted small">
              {dateAndTime(received, timeZone.value)} on {topic}. {remedy}{' '}
              <a href={`/doctor?${new URLSearchParams({ topic, payload: payload.slice(0, 1500) })}`}>
                Ask the doctor
              </a>
            </p>
          </li>
        ))}
      </ul>
    </section>
  );

const History = ({ health: { assignments, commands } }: { health: DeviceHealth }) => (
  <>
    {assignments.length > 0 && (
      <section>
        <h3>Vehicles over time</h3>
        <ul class="history">
          {assignments.map(({ from, vehicle, assignedBy }) => (
            <li key={from}>
              {from === null ? 'From the beginning' : `From ${instant(from)}`}:{' '}
              <strong>{vehicle ?? 'none'}</strong>
              {from !== null && <span class="muted"> by {assignedBy}</span>}
            </li>
          ))}
        </ul>
      </section>
    )}
    {commands.length > 0 && (
      <section>
        <h3>Commands</h3>
        <ul class="history">
          {commands.map(({ commandId, kind, state, createdAt, createdBy }) => (
            <li key={commandId}>
              <strong>{kind}</strong> {state}{' '}
              <span class="muted">
                {instant(createdAt)} by {createdBy}
              </span>
            </li>
          ))}
        </ul>
      </section>
    )}
  </>
);
