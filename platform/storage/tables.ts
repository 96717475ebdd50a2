import type { ClientBase } from 'pg';

/** A table of ours as a backup holds it. */
export type TableFacts = {
  readonly name: string;
  readonly columns: readonly string[];
  /** Rows that belong to this database alone stay out. */
  readonly where: string;
};

const listSql = `
  select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns
  from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    and c.relname <> 'migrations'
    and not exists (select from pg_depend e
      where e.objid = c.oid and e.classid = 'pg_class'::regclass and e.deptype = 'e')
  group by c.oid, c.relname`;

const referencesSql = `
  select distinct k.conrelid::regclass::text as "from", k.confrelid::regclass::text as "to"
  from pg_constraint k
  where k.contype = 'f' and k.connamespace = 'public'::regnamespace and k.conrelid <> k.confrelid`;

/** Every table of ours, each after those that it refers to. */
export async function tablesInOrder(client: ClientBase): Promise<TableFacts[]> {
  const { rows: tables } = await client.query<{ name: string; columns: string[] }>(listSql);
  const { rows: references } = await client.query<{ from: string; to: string }>(referencesSql);
  const ordered: TableFacts[] = [];
  const rest = new Map(tables.map((table) => [table.name, table]));
  while (rest.size > 0) {
    const free = [...rest.values()]
      .filter(({ name }) => !references.some(({ from, to }) => from === name && rest.has(to)))
      .sort((a, b) => a.name.localeCompare(b.name));
    // Tables that refer to each other in a circle would be a mistake of the schema.
    const next = free.length > 0 ? free : [...rest.values()];
    for (const table of next) {
      rest.delete(table.name);
      ordered.push({ ...table, where: table.name === 'settings' ? `name <> 'timescaledb'` : 'true' });
    }
  }
  return ordered;
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const columnList = ({ columns }: Pick<TableFacts, 'columns'>): string =>
  columns.map(quoted).join(', ');

/** How many rows a table has, and a sum over all of them that no order changes. */
export type Content = { readonly rows: number; readonly sum: string };

/** Texts of values must not depend on the session, or two databases could not be compared. */
export const plainText = `set local timezone = 'UTC'; set local datestyle = 'ISO'; set local intervalstyle = 'postgres';
  set local extra_float_digits = 1; set local bytea_output = 'hex'`;

export async function contentOf(client: ClientBase, table: TableFacts): Promise<Content> {
  const { rows } = await client.query<{ rows: string; sum: string }>(
    `select count(*) as rows, coalesce(sum(hashtextextended(row(${columnList(table)})::text, 0)::numeric), 0)::text as sum
     from ${quoted(table.name)} where ${table.where}`,
  );
  return { rows: Number(rows[0]?.rows ?? 0), sum: rows[0]?.sum ?? '0' };
}
