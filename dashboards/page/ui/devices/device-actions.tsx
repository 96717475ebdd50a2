import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { DeviceRow, Issued } from '../../../api-devices.ts';
import { request, sentence } from '../../state/request.ts';
import { Dialog } from './dialog.tsx';
import { ProfileChoice } from './new-device.tsx';

type Props = { readonly device: DeviceRow; readonly onChanged: (made: Issued | undefined) => void };
type Action = 'rotate' | 'revoke' | 'assign' | 'profile';

const overlaps = [
  [86_400, 'a day'],
  [3_600, 'an hour'],
  [604_800, 'a week'],
  [0, 'no longer: it may be in wrong hands'],
] as const;

/** What a dispatcher can change of a device. */
export const DeviceActions = ({ device, onChanged }: Props) => {
  const open = useSignal<Action | undefined>(undefined);
  const close = () => {
    open.value = undefined;
  };
  const send = async (body: object) => {
    const made = await request<Partial<Issued>>('POST', `/api/devices/${device.deviceId}/${open.value}`, {
      body,
    });
    close();
    onChanged(made.secret === undefined ? undefined : (made as Issued));
  };
  const words: readonly (readonly [Action, string])[] = [
    ['rotate', device.hasSecret ? 'New password' : 'Give a password'],
    ['assign', 'Vehicle'],
    ['profile', 'Format'],
    ['revoke', 'Revoke'],
  ];
  return (
    <div class="actions">
      {words
        .filter(([action]) => action !== 'revoke' || device.hasSecret)
        .map(([action, word]) => (
          <button
            key={action}
            type="button"
            class="button small"
            onClick={() => {
              open.value = action;
            }}
          >
            {word}
          </button>
        ))}
      {open.value === 'rotate' && (
        <Ask
          title={`New password for ${device.device}`}
          word="Make it"
          onClose={close}
          onSend={rotation(send)}
        >
          {device.hasSecret ? (
            <label>
              The present one opens for
              <select name="overlap">
                {overlaps.map(([seconds, word]) => (
                  <option key={seconds} value={seconds}>
                    {word}
                  </option>
                ))}
              </select>
            </label>
          ) : (
            <p>It has none so far.</p>
          )}
        </Ask>
      )}
      {open.value === 'revoke' && (
        <Ask title={`Revoke ${device.device}`} word="Revoke" onClose={close} onSend={() => send({})}>
          <p>Its password is taken back and its connection ends. It comes in again with a new one only.</p>
        </Ask>
      )}
      {open.value === 'assign' && (
        <Ask title={`Vehicle of ${device.device}`} word="Assign" onClose={close} onSend={assignment(send)}>
          <label>
            Vehicle
            <input
              name="vehicle"
              maxLength={128}
              defaultValue={device.vehicle ?? ''}
              autocomplete="off"
              placeholder="none"
            />
          </label>
          <label>
            For fixes from (empty: now)
            <input name="from" type="datetime-local" step="1" />
          </label>
          <p class="muted small">What is stored already stays with the vehicle it came for.</p>
        </Ask>
      )}
      {open.value === 'profile' && (
        <Ask title={`Format of ${device.device}`} word="Save" onClose={close} onSend={profiling(send)}>
          <ProfileChoice value={device.profile} />
        </Ask>
      )}
    </div>
  );
};

type Send = (body: object) => Promise<void>;
const rotation = (send: Send) => (fields: FormData) => send({ overlap: Number(fields.get('overlap') ?? 0) });
const profiling = (send: Send) => (fields: FormData) =>
  send({ profile: String(fields.get('profile')) || null });
const assignment = (send: Send) => (fields: FormData) => {
  const from = String(fields.get('from'));
  const vehicle = String(fields.get('vehicle')).trim();
  return send({
    vehicle: vehicle === '' ? null : vehicle,
    ...(from !== '' && { from: Date.parse(from) / 1000 }),
  });
};

type AskProps = {
  readonly title: string;
  readonly word: string;
  readonly onClose: () => void;
  readonly onSend: (fields: FormData) => Promise<void>;
  readonly children: ComponentChildren;
};

const Ask = ({ title, word, onClose, onSend, children }: AskProps) => {
  const problem = useSignal<string | undefined>(undefined);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    try {
      await onSend(new FormData(event.currentTarget as HTMLFormElement));
    } catch (error) {
      problem.value = sentence(error);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        {children}
        <p class="problem" role="alert">
          {problem.value}
        </p>
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button primary">
            {word}
          </button>
        </div>
      </form>
    </Dialog>
  );
};
