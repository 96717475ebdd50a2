import { expect, test } from 'vitest';
import { exceptionCode, literal, parseRequest } from './clickhouse-request.ts';

const at = (search: Record<string, string>) => new URL(`http://h/?${new URLSearchParams(search)}`);
const empty = Buffer.alloc(0);

test('parseRequest() tells the rows of an insert from its statement', () => {
  const query = 'INSERT INTO history.fixes (`at`, key) FORMAT JSONEachRow';
  expect(parseRequest(at({ query, database: 'history' }), Buffer.from('{}'))).toMatchObject({
    kind: 'insert',
    format: 'JSONEachRow',
    insert: { table: 'history.fixes', columns: ['at', 'key'] },
  });
});

test('parseRequest() leaves an insert from a query to the engine', () => {
  const sql = 'insert into a select * from b';
  expect(parseRequest(at({}), Buffer.from(sql))).toMatchObject({ kind: 'statement', sql });
});

test('parseRequest() finds format, parameters and settings, when a comment comes first', () => {
  const sql = '-- which vans\n/* all */ select {n:UInt8} FORMAT CSVWithNames';
  expect(parseRequest(at({ param_n: '7', max_threads: '1', query_id: 'q' }), Buffer.from(sql))).toEqual({
    kind: 'select',
    sql: 'select {n:UInt8} FORMAT CSVWithNames',
    format: 'CSVWithNames',
    database: 'default',
    params: { n: '7' },
    settings: { max_threads: '1' },
  });
});

test('parseRequest() takes no setting whose name is not one', () => {
  expect(parseRequest(at({ 'a = 1, b': '2', query: 'select 1' }), empty).settings).toEqual({});
});

test('literal() keeps a value inside its quotes', () => {
  expect(literal("a'b\\")).toBe("'a\\'b\\\\'");
});

test('exceptionCode() is undefined, when the text is none of ClickHouse', () => {
  expect(exceptionCode('Code: 60. DB::Exception: Unknown table')).toBe(60);
  expect(exceptionCode('socket hang up')).toBeUndefined();
});
