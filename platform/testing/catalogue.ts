import type { ClientBase } from 'pg';

/** What a reader can see of a database, as lines by kind: two databases with the same lines are alike to it. */
export type Catalogue = Readonly<Record<string, readonly string[]>>;

/** Tables and views that are ours: no partition, no part of an extension. */
const ours = `c.relnamespace = 'public'::regnamespace and not c.relispartition and c.relkind in ('r', 'p', 'v')
  and not exists (select from pg_depend e where e.objid = c.oid and e.classid = 'pg_class'::regclass and e.deptype = 'e')`;

const questions: Readonly<Record<string, string>> = {
  // A hypertable is a table and a continuous aggregate a view, whatever stands behind them.
  relations: `select concat_ws(' | ', c.relname, case when c.relkind = 'v' then 'view' else 'table' end,
      'row security ' || c.relrowsecurity, obj_description(c.oid, 'pg_class'))
    from pg_class c where ${ours}`,
  columns: `select concat_ws(' | ', c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
      case when c.relkind <> 'v' and a.attnotnull then 'not null' end, a.attidentity,
      pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum))
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where ${ours}`,
  // PostgreSQL 18 lists "not null" among the constraints; columns have it above.
  constraints: `select concat_ws(' | ', c.relname, k.conname, pg_get_constraintdef(k.oid))
    from pg_constraint k join pg_class c on c.oid = k.conrelid
    where ${ours} and k.contype <> 'n'`,
  indexes: `select replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ')
    from pg_index i join pg_class c on c.oid = i.indrelid where ${ours}`,
  triggers: `select concat_ws(' | ', c.relname, pg_get_triggerdef(t.oid))
    from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where ${ours} and not t.tgisinternal and t.tgname not like 'ts\\_%'`,
  policies: `select concat_ws(' | ', tablename, policyname, roles::text, cmd, qual, with_check) from pg_policies`,
  grants: `select concat_ws(' | ', table_name, column_name, privilege_type)
    from information_schema.column_privileges where grantee = 'paceline_web'`,
  functions: `select concat_ws(' | ', p.oid::regprocedure::text, pg_get_function_result(p.oid),
      'definer ' || p.prosecdef, obj_description(p.oid, 'pg_proc'))
    from pg_proc p
    where p.pronamespace = 'public'::regnamespace
      and not exists (select from pg_depend e
        where e.objid = p.oid and e.classid = 'pg_proc'::regclass and e.deptype = 'e')`,
};

export async function catalogueOf(client: ClientBase): Promise<Catalogue> {
  const catalogue: Record<string, string[]> = {};
  for (const [kind, question] of Object.entries(questions)) {
    const { rows } = await client.query<[string]>({ text: question, rowMode: 'array' });
    catalogue[kind] = rows.map(([line]) => line).sort();
  }
  return catalogue;
}
