import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { freePort } from './embedded/ports.ts';
import { historyProblem } from './history-probe.ts';

test('historyProblem() says what the server says, and nothing when it answers', async () => {
  const server = createServer((request, answer) => {
    const isKnown = request.headers.authorization === `Basic ${Buffer.from('me:a@b').toString('base64')}`;
    answer.writeHead(isKnown ? 200 : 516).end(isKnown ? '1\n' : 'Code: 516. Authentication failed\nmore');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  try {
    expect(await historyProblem(`http://me:a%40b@127.0.0.1:${port}/db`)).toBeUndefined();
    expect(await historyProblem(`http://127.0.0.1:${port}/`)).toBe(
      'it says: Code: 516. Authentication failed',
    );
  } finally {
    await new Promise((closed) => server.close(closed));
  }
  expect(await historyProblem(`http://127.0.0.1:${await freePort('127.0.0.1')}/`)).toContain('ECONNREFUSED');
});
