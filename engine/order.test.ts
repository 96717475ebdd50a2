import { expect, test } from 'vitest';
import { ingestLimits } from '../ingest/config.ts';
import { fixFrom } from '../ingest/decode/own-fix.ts';
import { fencesFromGeoJson } from '../platform/store/geojson.ts';
import { recordedFixes, recordingText, whyNoRecordings } from '../platform/testing/recordings.ts';
import type { EngineStore } from '../schemas/engine-store.ts';
import { defaultFencePolicy } from '../schemas/fence.ts';
import type { Fix } from '../schemas/fix.ts';
import { type Random, random } from '../schemas/random.ts';
import { mpsFromKmh } from '../schemas/units.ts';
import { Engine } from './engine.ts';
import { inline } from './pool/inline.ts';
import { anyDay, type Day, worldOf } from './testing/any-day.ts';
import { MemoryStore } from './testing/memory-store.ts';
import { concluded, START } from './testing/small-world.ts';

/** More for a night's run: ORDER_CASES=5000 npx vitest run engine/order.test.ts */
const CASES = Number(process.env.ORDER_CASES ?? 60);

const open = (store: EngineStore): Promise<Engine> =>
  Engine.open(store, { run: inline, threads: 0, gulpFixes: 60, now: () => START + 1e7 });

async function settle(engine: Engine): Promise<void> {
  for (;;) {
    const step = await engine.advance();
    const late = await engine.rederive(10);
    if (!step.hasMore && !late.hasMore) return;
  }
}

/** The tables when everything is known from the start and arrives in order. */
async function inOrder(day: Day): Promise<ReturnType<typeof concluded>> {
  const store = worldOf(day, day.worlds.at(-1)!);
  store.ingest(
    [...day.fixes].sort((a, b) => a.at - b.at || a.key - b.key),
    day.reports,
  );
  await settle(await open(store));
  return concluded(store);
}

/** Instants of arrival: as measured, shuffled, backwards, with stretches held back, or after a day without network. */
function arrivals(fixes: readonly Fix[], chance: Random): number[] {
  const kind = chance.pick(['held', 'shuffled', 'backwards', 'outage', 'held'] as const);
  const from = chance.integer(fixes.length);
  const until = from + chance.integer(fixes.length);
  return fixes.map((_, i) => {
    if (kind === 'shuffled') return chance.next() * fixes.length;
    if (kind === 'backwards') return fixes.length - i;
    if (kind === 'outage') return i >= from && i < until ? until + (chance.chance(0.5) ? i : -i) / 1000 : i;
    return i + (chance.chance(0.1) ? chance.integer(150) : 0);
  });
}

/** A store whose next commit fails, as if the database went away in it. */
function failing(store: MemoryStore): EngineStore {
  return Object.create(store, {
    commit: { value: () => Promise.reject(new Error('the connection is gone')) },
  }) as EngineStore;
}

async function asItCame(day: Day, chance: Random): Promise<MemoryStore> {
  const due = arrivals(day.fixes, chance);
  const arriving = day.fixes.map((fix, i) => ({ fix, due: due[i]! })).sort((a, b) => a.due - b.due);
  const store = worldOf(day, day.worlds[0]!);
  const size = 1 + chance.integer(60);
  const edits = day.worlds.slice(1).map((world) => ({ world, before: chance.integer(arriving.length) }));
  const told = day.reports.map((report) => ({ report, before: chance.integer(arriving.length) }));
  let engine = await open(store);
  for (let i = 0; i < arriving.length; i += size) {
    const isNow = ({ before }: { before: number }): boolean => before >= i && before < i + size;
    // Neighbours are repeated, and an upload now and then long afterwards.
    const again = chance.chance(0.2) ? arriving.slice(0, chance.integer(i + 1)).slice(-20) : [];
    const batch = [...again, ...arriving.slice(Math.max(0, i - 3), i + size)].map(({ fix }) => fix);
    store.ingest(
      batch,
      told.filter(isNow).map(({ report }) => report),
    );
    for (const { world } of edits.filter(isNow)) world.apply(store);
    if (chance.chance(0.1)) await (await open(failing(store))).advance().catch(() => {});
    if (chance.chance(0.7)) await engine.advance();
    if (chance.chance(0.3)) await engine.rederive(1);
    if (chance.chance(0.15)) engine = await open(store);
  }
  // The newest world, and the past derived by it: what a person orders after an edit.
  if (day.worlds.length > 1) {
    day.worlds.at(-1)!.apply(store);
    for (const { id } of store.world.vehicles) store.order(id, Number.NEGATIVE_INFINITY);
  }
  if (chance.chance(0.3)) engine = await open(store);
  await settle(engine);
  return store;
}

test('Engine ends in the same tables, whatever the order, splitting, repetition, edits of fences and plans, outages and kills', {
  timeout: 60_000 + CASES * 1000,
}, async () => {
  for (let seed = 1; seed <= CASES; seed++) {
    const day = anyDay(seed);
    expect(day.fixes.length).toBeGreaterThanOrEqual(200);
    const store = await asItCame(day, random(`arrival ${seed}`));
    expect(concluded(store), `case ${seed}`).toEqual(await inOrder(day));
  }
});

const fleets = [
  { file: 'gps/capmetro_2017-03-21.csv.gz', city: 'austin' },
  { file: 'gps/google_lmfs.csv.gz', city: 'san-francisco' },
  { file: 'gps/google_jump-demo.csv.gz', city: 'san-francisco' },
];

function recordedDay(file: string, city: string): { store: () => MemoryStore; fixes: Fix[] } {
  const vehicles = new Map<string, number>();
  const fixes = recordedFixes(file).map(({ vehicle, at, lng, lat, text }) => {
    const vehicleId = vehicles.get(vehicle) ?? vehicles.size + 1;
    vehicles.set(vehicle, vehicleId);
    const [, , , , , , speed, heading, accuracy] = text.split(',');
    const number = (value: string | undefined): number | null => (value ? Number(value) : null);
    const message = {
      ...{ ts: at * 1000, lat, lng, heading: number(heading), accuracy: number(accuracy) },
      speed: speed ? mpsFromKmh(Number(speed)) : null,
    };
    const fix = fixFrom(message, { fleetId: 1, vehicleId, deviceId: vehicleId }, at, ingestLimits);
    if ('reason' in fix) throw new TypeError(`${text}: ${fix.detail}`);
    return fix;
  });
  const text = recordingText('geofences/neighbourhoods_austin_columbus_portland_sanfrancisco.ndjson.gz');
  const found = fencesFromGeoJson(text, { nameProperty: 'name', where: { city }, set: city });
  const fences = found.fences.map((fence, i) => ({
    ...fence,
    ...{ id: i + 1, fleetId: 1, policy: defaultFencePolicy },
  }));
  const world = {
    fleets: [{ id: 1, name: 'f', timeZone: 'UTC' }],
    ...{ depots: [], fences },
    vehicles: [...vehicles].map(([name, id]) => ({ id, fleetId: 1, name })),
  };
  return {
    fixes,
    store() {
      const store = new MemoryStore();
      store.setWorld(world, []);
      return store;
    },
  };
}

test.skipIf(whyNoRecordings('order of arrival over recordings')).each(fleets)(
  'Engine ends in the same tables, when $file arrives shuffled',
  { timeout: 120_000 },
  async ({ file, city }) => {
    const { fixes, store } = recordedDay(file, city);
    const ordered = store();
    ordered.ingest([...fixes].sort((a, b) => a.at - b.at || a.key - b.key));
    await settle(await open(ordered));
    const shuffled = store();
    const chance = random(file);
    const arriving = fixes
      .map((fix) => ({ fix, due: chance.next() }))
      .sort((a, b) => a.due - b.due)
      .map(({ fix }) => fix);
    const parts = 6;
    let engine = await open(shuffled);
    for (let part = 0; part < parts; part++) {
      shuffled.ingest(arriving.filter((_, i) => i % parts === part));
      await settle(engine);
      engine = await open(shuffled);
    }
    const { crossings, halts, trips } = concluded(ordered);
    expect(crossings.length + halts.length + trips.length).toBeGreaterThan(0);
    expect(concluded(shuffled)).toEqual(concluded(ordered));
  },
);
