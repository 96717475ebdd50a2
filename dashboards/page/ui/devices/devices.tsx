import { useSignal } from '@preact/signals';
import type { DeviceTrouble } from '../../../api-devices.ts';
import { duration } from '../../core/clock.ts';
import { devicePage, deviceQuery, devicesProblem, readDevices } from '../../state/devices.ts';
import { wallClock } from '../../state/fleet.ts';
import { place, setParameters } from '../../state/place.ts';
import { serverClockAhead } from '../../state/request.ts';
import { mayAdminister, mayDispatch } from '../../state/session.ts';
import { Icon } from '../icons.tsx';
import { DeviceDetail } from './device-detail.tsx';
import { DeviceList } from './device-list.tsx';
import { Gateways } from './gateways.tsx';
import { ImportDevices, NewDevice } from './new-device.tsx';
import { troubleOrder, troubleWords } from './troubles.tsx';
import { UnknownDevices } from './unknown-devices.tsx';

type Window = 'add' | 'import' | 'unknown' | 'gateways';

/** Every device of the fleet: what came from it, what did not, why, and what it may log in with. */
export const Devices = () => {
  const open = useSignal<Window | undefined>(undefined);
  const close = () => {
    open.value = undefined;
  };
  const again = () => void readDevices(0, 0);
  const { device } = place.value.parameters;
  const unknown = devicePage.value?.unknown ?? 0;
  const show = (which: Window) => () => {
    open.value = which;
  };
  return (
    <main class={device === undefined ? 'screen devices' : 'screen devices has-device'}>
      <header class="screen-title">
        <div>
          <h1>Devices</h1>
          <Age />
        </div>
        <div class="toolbar">
          {mayDispatch.value && (
            <>
              <button type="button" class="button primary" onClick={show('add')}>
                Add device
              </button>
              <button type="button" class="button" onClick={show('import')}>
                Import CSV
              </button>
            </>
          )}
          <button type="button" class="button" onClick={show('unknown')}>
            Unknown{unknown > 0 && <span class="count">{unknown}</span>}
          </button>
          {mayAdminister.value && (
            <button type="button" class="button" onClick={show('gateways')}>
              Gateways
            </button>
          )}
          <a class="button" href="/d/ingest-health">
            Ingest health
          </a>
        </div>
      </header>
      {devicesProblem.value !== undefined && (
        <p class="banner" role="alert">
          {devicesProblem.value}
        </p>
      )}
      <Filters />
      <div class="devices-split">
        <DeviceList />
        {device !== undefined && <DeviceDetail key={device} deviceId={device} onChanged={again} />}
      </div>
      {open.value === 'add' && <NewDevice onClose={close} onMade={again} />}
      {open.value === 'import' && <ImportDevices onClose={close} onMade={again} />}
      {open.value === 'unknown' && <UnknownDevices onClose={close} onMade={again} />}
      {open.value === 'gateways' && <Gateways onClose={close} />}
    </main>
  );
};

/** How many there are, and how old that knowledge is. */
const Age = () => {
  const page = devicePage.value;
  if (page === undefined) return <p class="muted">Reading the devices…</p>;
  const age = Math.max(0, wallClock.value + serverClockAhead() - page.at);
  const shown = page.total === page.devices ? '' : `${page.total.toLocaleString('en-GB')} of `;
  return (
    <p class="muted">
      {shown}
      {page.devices.toLocaleString('en-GB')} {page.devices === 1 ? 'device' : 'devices'}, as of{' '}
      {duration(age)} ago
    </p>
  );
};

const Filters = () => {
  const { search, trouble } = deviceQuery.value;
  const counts = devicePage.value?.troubles ?? {};
  const toggle = (which: DeviceTrouble) =>
    setParameters({ trouble: which === trouble ? undefined : which }, { replace: true });
  return (
    <div class="device-filters">
      <label class="board-search">
        <Icon name="search" size={14} />
        <input
          type="search"
          aria-label="Find a device or vehicle"
          placeholder="Device or vehicle"
          value={search}
          onInput={(event) => setParameters({ q: event.currentTarget.value }, { replace: true })}
        />
      </label>
      <fieldset class="toggles">
        <legend class="unseen">Trouble to show</legend>
        {troubleOrder
          .filter((which) => (counts[which] ?? 0) > 0 || which === trouble)
          .map((which) => (
            <button
              key={which}
              type="button"
              class="toggle"
              aria-pressed={which === trouble}
              title={troubleWords[which].help}
              onClick={() => toggle(which)}
            >
              {troubleWords[which].word} {(counts[which] ?? 0).toLocaleString('en-GB')}
            </button>
          ))}
      </fieldset>
    </div>
  );
};
