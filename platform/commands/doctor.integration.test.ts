import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, service, startIngest } from '../../ingest/testing/running.ts';
import { makeDevice, makeFleet } from '../../ingest/testing/world.ts';
import { openTestDatabase } from '../testing/database.ts';
import { runCli } from '../verbs.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paceline-doctor-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function doctor(file: string, content: string, ...flags: string[]) {
  const path = join(folder, file);
  await writeFile(path, content);
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  const io = { stdout: print, stderr: print, environment: {}, signal: new AbortController().signal };
  const code = await runCli(['doctor', '--payload', path, ...flags], { ...io, now: () => 1_790_000_010 });
  return { code, text: lines.join('\n') };
}

const phone = '{"_type":"location","lat":48.85833,"lon":2.29513,"tst":1789999990,"vel":36}\n';

test('paceline doctor prints the fix it would store, for people and for programs', async () => {
  const { code, text } = await doctor('phone.json', phone, '--topic', 'owntracks/jo/van-7');
  expect(code).toBe(0);
  expect(text).toMatch(/^format {4}OwnTracks JSON \(owntracks\), by its topic\nunits .*km\/h/);
  expect(text).toMatch(
    /device {4}van-7\nfix {7}2026-09-21T14:13:10.000Z at 48.85833, 2.29513, speed 10 m\/s/,
  );
  const json = await doctor('phone.json', phone, '--json');
  expect(JSON.parse(json.text)).toMatchObject({ format: 'owntracks', fixes: [{ speed: 10, flags: [] }] });
});

test('paceline doctor reads a frame of hexadecimal digits', async () => {
  const hex =
    '000000000000003608010000016B40D8EA30010000000000000000000000000000000105021503010101425E0F01F10000601A014E0000000000000000010000C7CF';
  expect((await doctor('frame.hex', hex)).text).toMatch(
    /Teltonika[\s\S]*not used for conclusions: zero, doubted/,
  );
});

test('paceline doctor exits with 1 and the lines that would help, when the payload would be refused', async () => {
  const odd = '{"when":1789999990,"where":{"lat":48.8,"lon":2.2}}';
  const { code, text } = await doctor('odd.json', odd, '--topic', 'acme/7/gps');
  expect(code).toBe(1);
  expect(text).toContain('acme/{device}/gps');
  const formats = join(folder, 'formats.json');
  await writeFile(formats, text.slice(text.indexOf('\n{')));
  expect(await doctor('odd.json', odd, '--topic', 'acme/7/gps', '--formats', formats)).toMatchObject({
    code: 0,
  });
});

test('paceline doctor names the mistakes of a settings file', async () => {
  const formats = join(folder, 'wrong.json');
  await writeFile(formats, '{"mappings":[{"name":"acme","fields":{"speed":{"path":"v"}}}]}');
  const { code, text } = await doctor('phone.json', phone, '--formats', formats);
  expect(code).toBe(9);
  expect(text).toMatch(/mappings\/0\/fields\/ts: missing[\s\S]*speed\/unit: missing; say one of/);
});

test('paceline doctor --topic says it of every message that devices send', async () => {
  const database = await openTestDatabase();
  const pool = new pg.Pool({ connectionString: database.url, max: 1 });
  try {
    const { fleetId } = await makeFleet(pool, 'north');
    const login = await makeDevice(pool, { fleetId, fleet: 'north', device: 'van-7' });
    await using ingest = await startIngest({ databaseUrl: database.url });
    const said: string[] = [];
    const listening = deferred();
    const io = {
      stdout: (line: string) => void said.push(line),
      stderr: listening.resolve,
      environment: { MQTT_PORT: new URL(ingest.url).port, PACELINE_SERVICE_PASSWORD: service.password },
      signal: new AbortController().signal,
      now: () => 1_790_000_010,
    };
    const command = runCli(['doctor', '--topic', 'owntracks/#', '--count', '2'], io);
    await listening.promise;
    const client = await connect(ingest.url, login);
    await client.publishAsync('owntracks/jo/van-7', phone, { qos: 1 });
    await client.publishAsync('owntracks/jo/van-7', '{"_type":"encrypted"}', { qos: 1 });
    expect(await command).toBe(0);
    expect(said.join('\n')).toMatch(
      /owntracks\/jo\/van-7\nformat[\s\S]*speed 10 m\/s[\s\S]*refused {3}format: encrypted/,
    );
    await client.endAsync();
  } finally {
    await pool.end();
    await database.close();
  }
});

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
