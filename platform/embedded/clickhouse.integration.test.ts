import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../../schemas/program.ts';
import { type EmbeddedClickhouse, openClickhouse } from './clickhouse.ts';

let folder: string;
let server: EmbeddedClickhouse;
let client: ClickHouseClient;

async function open(): Promise<EmbeddedClickhouse> {
  const opened = await openClickhouse({ folder, log: silentLog });
  if ('unavailable' in opened) throw new Error(opened.unavailable);
  return opened;
}

const connect = (url: string) => createClient({ url, log: { level: ClickHouseLogLevel.OFF } });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'paceline-clickhouse-'));
  server = await open();
  client = connect(server.url);
});

afterAll(async () => {
  await client.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const rows = async (query: string, query_params: Record<string, unknown> = {}): Promise<unknown[]> =>
  (await client.query({ query, query_params, format: 'JSONEachRow' })).json();

test('the embedded ClickHouse stores and answers as a server does', async () => {
  expect((await client.ping()).success).toBe(true);
  await client.command({ query: 'create table t (a UInt32, b String) engine = MergeTree order by a' });
  const values = [
    { a: 1, b: "it's" },
    { a: 2, b: 'tab\there' },
  ];
  const inserted = await client.insert({ table: 't', values, format: 'JSONEachRow' });
  expect(inserted.summary?.written_rows).toBe('2');
  expect(await rows('select * from t where b = {b:String}', { b: 'tab\there' })).toEqual([values[1]]);
  expect(await rows('select * from t where b in {b:Array(String)}', { b: ["it's"] })).toEqual([values[0]]);
  await client.command({ query: 'insert into t select a + {n:UInt8}, b from t', query_params: { n: 10 } });
  const whole = await client.query({ query: 'select count() as n from t', format: 'JSON' });
  expect(await whole.json()).toMatchObject({ data: [{ n: 4 }], rows: 1 });
});

test('the embedded ClickHouse says what is wrong with its code and type', async () => {
  await expect(rows('select * from nowhere')).rejects.toMatchObject({ code: '60', type: 'UNKNOWN_TABLE' });
  await expect(client.command({ query: 'selec 1' })).rejects.toMatchObject({ code: '62' });
  await expect(rows('select {left:String}')).rejects.toMatchObject({ code: '456' });
  await rows('select {left:String}', { left: 'behind' });
  for (let i = 0; i < 4; i++) {
    await expect(rows('select {left:String}')).rejects.toMatchObject({ code: '456' });
  }
});

test('the embedded ClickHouse refuses, when the password is wrong', async () => {
  const stranger = connect(server.url.replace(/:[^:@]+@/, ':wrong@'));
  await expect(stranger.query({ query: 'select 1' })).rejects.toMatchObject({ code: '516' });
  await stranger.close();
});

test('the embedded ClickHouse keeps settings to their request', async () => {
  const threads = `select value from system.settings where name = 'max_block_size'`;
  const answer = await client.query({
    query: threads,
    format: 'JSONEachRow',
    clickhouse_settings: { max_block_size: '77' },
  });
  expect(await answer.json()).toEqual([{ value: '77' }]);
  for (let i = 0; i < 4; i++) expect(await rows(threads)).not.toEqual([{ value: '77' }]);
  const create = { query: 'create table forbidden (a Int8) engine = Memory' };
  await expect(client.command({ ...create, clickhouse_settings: { readonly: '1' } })).rejects.toMatchObject({
    type: 'READONLY',
  });
  await client.command(create);
});

test('the embedded ClickHouse gives each of many queries its own parameters', async () => {
  const asked = Array.from({ length: 200 }, (_, i) => i);
  const answers = await Promise.all(
    asked.map((i) => rows('select {i:UInt32} as i, {name:String} as name', { i, name: `van ${i}` })),
  );
  expect(answers.flat()).toEqual(asked.map((i) => ({ i, name: `van ${i}` })));
});

test('the embedded ClickHouse answers a short question, while a long one runs', async () => {
  const long = rows('select sleepEachRow(0.1) from numbers(20) settings max_block_size = 1');
  let longDone = false;
  const settled = long.then(
    () => {
      longDone = true;
    },
    () => {
      longDone = true;
    },
  );
  expect(await rows('select 1 as one')).toEqual([{ one: 1 }]);
  expect(longDone).toBe(false);
  await settled;
});

test('the embedded ClickHouse streams a large answer', async () => {
  const answer = await client.query({ query: 'select number from numbers(500000)', format: 'JSONEachRow' });
  let sum = 0;
  for await (const piece of answer.stream<{ number: number }>()) {
    for (const row of piece) sum += row.json().number;
  }
  expect(sum).toBe((499_999 * 500_000) / 2);
});

test('openClickhouse() refuses with data/locked, when another holds the folder', async () => {
  await expect(openClickhouse({ folder, log: silentLog })).rejects.toMatchObject({ code: 'data/locked' });
});

test('openClickhouse() finds every acknowledged row, when the process was killed with SIGKILL', async () => {
  await client.command({ query: 'create table kept (a UInt32) engine = MergeTree order by a' });
  let acknowledged = 0;
  const writing = (async () => {
    for (;;) {
      const values = Array.from({ length: 100 }, (_, i) => ({ a: acknowledged + i }));
      await client.insert({ table: 'kept', values, format: 'JSONEachRow' });
      acknowledged += 100;
      if (acknowledged === 1000) process.kill(server.pid, 'SIGKILL');
    }
  })();
  await expect(writing).rejects.toThrow();
  await server.exited;
  await client.close();
  server = await open();
  client = connect(server.url);
  const [found] = (await rows('select uniqExact(a) as n from kept')) as { n: number }[];
  expect(found?.n).toBeGreaterThanOrEqual(acknowledged);
});
