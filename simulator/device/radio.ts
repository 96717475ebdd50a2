import type { Answer } from '../../schemas/down.ts';
import type { OwnMessage, StopReport } from '../../schemas/fix.ts';
import { type Random, random } from '../../schemas/random.ts';
import { normalShare, quantile } from '../report/quantiles.ts';
import { steady, type VanProfile } from '../scenario/profile.ts';
import type { RadioScenario, Scenario } from '../scenario/scenario.ts';
import type { DeviceView, VanDay } from '../van/day.ts';
import { openEpisodes, openStretchFinder, type Stretch } from '../van/stretches.ts';
import type { Van } from '../van/van.ts';
import { openDevice } from './device.ts';
import { type DeviceClass, type DeviceClassName, deviceClasses } from './device-classes.ts';
import { asSaid, type ForeignFormat } from './encode/foreign.ts';

/** Something a device hands to the network at `due`: fixes, presses of the app, or what it answers. */
export type Upload = {
  readonly device: string;
  /** Instant. */
  readonly due: number;
} & (
  | {
      readonly channel: 'telemetry';
      readonly messages: readonly OwnMessage[];
      /** What it is said in; our own message where nothing is said. */
      readonly format?: ForeignFormat | undefined;
    }
  | { readonly channel: 'stops'; readonly reports: readonly StopReport[] }
  | { readonly channel: 'answers'; readonly answers: readonly Answer[] }
);

/** Interval jitter around its nominal value, seconds (measured σ 0.144). */
const JITTER = 0.144;
/** A kept fix joins others in one upload of at most this many. */
const UPLOAD_FIXES = 50;

/** Which class the device of a van is of: drawn by the scenario's shares, standard for the rest. */
export function deviceClassOf({ seed, devices }: Scenario, vehicle: string): DeviceClassName {
  let left = random(`${seed}/device/${vehicle}`).next();
  for (const [name, share] of Object.entries(devices) as [DeviceClassName, number][]) {
    left -= share;
    if (left < 0) return name;
  }
  return 'standard';
}

/** Where a device is: in a van whose day is known, or in one that is still driving it. */
type Carrier = {
  readonly view: DeviceView;
  /** Makes certain what happens up to an instant. */
  readonly advance: (at: number) => void;
  readonly offAirAt: () => number;
};

/**
 * What the device of one van sends over its day, in order of `due`: the truth through a receiver and
 * a network with the scenario's imperfections. Pure: the same day and seed give the same bytes.
 */
export const uploads = (day: VanDay, scenario: Scenario, profile = steady): Generator<Upload> =>
  uploadsFrom({ view: day, advance: () => {}, offAirAt: () => day.track.t.at(-1)! }, scenario, profile);

/** The same of a van under way, which drives on as its uploads are asked for and hears what it is sent. */
export const uploadsOf = (van: Van, scenario: Scenario, profile = steady): Generator<Upload> =>
  uploadsFrom(van, scenario, profile);

function* uploadsFrom(
  { view, advance, offAirAt }: Carrier,
  scenario: Scenario,
  { outages, factorAt, behind }: VanProfile,
): Generator<Upload> {
  const { vehicle, reports, answers, deviceOrders } = view;
  let { intervalSeconds } = scenario;
  const kind: DeviceClass = deviceClasses[deviceClassOf(scenario, vehicle)];
  const { format } = kind;
  const radio = { ...scenario.radio, ...kind.radio };
  const chance = random(`${scenario.seed}/radio/${vehicle}`);
  const device = openDevice({ day: view, kind, radio, chance, behind });
  const outbox = openOutbox();
  const put = (due: number, messages: OwnMessage[]): void =>
    outbox.put({ device: vehicle, format, due: due + behind, channel: 'telemetry', messages });
  const toNetwork = { kind, radio, chance: chance.fork('network'), from: device.from, outages, put };
  const network = openNetwork(toNetwork);
  const talk = chance.fork('talk');
  const step = (): number =>
    kind.interval === undefined
      ? Math.max(intervalSeconds / 2, intervalSeconds + JITTER * chance.normal())
      : intervalSeconds * quantile(kind.interval, chance.next());
  const fix = (at: number): void => {
    const message = device.message(at);
    const said = message && format ? asSaid(message, format) : message;
    network.take(at, said);
  };
  let [reported, answered, ordered] = [0, 0, 0];
  for (let at = device.from + chance.between(0, intervalSeconds); ; at += step() / factorAt(at)) {
    advance(at);
    if (at >= offAirAt()) break;
    for (; (deviceOrders[ordered]?.at ?? Number.POSITIVE_INFINITY) <= at; ordered++) {
      const order = deviceOrders[ordered]!;
      if (order.kind === 'locate') fix(order.at);
      else intervalSeconds = order.seconds;
    }
    fix(at);
    for (; (reports[reported]?.ts ?? Number.POSITIVE_INFINITY) / 1000 <= at; reported++) {
      const report = reports[reported]!;
      const due = network.reachable(report.ts / 1000) + chance.lognormal(-0.2, 0.4) + behind;
      const said = behind === 0 ? report : { ...report, ts: report.ts + behind * 1000 };
      outbox.put({ device: vehicle, due, channel: 'stops', reports: [said] });
    }
    for (; (answers[answered]?.ts ?? Number.POSITIVE_INFINITY) / 1000 <= at; answered++) {
      const answer = answers[answered]!;
      const due = network.reachable(answer.ts / 1000) + talk.lognormal(-0.5, 0.4);
      outbox.put({ device: vehicle, due, channel: 'answers', answers: [answer] });
    }
    // Nothing made later than now can be due before now, so everything up to here is in order.
    const sent = at + behind;
    for (let upload = outbox.take(sent); upload !== undefined; upload = outbox.take(sent)) yield upload;
  }
  network.rest(offAirAt());
  const end = Number.POSITIVE_INFINITY;
  for (let upload = outbox.take(end); upload !== undefined; upload = outbox.take(end)) yield upload;
}

type NetworkInput = {
  readonly kind: DeviceClass;
  readonly radio: RadioScenario;
  readonly chance: Random;
  readonly from: number;
  /** Beside those of its class. */
  readonly outages: readonly Stretch[];
  /** Takes what is handed over at an instant. */
  readonly put: Put;
};

type Put = (due: number, messages: OwnMessage[]) => void;

/** Between device and broker: losses, delays, repeats, and stretches without coverage. */
function openNetwork({ kind, radio, chance, from, outages, put }: NetworkInput) {
  const coverage = openEpisodes(radio.gapsPerHour, from, chance.fork('gaps'), [20, 420]);
  const ofClass = (kind.outages ?? []).map(({ after, lasts }) => ({
    from: from + after,
    until: from + after + lasts,
  }));
  const stormAt = openStretchFinder(outages);
  const outageOfClassAt = openStretchFinder(ofClass);
  const outageAt = (at: number) => stormAt(at) ?? outageOfClassAt(at);
  const gapAt = (at: number) => outageAt(at) ?? coverage(at);
  const delay = openDelay(kind, chance.fork('delay'));
  const collect = openCollector(kind, from, chance.fork('batching'));
  let kept: OwnMessage[] = [];
  let keptUntil = 0;
  const flush = (): void => {
    for (let i = 0; i < kept.length; i += UPLOAD_FIXES) {
      const messages = kept.slice(i, i + UPLOAD_FIXES).map((message) => ({ ...message, buffered: true }));
      if (chance.chance(radio.shuffled)) messages.reverse();
      put(keptUntil + 1 + i / UPLOAD_FIXES, messages);
    }
    kept = [];
  };
  const take = (at: number, message: OwnMessage | undefined): void => {
    // Drawn for every fix, so that one imperfection shifts no other.
    const isMissing = chance.chance(radio.missing);
    const isLate = chance.chance(radio.late);
    const isRepeated = chance.chance(radio.repeated);
    const latency = chance.lognormal(-0.5, 0.45);
    const held = isLate ? chance.lognormal(3.3, 0.9) : chance.skip(2);
    const again = isRepeated ? chance.lognormal(2, 1) : chance.skip(2);
    const gap = gapAt(at);
    if (kept.length > 0 && gap === undefined) flush();
    collect.due(at, put);
    const slow = delay(at) ?? latency;
    if (message === undefined || isMissing) return;
    if (gap !== undefined) {
      kept.push(message);
      keptUntil = gap.until;
      return;
    }
    if (collect.put(at, message)) return;
    const due = at + slow + held;
    const messages = [message];
    put(due, messages);
    if (isRepeated) put(due + again, messages);
  };
  return {
    take,
    rest: (at: number): void => {
      keptUntil = Math.max(keptUntil, at);
      collect.due(Number.POSITIVE_INFINITY, put);
      flush();
    },
    reachable: (at: number): number => gapAt(at)?.until ?? at,
  };
}

/**
 * Latency by its measured quantiles: the share below follows from a standard normal that changes no
 * faster than `steadySeconds`, so slow moments last while every quantile stays as measured.
 */
function openDelay({ latency }: DeviceClass, chance: Random): (at: number) => number | undefined {
  if (latency === undefined) return () => undefined;
  let score = chance.normal();
  let last = Number.NaN;
  return (at) => {
    const rho = Number.isNaN(last) ? 1 : Math.exp((last - at) / latency.steadySeconds);
    last = at;
    score = score * rho + Math.sqrt(1 - rho * rho) * chance.normal();
    return quantile(latency.seconds, normalShare(score));
  };
}

/** What a batching device holds back until its window is over. */
function openCollector({ batching }: DeviceClass, from: number, chance: Random) {
  if (batching === undefined) return { put: () => false, due: () => {} };
  const { window, held, atOnce } = batching;
  let windowEnd = from + chance.between(0, window);
  let collected: OwnMessage[] = [];
  let collectedAt = from;
  return {
    put: (at: number, message: OwnMessage): boolean => {
      if (chance.chance(atOnce)) return false;
      collected.push(message);
      collectedAt = at;
      return true;
    },
    due: (at: number, put: Put): void => {
      if (at < windowEnd) return;
      const end = Number.isFinite(at) ? windowEnd : collectedAt;
      for (let i = 0; i < collected.length; i += UPLOAD_FIXES) {
        const messages = collected.slice(i, i + UPLOAD_FIXES);
        put(end + held + i / UPLOAD_FIXES, messages);
      }
      collected = [];
      while (Number.isFinite(at) && windowEnd <= at) windowEnd += window;
    },
  };
}

/** Uploads waiting for their instant, least first; equal ones in the order they were put. */
function openOutbox() {
  const waiting: Upload[] = [];
  return {
    put: (upload: Upload): void => {
      let i = waiting.length;
      while (i > 0 && waiting[i - 1]!.due > upload.due) i--;
      if (i === waiting.length) waiting.push(upload);
      else waiting.splice(i, 0, upload);
    },
    take: (until: number): Upload | undefined =>
      waiting.length > 0 && waiting[0]!.due <= until ? waiting.shift() : undefined,
  };
}
