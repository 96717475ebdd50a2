import { useSignal } from '@preact/signals';
import type { Issued, LineProblem } from '../../../api-devices.ts';
import type { DoctorFormat } from '../../../api-doctor.ts';
import { Refusal, request, sentence } from '../../state/request.ts';
import { LineProblems } from '../line-problems.tsx';
import { useLoaded } from '../load.ts';
import { Dialog } from './dialog.tsx';
import { IssuedView, saveCredentials } from './issued.tsx';

export const ProfileChoice = ({ value, name = 'profile' }: { value?: string | null; name?: string }) => {
  const formats = useLoaded<DoctorFormat[]>('/api/doctor/formats');
  return (
    <label>
      Format on its own topic
      <select name={name} value={value ?? ''} key={formats.value.value?.length}>
        <option value="">Paceline’s own message</option>
        {formats.value.value?.map(({ name: format, title }) => (
          <option key={format} value={format} selected={format === value}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
};

type NewProps = {
  readonly onClose: () => void;
  readonly onMade: () => void;
  /** The name of one of the unknown, to be claimed. */
  readonly claimed?: string | undefined;
};

/** Makes a device, or claims one that has knocked. */
export const NewDevice = ({ onClose, onMade, claimed }: NewProps) => {
  const issued = useSignal<Issued | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const device = claimed ?? String(fields.get('device')).trim();
    const vehicle = String(fields.get('vehicle')).trim();
    const profile = String(fields.get('profile'));
    const body = {
      device,
      profile: profile === '' ? null : profile,
      secret: fields.get('secret') !== null,
      ...(vehicle !== '' && { vehicle }),
    };
    try {
      const path = claimed === undefined ? '/api/devices' : '/api/devices/claim';
      issued.value = await request<Issued>('POST', path, { body });
      onMade();
    } catch (error) {
      problem.value = sentence(error);
    }
  };
  const title = issued.value
    ? `Device ${issued.value.name}`
    : claimed === undefined
      ? 'Add a device'
      : `Claim ${claimed}`;
  return (
    <Dialog title={title} onClose={onClose} isKept={issued.value !== undefined}>
      {issued.value !== undefined ? (
        <IssuedView issued={issued.value} onDone={onClose} />
      ) : (
        <form class="stack" onSubmit={submit}>
          {claimed === undefined && (
            <label>
              Name in its topic
              <input
                name="device"
                required
                maxLength={128}
                autocomplete="off"
                autofocus
                placeholder="van-17-tracker"
              />
            </label>
          )}
          <label>
            Vehicle
            <input name="vehicle" maxLength={128} autocomplete="off" placeholder="of the same name" />
          </label>
          <ProfileChoice />
          <label class="check">
            <input name="secret" type="checkbox" defaultChecked={claimed === undefined} /> It logs in by
            itself, with a password made here
          </label>
          <p class="problem" role="alert">
            {problem.value}
          </p>
          <div class="actions">
            <button type="button" class="button" onClick={onClose}>
              Cancel
            </button>
            <button type="submit" class="button primary">
              {claimed === undefined ? 'Add device' : 'Claim device'}
            </button>
          </div>
        </form>
      )}
    </Dialog>
  );
};

/** Makes the devices of a CSV file: all of them, or none and why not by line. */
export const ImportDevices = ({ onClose, onMade }: Omit<NewProps, 'claimed'>) => {
  const csv = useSignal('');
  const made = useSignal<readonly Issued[] | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const lines = useSignal<readonly LineProblem[]>([]);
  const isBusy = useSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    isBusy.value = true;
    try {
      made.value = await request<Issued[]>('POST', '/api/devices/import', { body: { csv: csv.value } });
      onMade();
    } catch (error) {
      problem.value = sentence(error);
      lines.value = error instanceof Refusal ? error.lines : [];
    }
    isBusy.value = false;
  };
  return (
    <Dialog title="Import devices" onClose={onClose} isKept={made.value !== undefined}>
      {made.value !== undefined ? (
        <div class="stack">
          <p role="status">
            <strong>{made.value.length} devices were made.</strong> Their passwords are in this file and
            nowhere else.
          </p>
          <div class="actions">
            <button type="button" class="button primary" onClick={() => saveCredentials(made.value ?? [])}>
              Save the credentials
            </button>
            <button type="button" class="button" onClick={onClose}>
              I have kept them
            </button>
          </div>
        </div>
      ) : (
        <form class="stack" onSubmit={submit}>
          <p class="muted">
            The first line names the columns: <code>device,vehicle,profile,secret</code>, of which only device
            is needed.
          </p>
          <label>
            File
            <input
              type="file"
              accept=".csv,text/csv,text/plain"
              onChange={async (event) => {
                csv.value = (await event.currentTarget.files?.[0]?.text()) ?? '';
              }}
            />
          </label>
          <label>
            or its lines
            <textarea
              rows={7}
              spellcheck={false}
              placeholder={'device,vehicle\nbox-1,van-1'}
              value={csv.value}
              onInput={(event) => {
                csv.value = event.currentTarget.value;
              }}
            />
          </label>
          <LineProblems problem={problem.value} word="Line" lines={lines.value} />
          <div class="actions">
            <button type="button" class="button" onClick={onClose}>
              Cancel
            </button>
            <button type="submit" class="button primary" disabled={isBusy.value || csv.value.trim() === ''}>
              {isBusy.value ? 'Importing…' : 'Import'}
            </button>
          </div>
        </form>
      )}
    </Dialog>
  );
};
