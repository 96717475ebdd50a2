import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import type { ClientBase } from 'pg';
import { asError, Fault } from '../../schemas/fault.ts';
import { silentLog } from '../../schemas/program.ts';
import { type Command, type CommandIo, parseCommandLine } from '../command.ts';
import { readConfig } from '../config.ts';
import { deleteFences, fenceSets, readFences, writeFences } from '../store/fence-store.ts';
import { audit, change, fleetIdOf } from '../store/fleet-store.ts';
import { featureOf, fencesFromGeoJson } from '../store/geojson.ts';
import { withClient, withDatabase } from '../with-database.ts';

export const command: Command = {
  summary: 'import, list, export and delete geofences',
  usage: `Usage: paceline fences import FILE --fleet NAME [--set SET] [--where PROPERTY=VALUE]... [--name PROPERTY]
       paceline fences list   --fleet NAME
       paceline fences export --fleet NAME --set SET
       paceline fences delete --fleet NAME --set SET

FILE is GeoJSON: a Feature, a FeatureCollection, or one Feature a line; also compressed by gzip. Polygons and
MultiPolygons are areas, a Point with a property radius a circle, a LineString with a property width a corridor
(metres). Coordinates are kept as they stand. A feature that is no fence is reported and left out. Importing the
same file again changes nothing; a fence with the same set and name as one before takes its place.
  --fleet NAME            the fleet
  --set SET               the set the fences belong to; without it, their own property “set”
  --where PROPERTY=VALUE  only features with this property (repeatable, all must hold)
  --name PROPERTY         the property that names a fence (name)
  --strict                change nothing when a feature is no fence
  --json                  at the end one line with the counts
  --data DIR              data folder (PACELINE_DATA, ./data), where DATABASE_URL is not set`,
  run: async (args, io) => {
    const { values, positionals } = parseCommandLine(args, options, true);
    const [action, file, ...more] = positionals;
    const config = readConfig(io.environment, { ...(values.data && { PACELINE_DATA: values.data }) });
    const { fleet } = values;
    if (action === undefined || !Object.hasOwn(actions, action) || more.length > 0) {
      throw new Fault(
        'config/invalid',
        `fences needs one of import, list, export and delete (--help says more)`,
      );
    }
    if (fleet === undefined) throw new Fault('config/invalid', '--fleet is missing: name the fleet');
    const act = actions[action as keyof typeof actions];
    const order: Order = { ...values, where: whereOf(values.where ?? []), file, fleet };
    // Read and checked before a database is opened: the file is what is most often wrong.
    const prepared = await act(order);
    return withDatabase(config, silentLog, (url) =>
      withClient(url, async (client) => prepared(client, await fleetIdOf(client, fleet), io)),
    );
  },
};

const options = {
  fleet: { type: 'string' },
  set: { type: 'string' },
  where: { type: 'string', multiple: true },
  name: { type: 'string' },
  strict: { type: 'boolean' },
  json: { type: 'boolean' },
  data: { type: 'string' },
} as const;

type Order = {
  readonly fleet: string;
  readonly file: string | undefined;
  readonly set?: string | undefined;
  readonly where: Readonly<Record<string, string>>;
  readonly name?: string | undefined;
  readonly strict?: boolean | undefined;
  readonly json?: boolean | undefined;
};
type Act = (client: ClientBase, fleetId: number, io: CommandIo) => Promise<number>;

const actions: Readonly<Record<'import' | 'list' | 'export' | 'delete', (order: Order) => Promise<Act>>> = {
  import: async (order) => {
    if (order.file === undefined) throw new Fault('config/invalid', 'fences import needs a file');
    const found = fencesFromGeoJson(await readText(order.file), {
      set: order.set,
      nameProperty: order.name ?? 'name',
      where: order.where,
    });
    const { fences, problems } = found;
    return async (client, fleetId, io) => {
      for (const line of [...problems, ...found.renamed]) io.stderr(line);
      if (problems.length > 0 && order.strict) {
        throw new Fault(
          'input/invalid',
          `${problems.length} features of ${order.file} are no fences; nothing was imported`,
        );
      }
      if (fences.length === 0) {
        throw new Fault(
          'input/invalid',
          `${order.file} has no fence to import (${problems.length} refused, ${found.skipped} left out by --where)`,
        );
      }
      const written = await change(client, ['paceline_world'], async () => {
        const counts = await writeFences(client, fleetId, fences);
        if (counts.added + counts.changed > 0) {
          await audit(client, fleetId, 'fences.import', order.fleet, { ...counts, sets: setsOf(fences) });
        }
        return [fleetId, counts];
      });
      const unchanged = fences.length - written.added - written.changed;
      const counts = { ...written, unchanged, refused: problems.length, skipped: found.skipped };
      const text = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
      io.stdout(
        order.json
          ? JSON.stringify({ sets: setsOf(fences), ...counts })
          : `${setsOf(fences).join(', ')}: ${text.join(', ')}`,
      );
      return 0;
    };
  },
  list: async (order) => async (client, fleetId, io) => {
    const sets = await fenceSets(client, fleetId);
    if (order.json) io.stdout(JSON.stringify({ sets }));
    else for (const { set, fences } of sets) io.stdout(`${set}: ${fences} fences`);
    return 0;
  },
  export: async (order) => {
    const set = required(order);
    return async (client, fleetId, io) => {
      const features = (await readFences(client, fleetId, set)).map((fence) =>
        JSON.stringify(featureOf(fence)),
      );
      if (features.length === 0)
        throw new Fault('input/invalid', `the fleet has no fences of the set “${set}”`);
      io.stdout(`{"type":"FeatureCollection","features":[\n${features.join(',\n')}\n]}`);
      return 0;
    };
  },
  delete: async (order) => {
    const set = required(order);
    return async (client, fleetId, io) => {
      const deleted = await change(client, ['paceline_world'], async () => {
        const count = await deleteFences(client, fleetId, set);
        if (count > 0) await audit(client, fleetId, 'fences.delete', set, { fences: count });
        return [fleetId, count];
      });
      if (deleted === 0) throw new Fault('input/invalid', `the fleet has no fences of the set “${set}”`);
      io.stdout(order.json ? JSON.stringify({ set, deleted }) : `${set}: ${deleted} deleted`);
      return 0;
    };
  },
};

function required({ set }: Order): string {
  if (set === undefined) throw new Fault('config/invalid', '--set is missing: name the set of fences');
  return set;
}

const setsOf = (fences: readonly { readonly set: string }[]): string[] => [
  ...new Set(fences.map(({ set }) => set)),
];

function whereOf(conditions: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    conditions.map((condition) => {
      const at = condition.indexOf('=');
      if (at < 1) throw new Fault('config/invalid', `--where must be PROPERTY=VALUE, not “${condition}”`);
      return [condition.slice(0, at), condition.slice(at + 1)];
    }),
  );
}

/** What a string of V8 can hold. */
const TEXT_BYTES_MAX = 500_000_000;

async function readText(file: string): Promise<string> {
  try {
    const bytes = await readFile(file);
    const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const text = isGzip ? gunzipSync(bytes, { maxOutputLength: TEXT_BYTES_MAX }) : bytes;
    if (text.length > TEXT_BYTES_MAX) throw new Error('it is larger than 500 MB; split it by lines');
    return text.toString('utf8').replace(/^\ufeff/, '');
  } catch (thrown) {
    throw new Fault('input/invalid', `${file} cannot be read (${asError(thrown).message})`, {
      cause: thrown,
    });
  }
}
