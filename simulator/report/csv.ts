import { Fault } from '../../schemas/fault.ts';

/**
 * Rows of comma-separated text with a header line (RFC 4180: quoted fields may hold commas, quotes
 * doubled, and line breaks), as objects that hold the named columns.
 */
export function* records<Column extends string>(
  text: string,
  columns: readonly Column[],
  origin: string,
): Generator<Readonly<Record<Column, string>>> {
  const rows = fields(text);
  const header = rows.next().value;
  const places = columns.map((column) => header?.indexOf(column) ?? -1);
  const missing = columns.filter((_, i) => places[i] === -1);
  if (missing.length > 0) throw new Fault('input/invalid', `${origin} has no column ${missing.join(', ')}`);
  for (const row of rows) {
    const record = {} as Record<Column, string>;
    for (const [i, column] of columns.entries()) record[column] = row[places[i]!] ?? '';
    yield record;
  }
}

function* fields(text: string): Generator<string[]> {
  let row: string[] = [];
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    let value: string;
    if (text[at] === '"') {
      let end = at + 1;
      for (;;) {
        end = text.indexOf('"', end);
        if (end < 0) end = text.length;
        if (text[end + 1] !== '"') break;
        end += 2;
      }
      value = text.slice(at + 1, end).replaceAll('""', '"');
      at = end + 1;
    } else {
      let end = at;
      while (end < text.length && text[end] !== ',' && text[end] !== '\n') end++;
      value = text.slice(at, end).replace(/\r$/, '');
      at = end;
    }
    row.push(value);
    if (text[at] === '\r') at++;
    if (text[at] === ',') {
      at++;
      if (at === text.length) row.push('');
      continue;
    }
    at++;
    if (row.length > 1 || row[0] !== '') yield row;
    row = [];
  }
  if (row.length > 0) yield row;
}
