import { readFileSync } from 'node:fs';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { parse as parseYaml } from 'yaml';
import { asError, Fault } from '../../schemas/fault.ts';
import { deviceClassNames } from '../device/device-classes.ts';
import { Disruption } from '../van/disruptions.ts';
import { RandomDisruptions } from '../van/random-disruptions.ts';
import { ProfileEntry } from './profile.ts';

const share = (description: string) => Type.Number({ minimum: 0, maximum: 1, description });
const rate = (description: string) => Type.Number({ minimum: 0, maximum: 100, description });

/** What a device does to what happened; every imperfection a named probability or hourly rate. */
export const RadioScenario = Type.Object(
  {
    noise: Type.Number({ minimum: 0, maximum: 100, description: 'GPS error per axis, metres (σ)' }),
    noiseSpread: Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'how it drifts with the sky: σ of its logarithm',
    }),
    noiseSeconds: Type.Number({ minimum: 1, maximum: 600, description: 'how long an error lasts (τ)' }),
    canyon: share('share of fixes among tall buildings, where the error is five times as large'),
    missing: share('a fix is never sent; its seq is a gap'),
    repeated: share('an upload is sent twice'),
    late: share('an upload is held back for a while and arrives behind newer ones'),
    shuffled: share('a buffered upload is sent newest first'),
    tunnelsPerHour: rate('stretches without a position: no fixes at all'),
    gapsPerHour: rate('stretches without coverage: fixes are kept and sent afterwards'),
    rebootsPerHour: rate('the device starts anew: another boot, seq from 0'),
    clockSkew: share('devices whose clock is up to 2 s wrong'),
    clockLost: share('devices that say 2004 for their first fixes'),
    spike: share('a position kilometres away'),
    zero: share('a position of exactly 0, 0'),
  },
  { additionalProperties: false },
);
export type RadioScenario = Static<typeof RadioScenario>;

export const Scenario = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._-]+$' }),
    seed: Type.String({ minLength: 1, maxLength: 64 }),
    fleet: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$' }),
    timeZone: Type.String({ description: 'IANA name; says which day a route belongs to' }),
    vans: Type.Integer({ minimum: 1, maximum: 200_000 }),
    roaming: share('of the vans have no route: they drive about, halt now and then, and go on'),
    patterns: Type.Integer({
      minimum: 0,
      maximum: 10_000,
      description:
        'so many different days; further vans drive one of them some minutes later. 0: each its own',
    }),
    messageFixes: Type.Integer({
      minimum: 1,
      maximum: 1000,
      description: 'fixes of different vans that a gateway puts into one message; 1: each is a message',
    }),
    vansPerDepot: Type.Integer({ minimum: 1, maximum: 1000 }),
    intervalSeconds: Type.Number({ minimum: 0.2, maximum: 600 }),
    /** Local time of day, in hours, at which the shift starts; the traffic follows it. */
    startHour: Type.Number({ minimum: 0, maximum: 24 }),
    /** How long ago a shift begins that is not told when to; below 0, so much later. */
    startedSecondsAgo: Type.Number({ minimum: -3600, maximum: 86_400 }),
    city: Type.Union([
      Type.Object(
        {
          kind: Type.Literal('generated'),
          origin: Type.Object({
            lng: Type.Number({ minimum: -180, maximum: 180 }),
            lat: Type.Number({ minimum: -80, maximum: 80 }),
          }),
        },
        { additionalProperties: false },
      ),
      Type.Object(
        { kind: Type.Literal('roads'), nodes: Type.String(), edges: Type.String() },
        { additionalProperties: false },
      ),
      Type.Object(
        {
          kind: Type.Literal('osm'),
          file: Type.String({ description: 'an extract of OpenStreetMap, .osm.pbf' }),
        },
        { additionalProperties: false },
      ),
    ]),
    stopsPerRoute: Type.Tuple([
      Type.Integer({ minimum: 1, maximum: 500 }),
      Type.Integer({ minimum: 1, maximum: 500 }),
    ]),
    waveMinutes: Type.Number({ minimum: 0, maximum: 240 }),
    windowShare: share('stops with a promised time window'),
    driver: Type.Object(
      {
        /** Spread of drivers: σ of the logarithm of their own factor on dwell. */
        spread: Type.Number({ minimum: 0, maximum: 1 }),
        slow: share('drivers who need a third longer at every stop'),
        lunchMinutes: Type.Number({ minimum: 0, maximum: 120 }),
        swap: share('two neighbouring stops are served in the other order'),
        failed: share('a delivery is attempted in vain'),
        badParking: share('the van stands 20–30 m from the stop'),
        hard: share('drivers who drive hard: harsh and too fast six times as often'),
        harsh: share('brakings, pullings away and corners that other drivers do harshly'),
        speeding: share('ways over a motorway that other drivers drive too fast'),
      },
      { additionalProperties: false },
    ),
    app: Type.Object(
      {
        vans: share('vans whose driver has an app'),
        forgotten: share('a press of the app that is forgotten'),
      },
      { additionalProperties: false },
    ),
    electric: share('vans that are electric'),
    /** Stops keep this far from borders of areas, metres: what noise alone would cross proves nothing. */
    fenceClearance: Type.Number({ minimum: 0, maximum: 200 }),
    radio: RadioScenario,
    /** Shares of device classes; what is left is standard. */
    devices: Type.Partial(
      Type.Record(Type.Union(deviceClassNames.map((name) => Type.Literal(name))), share('of the vans')),
      { additionalProperties: false },
    ),
    /** What no plan foresees: shares of the usual speed, and of the usual time at a stop. */
    conditions: Type.Object(
      {
        driving: Type.Number({ minimum: 0.1, maximum: 1.5 }),
        service: Type.Number({ minimum: 0.5, maximum: 3 }),
      },
      { additionalProperties: false },
    ),
    disruptions: Type.Array(Disruption, { maxItems: 1000 }),
    /** How the load changes while it runs. */
    profile: Type.Array(ProfileEntry, { maxItems: 20 }),
    random: RandomDisruptions,
  },
  { additionalProperties: false, $id: 'paceline/scenario', title: 'Paceline scenario' },
);
export type Scenario = Static<typeof Scenario>;

const demo: Scenario = {
  name: 'demo',
  seed: '1',
  fleet: 'demo',
  timeZone: 'America/Chicago',
  vans: 30,
  roaming: 0,
  patterns: 0,
  messageFixes: 1,
  vansPerDepot: 20,
  intervalSeconds: 5,
  startHour: 9.5,
  startedSecondsAgo: 14_400,
  city: { kind: 'generated', origin: { lng: -97.5, lat: 41.2 } },
  stopsPerRoute: [110, 180],
  waveMinutes: 15,
  windowShare: 0.06,
  driver: {
    spread: 0.08,
    slow: 0.12,
    lunchMinutes: 30,
    swap: 0.01,
    failed: 0.015,
    badParking: 0.03,
    hard: 0.15,
    harsh: 0.01,
    speeding: 0.08,
  },
  app: { vans: 0.6, forgotten: 0.03 },
  electric: 0.4,
  fenceClearance: 40,
  radio: {
    noise: 4.8,
    noiseSpread: 0,
    noiseSeconds: 24,
    canyon: 0.004,
    missing: 0.003,
    repeated: 0.01,
    late: 0.01,
    shuffled: 0.3,
    tunnelsPerHour: 0.3,
    gapsPerHour: 0.5,
    rebootsPerHour: 0.05,
    clockSkew: 0.1,
    clockLost: 0.05,
    spike: 0.0003,
    zero: 0.0003,
  },
  devices: {},
  conditions: { driving: 1, service: 1 },
  disruptions: [],
  profile: [],
  random: {},
};

/** Scenarios that come along, a file each; a later one may extend an earlier one. */
const scenarioNames = [
  'quiet-day',
  'peak-day',
  'snow',
  'station-delay',
  'tunnels',
  'soak',
  'ramp',
  'spike',
  'storm',
  'backfill-storm',
  'soak-100k',
  'one-rescue',
  'one-breakdown',
  'mixed-devices',
  'foreign-devices',
] as const;

const known: Record<string, Scenario> = { demo };
export const scenarios: Readonly<Record<string, Scenario>> = known;
for (const name of scenarioNames) {
  const file = new URL(`../scenarios/${name}.json`, import.meta.url);
  known[name] = parseScenario(readFileSync(file, 'utf8'), `${name}.json`);
}

/**
 * A scenario from JSON, or YAML when its name says so: only `name` is needed, everything else is that of the scenario named by
 * `extends` (default demo). Says every problem at once, by path.
 */
export function parseScenario(text: string, origin: string): Scenario {
  const given = parsedObject(text, origin);
  const { $schema: _schema, about: _about, extends: baseName = 'demo', ...rest } = given;
  const base = scenarios[String(baseName)];
  if (base === undefined) throw unknownScenario(String(baseName), `${origin}: "extends"`);
  const merged = { ...mergedOver(base, rest), ...(isObject(rest.city) ? { city: rest.city } : {}) };
  if (!Value.Check(Scenario, merged)) {
    const problems = [...Value.Errors(Scenario, merged)].map(
      ({ instancePath, message }) => `${instancePath === '' ? 'the scenario' : instancePath} ${message}`,
    );
    throw new Fault('input/invalid', `${origin} is no scenario: ${[...new Set(problems)].join('; ')}`);
  }
  const shares = Object.values(merged.devices).reduce((sum, share) => sum + share, 0);
  if (shares > 1 + 1e-9)
    throw new Fault('input/invalid', `${origin}: the shares of /devices add up to more than 1`);
  for (const [i, entry] of merged.disruptions.entries()) {
    const needsVans = 'share' in entry || 'vans' in entry;
    const takesVans = !['jam', 'closed-road', 'load-out-delay'].includes(entry.kind);
    if (takesVans && !needsVans) {
      throw new Fault('input/invalid', `${origin}: /disruptions/${i} (${entry.kind}) needs vans or share`);
    }
  }
  const [least, most] = merged.stopsPerRoute;
  if (least > most) throw new Fault('input/invalid', `${origin}: /stopsPerRoute must be [least, most]`);
  return merged;
}

export function unknownScenario(name: string, origin: string): Fault {
  const known = Object.keys(scenarios).join(', ');
  return new Fault('input/invalid', `${origin} names the scenario “${name}”; there are ${known}`);
}

function parsedObject(text: string, origin: string): Record<string, unknown> {
  const isYaml = /\.ya?ml$/.test(origin);
  let value: unknown;
  try {
    value = isYaml ? parseYaml(text) : JSON.parse(text);
  } catch (thrown) {
    // The first line of YAML’s own sentence says where; a picture of the place follows.
    const [detail = ''] = asError(thrown).message.split(':\n');
    throw new Fault('input/invalid', `${origin} is not ${isYaml ? 'YAML' : 'JSON'}: ${detail}`, {
      cause: thrown,
    });
  }
  if (!isObject(value))
    throw new Fault('input/invalid', `${origin} must hold one ${isYaml ? 'mapping' : 'JSON object'}`);
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mergedOver(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const below = base[name];
    merged[name] = isObject(below) && isObject(value) ? mergedOver(below, value) : value;
  }
  return merged;
}
