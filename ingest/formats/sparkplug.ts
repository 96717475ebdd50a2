import { type EdgeState, newEdge } from './edge-state.ts';
import {
  type Fields,
  flawed,
  noted,
  type Outcome,
  readingOf,
  type SessionFormat,
  type SessionReading,
} from './format.ts';
import { namedFields, words } from './named-fields.ts';
import { type SparkplugMetric, sparkplugPayload } from './sparkplug-payload.ts';

type Value = NonNullable<SparkplugMetric['value']>;

const SEQ = 256;
/** An edge node with more metrics than this is told so rather than remembered. */
const METRICS_MAX = 10_000;
const DEVICES_MAX = 1_000;
/** What a fix may have a field for: only that is remembered. */
const wanted: ReadonlySet<string> = new Set(Object.values(words).flat());

/**
 * Eclipse Sparkplug B. Data names its metrics by aliases that only the birth explains, and says only
 * what changed, so both are remembered by edge node; when the count of its messages has a gap, or an
 * alias is not known, the edge node is asked for its birth again. A metric is known by the last part of
 * its name (`Position/Latitude`); speed is in km/h.
 */
export const sparkplug: SessionFormat<EdgeState> = {
  kind: 'session',
  name: 'sparkplug',
  title: 'Eclipse Sparkplug B',
  units:
    'timestamps in milliseconds, speed in km/h, altitude and accuracy in metres; metrics by the last part of their names',
  topics: ['DDATA', 'DBIRTH', 'DDEATH']
    .map((type) => `spBv1.0/+/${type}/+/{device}`)
    .concat(['NDATA', 'NBIRTH', 'NDEATH'].map((type) => `spBv1.0/+/${type}/{device}`)),
  recognises: ({ bytes, json }) => {
    if (json !== undefined || bytes.length === 0) return false;
    const payload = sparkplugPayload(bytes);
    return payload?.metrics.some(({ name }) => name !== undefined) ?? false;
  },
  newState: newEdge,
  sessionOf: ([, group, , edge]) =>
    group === undefined || edge === undefined ? undefined : `${group}/${edge}`,
  read(state, { bytes }, levels): SessionReading<EdgeState> {
    const [, , type = '', edge = '', device = edge] = levels;
    if (type === 'NDEATH') return { state: newEdge, outcomes: [noted('the edge node went away')] };
    const payload = sparkplugPayload(bytes);
    if (payload === undefined) {
      return { state, outcomes: [flawed('format', `${bytes.length} bytes that are no Sparkplug B payload`)] };
    }
    const isBirth = type === 'NBIRTH' || type === 'DBIRTH';
    const isGap = type !== 'NBIRTH' && !follows(state.seq, payload.seq);
    const counted = { ...state, seq: payload.seq };
    if (type === 'DDEATH') return ask({ state: counted, outcomes: [noted('the device went away')] }, isGap);
    const before = type === 'NBIRTH' ? { ...newEdge, seq: payload.seq } : counted;
    if (isBirth && (payload.metrics.length > METRICS_MAX || before.aliases.size >= DEVICES_MAX)) {
      return {
        state: before,
        outcomes: [flawed('too_many', `${payload.metrics.length} metrics in a birth`)],
      };
    }
    const born = isBirth ? withAliases(before, device, payload.metrics) : before;
    const reading = readMetrics(born, device, payload);
    return ask(reading, isGap || reading.outcomes.some(({ kind }) => kind === 'flaw'));
  },
};

const follows = (last: number | undefined, seq: number | undefined): boolean =>
  last !== undefined && seq !== undefined && seq === (last + 1) % SEQ;

/** Without a birth seen the first message is no gap, unless it needs one. */
function ask(reading: SessionReading<EdgeState>, isNeeded: boolean): SessionReading<EdgeState> {
  return isNeeded ? { ...reading, asks: 'rebirth' } : reading;
}

function withAliases(state: EdgeState, device: string, metrics: readonly SparkplugMetric[]): EdgeState {
  const names = metrics.flatMap(({ alias, name }) =>
    alias === undefined || name === undefined ? [] : [[alias, name] as const],
  );
  return {
    ...state,
    aliases: new Map([...state.aliases, [device, new Map(names)]]),
    // What was known of it before it was born again may be another device's.
    known: new Map([...state.known, [device, {}]]),
  };
}

function readMetrics(
  state: EdgeState,
  device: string,
  {
    timestamp,
    metrics,
  }: { readonly timestamp: number | undefined; readonly metrics: readonly SparkplugMetric[] },
): SessionReading<EdgeState> {
  const aliases = state.aliases.get(device);
  let known = state.known.get(device) ?? {};
  const outcomes: Outcome[] = [];
  const groups = new Map<
    string,
    { ts: number | undefined; isHistorical: boolean; said: Record<string, Value> }
  >();
  for (const { name = undefined, alias, timestamp: own, isHistorical, value } of metrics) {
    const full = name ?? (alias === undefined ? undefined : aliases?.get(alias));
    if (full === undefined) {
      const detail = `alias ${alias} has no name: its birth was not seen, and is asked for again`;
      return { state, outcomes: [flawed('shape', detail)] };
    }
    const word = wordOf(full);
    if (word === undefined || value === undefined) continue;
    const ts = own ?? timestamp;
    const key = `${ts} ${isHistorical}`;
    const group = groups.get(key) ?? { ts, isHistorical, said: {} };
    group.said[word] = value;
    groups.set(key, group);
  }
  // Oldest first: what was said at one time is known at the next.
  for (const { ts, isHistorical, said } of [...groups.values()].sort((a, b) => (a.ts ?? 0) - (b.ts ?? 0))) {
    if (!isHistorical) known = { ...known, ...said };
    const outcome = fixOf(isHistorical ? said : known, said, ts, isHistorical);
    if (outcome !== undefined) outcomes.push(outcome);
  }
  if (outcomes.length === 0) outcomes.push(noted('metrics that a fix has no field for, or without a place'));
  return { state: { ...state, known: new Map([...state.known, [device, known]]) }, outcomes };
}

/** The word of a metric by the last part of its name, as generic JSON has it; undefined: none of ours. */
function wordOf(name: string): string | undefined {
  const last = name.slice(name.lastIndexOf('/') + 1);
  const plain = last.charAt(0).toLowerCase() + last.slice(1);
  return [last, plain, plain.toLowerCase()].find((word) => wanted.has(word));
}

function fixOf(
  values: Readonly<Record<string, Value>>,
  said: Readonly<Record<string, Value>>,
  ts: number | undefined,
  isHistorical: boolean,
): Outcome | undefined {
  const now = namedFields(said);
  if (now.lat === undefined && now.lng === undefined) return undefined;
  const all = namedFields(values);
  const fields: Fields = { ...all, ts: now.ts ?? ts, ...(isHistorical && { buffered: true }) };
  return readingOf(fields, { ts: 'timestamp', lat: 'Latitude', lng: 'Longitude' });
}
