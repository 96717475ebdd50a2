type Props = {
  /** What the button says. */
  readonly word: string;
  /** To choose from; any other may be typed. */
  readonly reasons: readonly string[];
  readonly isBusy: boolean;
  readonly onReason: (reason: string) => void;
  readonly onCancel: () => void;
};

/** Asks a person why, before something is declined or taken back. */
export const ReasonForm = ({ word, reasons, isBusy, onReason, onCancel }: Props) => {
  const id = `reasons-${word.replace(/\W/g, '')}`;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onReason(String(new FormData(event.currentTarget as HTMLFormElement).get('reason')).trim());
  };
  return (
    <form class="dismiss" onSubmit={submit} onKeyDown={(event) => event.key === 'Escape' && onCancel()}>
      <label>
        Why?
        <input name="reason" list={id} required maxLength={200} autofocus />
      </label>
      <datalist id={id}>
        {reasons.map((reason) => (
          <option key={reason} value={reason} />
        ))}
      </datalist>
      <button type="button" class="button small" onClick={onCancel}>
        Cancel
      </button>
      <button type="submit" class="button small primary" disabled={isBusy}>
        {word}
      </button>
    </form>
  );
};
