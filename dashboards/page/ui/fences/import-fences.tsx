import { useSignal } from '@preact/signals';
import type { LineProblem } from '../../../api-devices.ts';
import { Refusal, request, sentence } from '../../state/request.ts';
import { Dialog } from '../devices/dialog.tsx';
import { LineProblems } from '../line-problems.tsx';

type Props = { readonly onClose: () => void; readonly onDone: () => void };

/** Brings in the fences of a GeoJSON file: all of them, or none and why not by feature. */
export const ImportFences = ({ onClose, onDone }: Props) => {
  const geojson = useSignal('');
  const said = useSignal<string | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const lines = useSignal<readonly LineProblem[]>([]);
  const isBusy = useSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const set = String(new FormData(event.currentTarget as HTMLFormElement).get('set')).trim();
    isBusy.value = true;
    problem.value = undefined;
    lines.value = [];
    try {
      const body = { geojson: geojson.value, ...(set !== '' && { set }) };
      const counts = await request<{ added: number; changed: number }>('POST', '/api/fences/import', {
        body,
      });
      said.value = `${counts.added} fences were added and ${counts.changed} changed.`;
      onDone();
    } catch (error) {
      problem.value = sentence(error);
      lines.value = error instanceof Refusal ? error.lines : [];
    }
    isBusy.value = false;
  };
  return (
    <Dialog title="Import fences" onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <p class="muted">
          GeoJSON: Polygon, MultiPolygon, Point with <code>radius</code>, LineString with <code>width</code>,
          and properties <code>name</code>, <code>set</code>, <code>policy</code>. A fence of the same set and
          name is changed.
        </p>
        <label>
          Set, instead of each feature’s own
          <input name="set" maxLength={256} autocomplete="off" />
        </label>
        <label>
          File
          <input
            type="file"
            accept=".geojson,.json,.ndjson,application/geo+json"
            onChange={async (event) => {
              geojson.value = (await event.currentTarget.files?.[0]?.text()) ?? '';
            }}
          />
        </label>
        <p role="status">{said.value}</p>
        <LineProblems problem={problem.value} word="Feature" lines={lines.value} />
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>
            Close
          </button>
          <button type="submit" class="button primary" disabled={isBusy.value || geojson.value === ''}>
            {isBusy.value ? 'Importing…' : 'Import'}
          </button>
        </div>
      </form>
    </Dialog>
  );
};
