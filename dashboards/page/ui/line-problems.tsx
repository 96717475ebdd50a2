type Props = {
  /** What is wrong with the whole. */
  readonly problem: string | undefined;
  /** What the parts of the file are called. */
  readonly word: string;
  readonly lines: readonly { readonly line: number; readonly message: string }[];
};

/** Why a file is not taken: in a sentence, and part by part. */
export const LineProblems = ({ problem, word, lines }: Props) => (
  <div role="alert">
    {problem !== undefined && <p class="problem">{problem}</p>}
    {lines.length > 0 && (
      <ol class="line-problems">
        {lines.map(({ line, message }) => (
          <li key={`${line} ${message}`}>
            <strong>
              {word} {line}
            </strong>{' '}
            {message}
          </li>
        ))}
      </ol>
    )}
  </div>
);
