import { useSignal } from '@preact/signals';
import type { Issued } from '../../../api-devices.ts';
import { dateAndTime } from '../../core/clock.ts';
import { timeZone } from '../../state/session.ts';
import { saveFile } from '../load.ts';

const quoted = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Credentials as a file, for whoever sets the devices up. */
export function saveCredentials(issued: readonly Issued[]): void {
  const rows = issued.map(({ name, vehicle, username, secret, topic }) =>
    [name, vehicle ?? '', username, secret ?? '', topic].map(quoted).join(','),
  );
  saveFile('paceline-credentials.csv', `device,vehicle,username,password,topic\n${rows.join('\n')}\n`);
}

const Copied = ({ word, text }: { word: string; text: string }) => {
  const isCopied = useSignal(false);
  const copy = async () => {
    await navigator.clipboard?.writeText(text).catch(() => undefined);
    isCopied.value = true;
  };
  return (
    <div class="copied">
      <span class="muted small">{word}</span>
      <code>{text}</code>
      <button type="button" class="button small" aria-label={`Copy ${word}`} onClick={() => void copy()}>
        {isCopied.value ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
};

/** What was made, with its secret: it is shown this once. */
export const IssuedView = ({ issued, onDone }: { issued: Issued; onDone: () => void }) => {
  const { username, secret, topic, oldSecretUntil } = issued;
  return (
    <div class="stack">
      {secret === null ? (
        <p>It has no secret of its own and speaks through a gateway.</p>
      ) : (
        <>
          <p role="status">
            <strong>The password is shown this once.</strong> Only a hash of it is kept.
          </p>
          <Copied word="User name" text={username} />
          <Copied word="Password" text={secret} />
          <Copied word="Topic" text={topic} />
          {oldSecretUntil !== null && (
            <p>
              The former password opens until {dateAndTime(oldSecretUntil, timeZone.value)}, beside this one.
            </p>
          )}
        </>
      )}
      <div class="actions">
        {secret !== null && (
          <button type="button" class="button" onClick={() => saveCredentials([issued])}>
            Save as CSV
          </button>
        )}
        <button type="button" class="button primary" onClick={onDone}>
          {secret === null ? 'Done' : 'I have kept it'}
        </button>
      </div>
    </div>
  );
};
