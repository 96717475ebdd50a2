import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { EditableFence, FenceListRow } from '../../../api-fences.ts';
import { type DraftShape, draftOf, emptyDraft, type FenceDraft } from '../../core/fence-draft.ts';
import { ground, readGround } from '../../state/ground.ts';
import { request, sentence } from '../../state/request.ts';
import { mayDispatch } from '../../state/session.ts';
import { useLoaded } from '../load.ts';
import { FenceForm } from './fence-form.tsx';
import { FencePane } from './fence-pane.tsx';
import { ImportFences } from './import-fences.tsx';

/** What is being looked at: a fence that is there, or one that is being made. */
export type Opened = {
  readonly fence: EditableFence | undefined;
  readonly draft: FenceDraft;
  /** Another one with each fence that is taken up; saving it changes it not. */
  readonly turn: number;
};

let turns = 0;

/** Every fence of the fleet, drawn and edited on the map. */
export const Fences = () => {
  const reading = useSignal(0);
  const list = useLoaded<FenceListRow[]>(`/api/fences/list?again=${reading.value}`);
  const opened = useSignal<Opened | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const isImporting = useSignal(false);
  const readAgain = () => {
    reading.value++;
    void readGround(new AbortController().signal);
  };
  useEffect(() => {
    if (ground.peek() === undefined) void readGround(new AbortController().signal);
  }, []);
  const open = async (fenceId: number) => {
    problem.value = undefined;
    try {
      const fence = await request<EditableFence>('GET', `/api/fences/${fenceId}`);
      opened.value = { fence, draft: draftOf(fence.feature), turn: ++turns };
    } catch (error) {
      problem.value = sentence(error);
    }
  };
  const begin = (shape: DraftShape) => () => {
    problem.value = undefined;
    const draft = emptyDraft(shape, opened.value?.draft.set ?? 'areas');
    opened.value = { fence: undefined, draft, turn: ++turns };
  };
  const change = (draft: FenceDraft) => {
    if (opened.value !== undefined) opened.value = { ...opened.value, draft };
  };
  const close = () => {
    opened.value = undefined;
  };
  return (
    <main class="screen fences">
      <header class="screen-title">
        <div>
          <h1>Fences</h1>
          <p class="muted">
            {list.value.value === undefined ? 'Reading the fences…' : countOf(list.value.value)}
          </p>
        </div>
        <div class="toolbar">
          {mayDispatch.value && (
            <>
              <button type="button" class="button" onClick={begin('circle')}>
                Draw circle
              </button>
              <button type="button" class="button" onClick={begin('polygon')}>
                Draw polygon
              </button>
              <button type="button" class="button" onClick={begin('corridor')}>
                Draw corridor
              </button>
              <button type="button" class="button" onClick={() => (isImporting.value = true)}>
                Import
              </button>
            </>
          )}
          <a class="button" href="/api/fences/export" download="fences.geojson" target="_self">
            Export GeoJSON
          </a>
          <a class="button" href="/api/fences/export.kml" download="fences.kml" target="_self">
            Export KML
          </a>
        </div>
      </header>
      <p class="problem" role="alert">
        {problem.value ?? list.problem.value}
      </p>
      <div class={opened.value === undefined ? 'fences-split' : 'fences-split has-fence'}>
        <FenceList
          rows={list.value.value ?? []}
          openedId={opened.value?.fence?.fenceId}
          onOpen={(fenceId) => void open(fenceId)}
        />
        <FencePane opened={opened.value} onChange={change} />
        {opened.value !== undefined && (
          <FenceForm
            key={opened.value.turn}
            opened={opened.value}
            onChange={change}
            onClose={close}
            onSaved={(fence) => {
              opened.value = fence && {
                fence,
                draft: draftOf(fence.feature),
                turn: opened.value?.turn ?? ++turns,
              };
              readAgain();
            }}
          />
        )}
      </div>
      {isImporting.value && (
        <ImportFences
          onClose={() => {
            isImporting.value = false;
          }}
          onDone={readAgain}
        />
      )}
    </main>
  );
};

function countOf(rows: readonly FenceListRow[]): string {
  const sets = new Set(rows.map(({ set }) => set)).size;
  const fences = `${rows.length.toLocaleString('en-GB')} ${rows.length === 1 ? 'fence' : 'fences'}`;
  return rows.length === 0
    ? 'None yet. Draw one, or import a file.'
    : `${fences} in ${sets} ${sets === 1 ? 'set' : 'sets'}`;
}

/** Rows shown at once: a country's areas are searched, not scrolled. */
const ROWS_MAX = 300;

type ListProps = {
  readonly rows: readonly FenceListRow[];
  readonly openedId: number | undefined;
  readonly onOpen: (fenceId: number) => void;
};

const FenceList = ({ rows, openedId, onOpen }: ListProps) => {
  const search = useSignal('');
  const wanted = search.value.trim().toLowerCase();
  const found = rows.filter(({ set, name }) => `${set}/${name}`.toLowerCase().includes(wanted));
  return (
    <section class="fence-list" aria-label="List of fences">
      <input
        type="search"
        placeholder="Search by name or set"
        aria-label="Search fences"
        value={search.value}
        onInput={(event) => {
          search.value = event.currentTarget.value;
        }}
      />
      <ul>
        {found.slice(0, ROWS_MAX).map(({ fenceId, set, name, shape, version }) => (
          <li key={fenceId}>
            <button
              type="button"
              class="fence-row"
              aria-pressed={fenceId === openedId}
              onClick={() => onOpen(fenceId)}
            >
              <strong>{name}</strong>
              <span class="muted">
                {set} · {shape}
                {version > 1 && ` · version ${version}`}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {found.length > ROWS_MAX && (
        <p class="muted">{(found.length - ROWS_MAX).toLocaleString('en-GB')} more; search to see them.</p>
      )}
    </section>
  );
};
