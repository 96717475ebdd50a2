import { mpsFromKmh, shareFromPercent } from '../../schemas/units.ts';
import { converted, isRecord, msOfAny, numberOf, recordOf, truthOf, unlessNegative } from './coerce.ts';
import {
  type Arrival,
  type Body,
  type Fields,
  flawed,
  flawOf,
  type MessageFormat,
  readingOf,
  type ScalarFormat,
} from './format.ts';

type Paths = Record<string, unknown>;

const DEPTH_MAX = 12;
const PATHS_MAX = 2_000;
const units = 'Vehicle.Speed in km/h, TraveledDistance in metres, levels in percent, times as ISO 8601';
const place = 'Vehicle.CurrentLocation.';

/**
 * A map of COVESA VSS paths (https://covesa.global/project/vehicle-signal-specification/), flat or as
 * the tree it stands for. Door and seat instances of releases before 4 (Left, Right) count too.
 */
export const vss: MessageFormat = {
  kind: 'messages',
  name: 'vss',
  title: 'COVESA VSS paths in one JSON object',
  units,
  topics: ['vss/{device}'],
  recognises: ({ json }) =>
    isRecord(json) && Object.keys(pathsOf(json)).some((path) => path.startsWith('Vehicle.')),
  pieces: ({ bytes, json }) =>
    json === undefined
      ? flawOf('json', `${bytes.length} bytes that are not JSON`)
      : Array.isArray(json)
        ? json
        : [json],
  read(piece) {
    if (!isRecord(piece)) return flawed('shape', 'VSS paths are a JSON object');
    const paths = pathsOf(piece);
    const fields = fieldsOf(paths);
    const ts = fields.ts ?? msOfAny(piece.ts) ?? msOfAny(piece.timestamp);
    const names = { ts: `${place}Timestamp`, lat: `${place}Latitude`, lng: `${place}Longitude` };
    return readingOf({ ...fields, ts }, names, lockOf(paths) === false);
  },
};

/** One VSS path a topic: `vss/{device}/Vehicle/Speed`, the value bare or as {"value", "ts"}. */
export const vssTopics: ScalarFormat = {
  kind: 'scalars',
  name: 'vss-topics',
  title: 'COVESA VSS, one path a topic',
  units,
  topics: ['vss/{device}/Vehicle/#'],
  recognises: () => false,
  signals({ json, text }: Body, rest: Arrival['rest']) {
    const value = isRecord(json) ? json.value : (json ?? text.trim());
    const paths = { [`Vehicle.${rest.join('.')}`]: value };
    return { kind: 'signals', fields: fieldsOf(paths), hasLock: lockOf(paths) };
  },
};

/** A tree of objects as one map from dotted paths; what is flat already stays so. */
function pathsOf(tree: Record<string, unknown>): Paths {
  const paths: Paths = {};
  let count = 0;
  const walk = (node: Record<string, unknown>, prefix: string, depth: number) => {
    for (const [name, value] of Object.entries(node)) {
      if (++count > PATHS_MAX) return;
      const path = prefix === '' ? name : `${prefix}.${name}`;
      if (isRecord(value) && 'value' in value) paths[path] = value.value;
      else if (isRecord(value) && depth < DEPTH_MAX) walk(value, path, depth + 1);
      else paths[path] = value;
    }
  };
  walk(tree, '', 0);
  return paths;
}

function fieldsOf(paths: Paths): Fields {
  const power = paths['Vehicle.LowVoltageSystemState'];
  return {
    ts: msOfAny(paths[`${place}Timestamp`]),
    lat: numberOf(paths[`${place}Latitude`]),
    lng: numberOf(paths[`${place}Longitude`]),
    heading: unlessNegative(paths[`${place}Heading`]),
    altitude: numberOf(paths[`${place}Altitude`]),
    accuracy: unlessNegative(paths[`${place}HorizontalAccuracy`]),
    // A van that reverses has a negative speed in VSS.
    speed: converted(paths['Vehicle.Speed'], (kmh) => Math.abs(mpsFromKmh(kmh))),
    odometer: unlessNegative(paths['Vehicle.TraveledDistance']),
    ignition: typeof power === 'string' ? powerStates.get(power) : undefined,
    fuel: unlessNegative(paths['Vehicle.Powertrain.FuelSystem.RelativeLevel'], shareFromPercent),
    soc: unlessNegative(paths['Vehicle.Powertrain.TractionBattery.StateOfCharge.Current'], shareFromPercent),
    rpm: unlessNegative(paths['Vehicle.Powertrain.CombustionEngine.Speed']),
    door: anyOpen(paths),
    belt: driverBelt(paths),
  };
}

const powerStates: ReadonlyMap<string, boolean> = new Map([
  ['ON', true],
  ['START', true],
  ['OFF', false],
  ['LOCK', false],
  ['ACC', false],
]);

function lockOf(paths: Paths): boolean | undefined {
  const type = paths[`${place}GNSSReceiver.FixType`];
  return typeof type === 'string' ? type !== 'NONE' : undefined;
}

/** One open door is enough; that all are closed is known only if one says so. */
function anyOpen(paths: Paths): boolean | undefined {
  let open: boolean | undefined;
  for (const [path, value] of Object.entries(paths)) {
    if (!/^Vehicle\.Cabin\.Door\.Row\d\.\w+\.IsOpen$/.test(path)) continue;
    const state = truthOf(value);
    if (state === true) return true;
    open ??= state;
  }
  return open;
}

function driverBelt(paths: Paths): boolean | undefined {
  for (const seat of ['DriverSide', 'Left', 'Pos1']) {
    const belted = truthOf(recordOf(paths)[`Vehicle.Cabin.Seat.Row1.${seat}.IsBelted`]);
    if (belted !== undefined) return belted;
  }
  return undefined;
}
