import { type FileHandle, mkdir, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The log of one process: JSON lines in a file of bounded size, and the grave ones for a person too. */
export type LogFile = {
  /** A line of JSON as pino writes it. */
  readonly append: (line: string) => void;
  /** A line that the process said outside its log: a stack trace, most likely, which is for the file only. */
  readonly complain: (line: string) => void;
  readonly close: () => Promise<void>;
};

const BYTES_MAX = 20_000_000;
/** Lines not yet written: when the disk does not keep up (or is full), later ones are dropped. */
const WAITING_MAX = 10_000;
const WARN = 40;

/** `tell` gets what a person should see: warnings and worse. */
export async function openLogFile(
  folder: string,
  name: string,
  tell: (line: string) => void,
): Promise<LogFile> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${name}.log`);
  let size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  let file: FileHandle = await open(path, 'a', 0o600);
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();

  const write = async (line: string) => {
    try {
      if (size > BYTES_MAX) {
        await file.close();
        await rename(path, `${path}.1`);
        file = await open(path, 'a', 0o600);
        size = 0;
      }
      await file.write(`${line}\n`);
      size += line.length + 1;
    } catch {
      // A full disk must not stop the process whose log this is.
    } finally {
      waiting--;
    }
  };
  const append = (line: string) => {
    if (waiting >= WAITING_MAX) return;
    waiting++;
    last = last.then(() => write(line));
  };

  return {
    append: (line) => {
      append(line);
      const sentence = sentenceOf(line);
      if (sentence !== undefined) tell(`${name}: ${sentence}`);
    },
    complain: (line) => append(JSON.stringify({ level: 50, time: Date.now(), name, msg: line })),
    close: async () => {
      await last;
      await file.close();
    },
  };
}

/** What a JSON log line says to a person, or undefined when it is not for one. */
export function sentenceOf(line: string): string | undefined {
  if (!line.startsWith('{')) return line;
  try {
    const { level, msg, time, name, pid, hostname, err, ...fields } = JSON.parse(line);
    if (!(level >= WARN)) return undefined;
    const why = err?.message === undefined ? '' : ` (${err.message})`;
    const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${brief(value)}`);
    return `${level > WARN ? 'error' : 'warning'}: ${msg}${why}${rest.join('')}`;
  } catch {
    return line;
  }
}

function brief(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
