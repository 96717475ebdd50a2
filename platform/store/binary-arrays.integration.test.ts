import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../testing/database.ts';
import { binaryArray, type ColumnType } from './binary-arrays.ts';

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await openTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await database?.close();
});

/** What the server makes of an array, as texts of its own. */
async function readBack(type: ColumnType, values: readonly unknown[]): Promise<(string | null)[]> {
  const { rows } = await client.query<{ value: string | null }>(
    `select value::text as value from unnest($1::${type}[]) with ordinality as t (value, n) order by n`,
    [binaryArray(type, values, (value) => value)],
  );
  return rows.map(({ value }) => value);
}

const whole = (bound: number) => fc.integer({ min: -bound, max: bound - 1 });
const texts = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));

test.each<[ColumnType, fc.Arbitrary<unknown>, (value: unknown) => string]>([
  ['boolean', fc.boolean(), String],
  ['integer', whole(2 ** 31), String],
  ['bigint', fc.maxSafeInteger(), (value) => String(BigInt(value as number))],
  ['bigint', fc.maxSafeInteger().map(String), String],
  ['text', texts, String],
])('binaryArray() of %s is read by the server as it was meant', async (type, value, asText) => {
  const lists = fc.array(fc.option(value, { nil: undefined }), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(lists, async (values) => {
      const expected = values.map((one) => (one === undefined ? null : asText(one)));
      expect(await readBack(type, values)).toEqual(expected);
    }),
    { numRuns: 40 },
  );
});

test('binaryArray() of numbers with a point is exact to the type', async () => {
  const values = [1.5, -0.1, 1_790_020_000.123, Number.NaN, null, Number.POSITIVE_INFINITY, 0];
  const doubles = ['1.5', '-0.1', '1790020000.123', 'NaN', null, 'Infinity', '0'];
  expect(await readBack('double precision', values)).toEqual(doubles);
  expect(await readBack('real', [0.25, 0.1, undefined])).toEqual(['0.25', '0.1', null]);
});

test('binaryArray() says what is no whole number, instead of cutting it off', () => {
  expect(() => binaryArray('integer', [1, 2.5], Number)).toThrow('2.5 is no integer');
  expect(() => binaryArray('bigint', ['9223372036854775807'], String)).toThrow('9223372036854775807');
});
