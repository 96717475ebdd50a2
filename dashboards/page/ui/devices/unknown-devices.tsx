import { useSignal } from '@preact/signals';
import type { UnknownRow } from '../../../api-devices.ts';
import { dateAndTime, duration } from '../../core/clock.ts';
import { wallClock } from '../../state/fleet.ts';
import { mayDispatch, timeZone } from '../../state/session.ts';
import { useLoaded } from '../load.ts';
import { Dialog } from './dialog.tsx';
import { NewDevice } from './new-device.tsx';

/** Who knocked and is not known: nothing of theirs is stored until they are claimed. */
export const UnknownDevices = ({ onClose, onMade }: { onClose: () => void; onMade: () => void }) => {
  const unknown = useLoaded<UnknownRow[]>('/api/devices/unknown', 10);
  const claimed = useSignal<string | undefined>(undefined);
  if (claimed.value !== undefined)
    return <NewDevice claimed={claimed.value} onClose={onClose} onMade={onMade} />;
  const rows = unknown.value.value;
  return (
    <Dialog title="Unknown devices" onClose={onClose}>
      <p class="muted">They spoke for devices that nobody has made. What they sent is not data.</p>
      {unknown.problem.value !== undefined && <p class="problem">{unknown.problem.value}</p>}
      {rows?.length === 0 && <p class="empty">Nobody unknown has knocked.</p>}
      <ul class="unknown-list">
        {rows?.map((row) => (
          <li key={row.name}>
            <div>
              <strong>{row.name}</strong>
              <span class="muted small" title={dateAndTime(row.lastSeen, timeZone.value)}>
                {row.attempts} {row.attempts === 1 ? 'message' : 'messages'}, the last{' '}
                {duration(wallClock.value - row.lastSeen)} ago
              </span>
              {row.lastTopic !== null && <code>{row.lastTopic}</code>}
              {row.lastPayload !== null && <code class="payload-text">{row.lastPayload}</code>}
            </div>
            {mayDispatch.value && (
              <button
                type="button"
                class="button"
                onClick={() => {
                  claimed.value = row.name;
                }}
              >
                Claim<span class="unseen"> {row.name}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
    </Dialog>
  );
};
