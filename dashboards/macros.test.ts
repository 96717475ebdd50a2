import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expandSql, intervalFor, MacroError, quote } from './macros.ts';
import { variableValues } from './variables.ts';

const scope = {
  from: 1_700_000_000,
  until: 1_700_003_600,
  interval: 60,
  variables: new Map([['rows', ['20']]]),
};

describe('expandSql()', () => {
  test.each([
    ['$__timeFilter(minute)', `minute between '2023-11-14T22:13:20.000Z' and '2023-11-14T23:13:20.000Z'`],
    ['$__timeGroupAlias(at,$__interval)', 'floor(extract(epoch from at)/60)*60 as "time"'],
    [`$__timeGroup(f.at, '5m')`, 'floor(extract(epoch from f.at)/300)*300'],
    ['$__time(at)', 'at as "time"'],
    ['1000.0 / $__interval_ms', '1000.0 / 60000'],
    [`limit \${rows:sqlstring}`, `limit '20'`],
  ])('turns %s into what Grafana would', (sql, wanted) => {
    expect(expandSql(sql, scope)).toBe(wanted);
  });

  test.each([
    '$rows',
    `\${rows}`,
    `\${rows:raw}`,
    `\${other:sqlstring}`,
    '$__nothing(at)',
    '$__timeFilter(now())',
  ])('refuses %s', (sql) => {
    expect(() => expandSql(sql, scope)).toThrow(MacroError);
  });

  test('keeps any value within its quotes, and never reads it again', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 3 }), (values) => {
        const sql = expandSql(`x in (\${v:sqlstring})`, { ...scope, variables: new Map([['v', values]]) });
        // What a literal is to PostgreSQL: quotes doubled inside. Read back, they must be the values.
        const read = [...sql.slice(6, -1).matchAll(/'((?:[^']|'')*)'(?:,|$)/gsu)].map(
          ([, inside = '']) => inside,
        );
        expect(read.map((inside) => inside.replaceAll("''", "'"))).toEqual(
          values.map((value) => value.replaceAll('\0', '')),
        );
        expect(sql).toBe(`x in (${values.map(quote).join(',')})`);
      }),
    );
    expect(
      expandSql(`\${v:sqlstring}`, { ...scope, variables: new Map([['v', ['$__interval $rows']]]) }),
    ).toBe(`'$__interval $rows'`);
  });
});

describe('variableValues()', () => {
  const rows = { name: 'rows', type: 'custom', query: '20,100, all of them : 500', current: { value: '20' } };

  test('gives the default, and what is asked for if it is an option', () => {
    expect(variableValues([rows], {})).toEqual({ values: new Map([['rows', ['20']]]) });
    expect(variableValues([rows], { rows: '500', unknown: 'x' })).toEqual({
      values: new Map([['rows', ['500']]]),
    });
  });

  test.each([[{ rows: '21' }], [{ rows: ['20', '100'] }], [{ rows: `20' or '1'='1` }], [{ rows: [] }]])(
    'refuses %j',
    (asked) => {
      expect(variableValues([rows], asked)).toHaveProperty('problem');
    },
  );
});

test('intervalFor() rounds up to a step that people know', () => {
  expect([
    intervalFor(3600, 600, 60),
    intervalFor(86_400, 600, 60),
    intervalFor(30 * 86_400, 600, 1),
  ]).toEqual([60, 300, 7200]);
});
