import { useSignal } from '@preact/signals';
import type { BrokerFiles, GatewayRow, Issued } from '../../../api-devices.ts';
import { dateAndTime } from '../../core/clock.ts';
import { request, sentence } from '../../state/request.ts';
import { timeZone } from '../../state/session.ts';
import { saveFile, useLoaded } from '../load.ts';
import { Dialog } from './dialog.tsx';
import { IssuedView } from './issued.tsx';

/** Who publishes for many devices, and what outside brokers need to admit everybody. */
export const Gateways = ({ onClose }: { onClose: () => void }) => {
  const again = useSignal(0);
  const gateways = useLoaded<GatewayRow[]>(`/api/gateways?again=${again.value}`);
  const issued = useSignal<Issued | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const act = async (work: () => Promise<Issued | undefined>) => {
    try {
      issued.value = await work();
      again.value += 1;
      problem.value = undefined;
    } catch (error) {
      problem.value = sentence(error);
    }
  };
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const fields = new FormData(form);
    const body = { name: String(fields.get('name')).trim(), mayRegister: fields.get('mayRegister') !== null };
    void act(() => request<Issued>('POST', '/api/gateways', { body }));
  };
  const revoke = ({ gatewayId, name }: GatewayRow) => {
    if (
      !window.confirm(`Take the credential of gateway ${name} back? Everything it speaks for falls silent.`)
    )
      return;
    void act(async () => void (await request('POST', `/api/gateways/${gatewayId}/revoke`)));
  };
  if (issued.value !== undefined) {
    const done = () => {
      issued.value = undefined;
    };
    return (
      <Dialog title={`Gateway ${issued.value.name}`} onClose={done} isKept>
        <IssuedView issued={issued.value} onDone={done} />
      </Dialog>
    );
  }
  return (
    <Dialog title="Gateways and brokers" onClose={onClose}>
      <ul class="unknown-list">
        {gateways.value.value?.map((row) => (
          <li key={row.gatewayId}>
            <div>
              <strong>{row.name}</strong>
              <code>{row.username}</code>
              <span class="muted small">
                {row.mayRegister ? 'makes unknown devices known' : 'for known devices only'}
                {row.revokedAt !== null && ` · revoked ${dateAndTime(row.revokedAt, timeZone.value)}`}
                {row.oldSecretUntil !== null &&
                  ` · former password until ${dateAndTime(row.oldSecretUntil, timeZone.value)}`}
              </span>
            </div>
            <div class="actions">
              <button
                type="button"
                class="button small"
                onClick={() =>
                  void act(() =>
                    request<Issued>('POST', `/api/gateways/${row.gatewayId}/rotate`, { body: {} }),
                  )
                }
              >
                New password<span class="unseen"> for {row.name}</span>
              </button>
              {row.revokedAt === null && (
                <button type="button" class="button small" onClick={() => revoke(row)}>
                  Revoke<span class="unseen"> {row.name}</span>
                </button>
              )}
            </div>
          </li>
        ))}
      </ul>
      <form class="inline-form" onSubmit={add}>
        <label>
          New gateway
          <input name="name" required maxLength={128} autocomplete="off" />
        </label>
        <label class="check">
          <input name="mayRegister" type="checkbox" /> makes unknown devices known
        </label>
        <button type="submit" class="button primary">
          Add gateway
        </button>
      </form>
      <p class="problem" role="alert">
        {problem.value ?? gateways.problem.value}
      </p>
      <h3>For an outside broker</h3>
      <div class="actions">
        {(['mosquitto', 'emqx'] as const).map((target) => (
          <button key={target} type="button" class="button" onClick={() => void exportFor(target, problem)}>
            Files for {target === 'emqx' ? 'EMQX' : 'Mosquitto'}
          </button>
        ))}
      </div>
    </Dialog>
  );
};

async function exportFor(
  target: 'mosquitto' | 'emqx',
  problem: { value: string | undefined },
): Promise<void> {
  try {
    const { files, left } = await request<BrokerFiles>('GET', `/api/devices/export?for=${target}`);
    for (const [name, text] of Object.entries(files)) saveFile(name, text, 'text/plain;charset=utf-8');
    problem.value =
      left.length === 0
        ? undefined
        : `${left.length} credentials are not in the files, since outside brokers cannot hold them: ${left.slice(0, 5).join(', ')}. Give them a new password.`;
  } catch (error) {
    problem.value = sentence(error);
  }
}
