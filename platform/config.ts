import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import Type, { type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { Fault } from '../schemas/fault.ts';

/** Text from the environment or from flags, by the name of the variable. */
export type Environment = Readonly<Record<string, string | undefined>>;

const port = (fallback: number) =>
  variable(Type.Integer({ minimum: 0, maximum: 65_535 }), fallback, 'a whole number from 0 to 65535');
/** The port of a door for devices that do not speak MQTT, or `off`. */
const door = variable(
  Type.String({ pattern: '^(off|[0-9]{1,5})$' }),
  undefined,
  'a whole number from 0 to 65535, or “off”',
);
const text = (expects: string) => variable(Type.String({ minLength: 1 }), undefined, expects);
const url = (pattern: string, expects: string) => variable(Type.String({ pattern }), undefined, expects);

/**
 * Every variable that Paceline reads. `.env.example` says what each is for; a test holds the two
 * together.
 */
export const variables = {
  PACELINE_DATA: variable(Type.String({ minLength: 1 }), 'data', 'a folder'),
  DATABASE_URL: url('^postgres(ql)?://', 'a URL such as postgres://user:password@host:5432/paceline'),
  CLICKHOUSE_URL: url('^(https?://|off$)', 'a URL such as http://user:password@host:8123/, or “off”'),
  MQTT_URL: url('^(mqtts?|tcp|ssl|wss?)://', 'a URL such as mqtt://broker:1883'),
  MQTT_USERNAME: text('a user name'),
  MQTT_PASSWORD: text('a password'),
  HOST: variable(Type.String({ minLength: 1 }), '127.0.0.1', 'an address to listen on'),
  PORT: port(8080),
  PACELINE_REQUESTS_PER_MINUTE: variable(
    Type.Integer({ minimum: 60, maximum: 100_000_000 }),
    1200,
    'a whole number from 60',
  ),
  MQTT_HOST: variable(Type.String({ minLength: 1 }), '127.0.0.1', 'an address to listen on'),
  MQTT_PORT: port(1883),
  TELTONIKA_PORT: door,
  TELTONIKA_FLEET: variable(Type.String({ minLength: 1 }), 'demo', 'the name of a fleet'),
  HTTP_INGEST_PORT: door,
  TLS_CERT_FILE: text('a file of certificates (PEM)'),
  TLS_KEY_FILE: text('a file with their key (PEM)'),
  TLS_CA_FILE: text('a file of certificates (PEM)'),
  MQTT_TLS_HOST: text('an address to listen on'),
  MQTT_TLS_PORT: port(8883),
  METRICS_PORT: variable(
    Type.Integer({ minimum: 0, maximum: 65_535 }),
    undefined,
    'a whole number from 0 to 65535',
  ),
  POSTGRES_PORT: port(0),
  CLICKHOUSE_PORT: port(0),
  PACELINE_SOURCE: variable(
    Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}$' }),
    'ingest-1',
    'a name of lower-case letters, digits and dashes',
  ),
  PACELINE_ENGINE_THREADS: variable(
    Type.Integer({ minimum: 1, maximum: 64 }),
    2,
    'a whole number from 1 to 64',
  ),
  PACELINE_SIMULATOR: variable(Type.Enum(['on', 'off']), 'on', '“on” or “off”'),
  PACELINE_SCENARIO: text('a scenario file'),
  PACELINE_VANS: variable(
    Type.Integer({ minimum: 1, maximum: 100_000 }),
    undefined,
    'a whole number from 1 to 100000',
  ),
  PACELINE_BASEMAP: text('a file of roads'),
  PACELINE_FORMATS: text('a file of format settings'),
  K6_BIN: text('the k6 program'),
  PACELINE_JWT_SECRET: variable(Type.String({ minLength: 32 }), undefined, 'at least 32 characters'),
  PACELINE_SERVICE_PASSWORD: variable(Type.String({ minLength: 22 }), undefined, 'at least 22 characters'),
  PACELINE_LOG_LEVEL: variable(
    Type.Enum(['debug', 'info', 'warn', 'error']),
    'info',
    '“debug”, “info”, “warn” or “error”',
  ),
} as const;

export type VariableName = keyof typeof variables;

type Values = { readonly [Name in VariableName]: ValueOf<(typeof variables)[Name]> };
type ValueOf<V> = V extends { schema: infer S extends TSchema; fallback: infer F }
  ? Static<S> | (undefined extends F ? undefined : never)
  : never;

/** Where devices reach us; one whose port nobody named stays shut when that is taken. */
export type Door = { readonly host: string; readonly port: number; readonly isOptional: boolean };

export type Config = {
  /** Absolute. */
  readonly dataFolder: string;
  /** Undefined: the embedded one. */
  readonly databaseUrl: string | undefined;
  readonly clickhouse:
    | { readonly kind: 'embedded' }
    | { readonly kind: 'outside'; readonly url: string }
    | { readonly kind: 'off' };
  readonly broker:
    | { readonly kind: 'embedded'; readonly host: string; readonly port: number }
    | {
        readonly kind: 'outside';
        readonly url: string;
        readonly username: string | undefined;
        readonly password: string | undefined;
      };
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** Of one address; beyond it is answered 429. */
    readonly requestsPerMinute: number;
  };
  /** Doors for devices that do not speak MQTT; undefined: off. */
  readonly teltonika: (Door & { readonly fleet: string }) | undefined;
  readonly httpIngest: Door | undefined;
  /** Pages, API and HTTP ingest speak https then, and MQTT over TLS has a port of its own; undefined: no TLS. */
  readonly tls:
    | {
        readonly certFile: string;
        readonly keyFile: string;
        /** Who signs the certificates of devices; undefined: none are asked for. */
        readonly caFile: string | undefined;
        readonly mqtt: { readonly host: string; readonly port: number };
      }
    | undefined;
  /** Where Prometheus finds our figures; undefined: nowhere. */
  readonly metricsPort: number | undefined;
  readonly postgresPort: number;
  readonly clickhousePort: number;
  readonly source: string;
  readonly engineThreads: number;
  readonly simulator: {
    readonly enabled: boolean;
    readonly scenario: string | undefined;
    readonly vans: number | undefined;
  };
  readonly basemapFile: string | undefined;
  readonly formatsFile: string | undefined;
  /** Undefined: the one on the PATH. */
  readonly k6Program: string | undefined;
  /** Undefined: the ones kept in the data folder. */
  readonly jwtSecret: string | undefined;
  readonly servicePassword: string | undefined;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
};

/**
 * The configuration of a process from its environment and from flags, which win. All that is wrong
 * is said at once. An empty variable is one that is not set.
 */
export function readConfig(
  environment: Environment,
  flags: Partial<Record<VariableName, string>> = {},
): Config {
  const problems: string[] = [];
  const values = Object.fromEntries(
    Object.entries(variables).map(([name, { schema, fallback, expects }]) => {
      const given = flags[name as VariableName] ?? environment[name];
      if (given === undefined || given === '') return [name, fallback];
      const value = Type.IsInteger(schema) && /^\d+$/.test(given) ? Number(given) : given;
      if (!Value.Check(schema, value) || !isReachable(name, value)) {
        // Secrets do not belong on a screen.
        const shown = /PASSWORD|SECRET|URL/.test(name) ? 'what it is' : `“${given}”`;
        problems.push(`${name} must be ${expects}, not ${shown}`);
      }
      return [name, value];
    }),
  ) as Values;
  if (values.PORT !== 0 && values.PORT === values.MQTT_PORT && values.MQTT_URL === undefined) {
    problems.push(`PORT and MQTT_PORT must differ, not both be ${values.PORT}`);
  }
  if ((values.TLS_CERT_FILE === undefined) !== (values.TLS_KEY_FILE === undefined)) {
    problems.push('TLS_CERT_FILE and TLS_KEY_FILE belong together');
  }
  if (values.TLS_CA_FILE !== undefined && values.TLS_CERT_FILE === undefined) {
    problems.push('TLS_CA_FILE needs TLS_CERT_FILE and TLS_KEY_FILE');
  }
  if (problems.length > 0) throw new Fault('config/invalid', problems.join('; '));
  return toConfig(values);
}

/** A pattern cannot say all that a URL has to be: a port may be out of range, the host may be missing. */
function isReachable(name: string, value: unknown): boolean {
  if (name.endsWith('_PORT') && typeof value === 'string') return value === 'off' || Number(value) <= 65_535;
  if (!name.endsWith('_URL') || typeof value !== 'string' || value === 'off') return true;
  if (!URL.canParse(value)) return false;
  // PostgreSQL's may name a socket instead of a host.
  return name === 'DATABASE_URL' || new URL(value).hostname !== '';
}

function toConfig(values: Values): Config {
  return {
    dataFolder: resolve(values.PACELINE_DATA),
    databaseUrl: values.DATABASE_URL,
    clickhouse:
      values.CLICKHOUSE_URL === undefined
        ? { kind: 'embedded' }
        : values.CLICKHOUSE_URL === 'off'
          ? { kind: 'off' }
          : { kind: 'outside', url: values.CLICKHOUSE_URL },
    broker:
      values.MQTT_URL === undefined
        ? { kind: 'embedded', host: values.MQTT_HOST, port: values.MQTT_PORT }
        : {
            kind: 'outside',
            url: values.MQTT_URL,
            username: values.MQTT_USERNAME,
            password: values.MQTT_PASSWORD,
          },
    http: {
      host: values.HOST,
      port: values.PORT,
      requestsPerMinute: values.PACELINE_REQUESTS_PER_MINUTE,
    },
    teltonika: withFleet(doorOf(values.TELTONIKA_PORT, values.MQTT_HOST, 5027), values.TELTONIKA_FLEET),
    httpIngest: doorOf(values.HTTP_INGEST_PORT, values.MQTT_HOST, 5055),
    tls:
      values.TLS_CERT_FILE === undefined || values.TLS_KEY_FILE === undefined
        ? undefined
        : {
            certFile: values.TLS_CERT_FILE,
            keyFile: values.TLS_KEY_FILE,
            caFile: values.TLS_CA_FILE,
            mqtt: { host: values.MQTT_TLS_HOST ?? values.MQTT_HOST, port: values.MQTT_TLS_PORT },
          },
    metricsPort: values.METRICS_PORT,
    postgresPort: values.POSTGRES_PORT,
    clickhousePort: values.CLICKHOUSE_PORT,
    source: values.PACELINE_SOURCE,
    engineThreads: values.PACELINE_ENGINE_THREADS,
    simulator: {
      enabled: values.PACELINE_SIMULATOR === 'on',
      scenario: values.PACELINE_SCENARIO,
      vans: values.PACELINE_VANS,
    },
    basemapFile: values.PACELINE_BASEMAP,
    formatsFile: values.PACELINE_FORMATS,
    k6Program: values.K6_BIN,
    jwtSecret: values.PACELINE_JWT_SECRET,
    servicePassword: values.PACELINE_SERVICE_PASSWORD,
    logLevel: values.PACELINE_LOG_LEVEL,
  };
}

function doorOf(given: string | undefined, host: string, fallback: number): Door | undefined {
  if (given === 'off') return undefined;
  return { host, port: given === undefined ? fallback : Number(given), isOptional: given === undefined };
}

const withFleet = (at: Door | undefined, fleet: string) => at && { ...at, fleet };

/** The environment of this process, and what the file `.env` of the working folder adds to it. */
export function readEnvironment(): Environment {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return process.env;
}

function variable<S extends TSchema, F>(schema: S, fallback: F, expects: string) {
  return { schema, fallback, expects };
}
