const NEWLINE = 10;
const END = Buffer.from('\\.\n');

/** Reads a backup: lines of JSON, and between them the rows of a table, as they come. */
export class BackupLines {
  readonly #source: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next line without its end; undefined when there is none. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const at = this.#held.indexOf(NEWLINE);
      if (at >= 0) {
        const text = this.#held.toString('utf8', 0, at);
        this.#held = this.#held.subarray(at + 1);
        return text;
      }
      if (!(await this.#more())) return this.#held.length === 0 ? undefined : this.#held.toString('utf8');
    }
  }

  /** The rows up to the line `\.`, in pieces of whole lines; false when the file ends before it. */
  async rows(take: (piece: Buffer) => Promise<void>): Promise<boolean> {
    for (;;) {
      const end = endOf(this.#held);
      if (end >= 0) {
        if (end > 0) await take(this.#held.subarray(0, end));
        this.#held = this.#held.subarray(end + END.length);
        return true;
      }
      const whole = this.#held.lastIndexOf(NEWLINE) + 1;
      if (whole > 0) {
        await take(this.#held.subarray(0, whole));
        this.#held = this.#held.subarray(whole);
      }
      if (!(await this.#more())) return false;
    }
  }

  async #more(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done) return false;
    this.#held = this.#held.length === 0 ? next.value : Buffer.concat([this.#held, next.value]);
    return true;
  }
}

/** Where the line `\.` begins, or -1. In the rows themselves a backslash is doubled. */
function endOf(held: Buffer): number {
  for (let at = held.indexOf(END); at >= 0; at = held.indexOf(END, at + 1)) {
    if (at === 0 || held[at - 1] === NEWLINE) return at;
  }
  return -1;
}
