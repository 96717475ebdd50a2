import { useSignal } from '@preact/signals';
import type { EditableFence } from '../../../api-fences.ts';
import { type DraftPolicy, type FenceDraft, featureOfDraft, leastPoints } from '../../core/fence-draft.ts';
import { request, sentence } from '../../state/request.ts';
import { mayDispatch } from '../../state/session.ts';
import type { Opened } from './fences.tsx';

type Props = {
  readonly opened: Opened;
  readonly onChange: (draft: FenceDraft) => void;
  readonly onClose: () => void;
  /** With undefined it was deleted. */
  readonly onSaved: (fence: EditableFence | undefined) => void;
};

type Field = { readonly name: keyof DraftPolicy; readonly word: string; readonly isOptional?: boolean };

const fields: readonly Field[] = [
  { name: 'enterMargin', word: 'Enter margin, m' },
  { name: 'exitMargin', word: 'Exit margin, m' },
  { name: 'minInside', word: 'Least stay, s' },
  { name: 'minOutside', word: 'Least absence, s' },
  { name: 'dwell', word: 'Tell of stays beyond, s', isOptional: true },
  { name: 'speedLimit', word: 'Speed limit, m/s', isOptional: true },
];

/** Rules that are lists are written as they are stored; the server says what is wrong with them. */
const rules = [
  {
    name: 'schedule',
    word: 'Hours',
    example: '{"timeZone":"America/Chicago","hours":[{"days":[1,2,3,4,5],"from":"06:00","until":"20:00"}]}',
  },
  {
    name: 'presence',
    word: 'Presence',
    example: '[{"timeZone":"America/Chicago","days":[1,2,3,4,5],"at":"07:30","side":"inside"}]',
  },
] as const;

export const FenceForm = ({ opened, onChange, onClose, onSaved }: Props) => {
  const { draft, fence } = opened;
  const problem = useSignal<string | undefined>(undefined);
  const said = useSignal<string | undefined>(undefined);
  const isBusy = useSignal(false);
  const texts = useSignal<Record<string, string>>(
    Object.fromEntries(
      rules.map(({ name }) => [name, draft.policy[name] ? JSON.stringify(draft.policy[name]) : '']),
    ),
  );
  const put = (changed: Partial<FenceDraft>) => onChange({ ...draft, ...changed });
  const run = async (act: () => Promise<EditableFence | undefined>, done: string) => {
    isBusy.value = true;
    problem.value = undefined;
    said.value = undefined;
    try {
      onSaved(await act());
      said.value = done;
    } catch (error) {
      problem.value = error instanceof SyntaxError ? error.message : sentence(error);
    }
    isBusy.value = false;
  };
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    void run(async () => {
      const feature = featureOfDraft({ ...draft, policy: { ...draft.policy, ...rulesOf(texts.value) } });
      const path = fence === undefined ? '/api/fences' : `/api/fences/${fence.fenceId}`;
      const body = { feature, ...(fence && { version: fence.version }) };
      return await request<EditableFence>('POST', path, { body });
    }, 'Saved; the engine follows it from the next fix on.');
  };
  const remove = () =>
    void run(async () => {
      if (!window.confirm(`Delete the fence “${draft.name}”? What happened at it stays.`)) return fence;
      await request('POST', `/api/fences/${fence?.fenceId}/delete`, { body: {} });
      return undefined;
    }, '');
  const isDrawn = draft.kept !== undefined || draft.points.length >= leastPoints[draft.shape];
  return (
    <form class="fence-form stack" onSubmit={save} aria-label="The fence">
      <h2>{fence === undefined ? `New ${draft.shape}` : draft.name}</h2>
      <fieldset disabled={!mayDispatch.value}>
        <label>
          Name
          <input
            required
            maxLength={256}
            value={draft.name}
            onInput={(e) => put({ name: e.currentTarget.value })}
          />
        </label>
        <label>
          Set
          <input
            required
            maxLength={256}
            value={draft.set}
            onInput={(e) => put({ set: e.currentTarget.value })}
          />
        </label>
        {draft.shape === 'circle' && (
          <Metres word="Radius, m" value={draft.radius} onInput={(radius) => put({ radius })} />
        )}
        {draft.shape === 'corridor' && (
          <Metres word="Width, m" value={draft.width} onInput={(width) => put({ width })} />
        )}
        <div class="fence-policy">
          {fields.map(({ name, word, isOptional }) => (
            <label key={name}>
              {word}
              <input
                type="number"
                min={0}
                step="any"
                required={!isOptional}
                placeholder={isOptional ? 'none' : undefined}
                value={(draft.policy[name] as number | undefined) ?? ''}
                onInput={({ currentTarget: { value } }) =>
                  put({ policy: { ...draft.policy, [name]: value === '' ? undefined : Number(value) } })
                }
              />
            </label>
          ))}
        </div>
        {rules.map(({ name, word, example }) => (
          <label key={name}>
            {word}
            <textarea
              rows={3}
              spellcheck={false}
              placeholder={example}
              value={texts.value[name]}
              onInput={(event) => {
                texts.value = { ...texts.value, [name]: event.currentTarget.value };
              }}
            />
          </label>
        ))}
      </fieldset>
      <p class="problem" role="alert">
        {problem.value}
      </p>
      <p class="muted" role="status">
        {said.value}
      </p>
      <div class="actions">
        {fence !== undefined && mayDispatch.value && (
          <button type="button" class="button" onClick={remove} disabled={isBusy.value}>
            Delete
          </button>
        )}
        <button type="button" class="button" onClick={onClose}>
          Close
        </button>
        {mayDispatch.value && (
          <button type="submit" class="button primary" disabled={isBusy.value || !isDrawn}>
            {isBusy.value ? 'Saving…' : 'Save fence'}
          </button>
        )}
      </div>
    </form>
  );
};

type MetresProps = {
  readonly word: string;
  readonly value: number;
  readonly onInput: (value: number) => void;
};

const Metres = ({ word, value, onInput }: MetresProps) => (
  <label>
    {word}
    <input
      type="number"
      min={1}
      step="any"
      required
      value={value}
      onInput={(event) => onInput(Number(event.currentTarget.value))}
    />
  </label>
);

function rulesOf(texts: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    rules.map(({ name, word }) => {
      const text = texts[name]?.trim() ?? '';
      try {
        return [name, text === '' ? undefined : JSON.parse(text)];
      } catch {
        throw new SyntaxError(`${word} is not JSON; see the example in the empty field.`);
      }
    }),
  );
}
