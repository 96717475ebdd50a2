import { expect, test } from 'vitest';
import { csv } from './csv.ts';

test('csv() quotes as RFC 4180 says, and defuses what a spreadsheet would run', () => {
  const rows = [
    ['plain', 1.5, null],
    ['a "b", c\nd', -2, '=1+1'],
    ['@sum', 0, '-x,y'],
  ];
  expect(csv(['route', 'delay', 'note'], rows)).toBe(
    `route,delay,note\r\nplain,1.5,\r\n"a ""b"", c\nd",-2,'=1+1\r\n'@sum,0,"'-x,y"\r\n`,
  );
});
