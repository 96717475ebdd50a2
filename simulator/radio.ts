import type { OwnMessage, StopReport } from '../schemas/fix.ts';
import { type Frame, frame } from '../schemas/position.ts';
import { type Random, random } from '../schemas/random.ts';
import { msFromInstant } from '../schemas/units.ts';
import type { RadioScenario, Scenario } from './scenario.ts';
import { openTrackReader, type Whereabouts } from './track.ts';
import type { Stretch, VanDay } from './van.ts';

/** Something a device hands to the network at `due`: fixes of one message, or presses of the app. */
export type Upload = {
  readonly device: string;
  /** Instant. */
  readonly due: number;
} & (
  | { readonly channel: 'telemetry'; readonly messages: readonly OwnMessage[] }
  | { readonly channel: 'stops'; readonly reports: readonly StopReport[] }
);

/** Interval jitter around its nominal value, seconds (measured σ 0.144). */
const JITTER = 0.144;
/** A kept fix joins others in one upload of at most this many. */
const UPLOAD_FIXES = 50;
const CLOCK_2004 = Date.UTC(2004, 0, 1);

/**
 * What the device of one van sends over its day, in order of `due`: the truth through a receiver and
 * a network with the scenario's imperfections. Pure: the same day and seed give the same bytes.
 */
export function* uploads(day: VanDay, scenario: Scenario): Generator<Upload> {
  const { radio, intervalSeconds } = scenario;
  const chance = random(`${scenario.seed}/radio/${day.vehicle}`);
  const device = openDevice(day, radio, chance);
  const network = openNetwork(radio, chance.fork('network'), device.from, device.until);
  const outbox = openOutbox();
  let reportIndex = 0;
  for (let at = device.from + chance.between(0, intervalSeconds); at < device.until; ) {
    const message = device.message(at);
    const taken = network.take(at, message);
    for (const upload of taken) outbox.put({ device: day.vehicle, ...upload });
    for (; (day.reports[reportIndex]?.ts ?? Number.POSITIVE_INFINITY) / 1000 <= at; reportIndex++) {
      const report = day.reports[reportIndex]!;
      const due = network.reachable(report.ts / 1000) + chance.lognormal(-0.2, 0.4);
      outbox.put({ device: day.vehicle, due, channel: 'stops', reports: [report] });
    }
    // Nothing made later than now can be due before now, so everything up to here is in order.
    yield* outbox.takeUntil(at);
    at += Math.max(intervalSeconds / 2, intervalSeconds + JITTER * chance.normal());
  }
  for (const upload of network.rest(device.until)) outbox.put({ device: day.vehicle, ...upload });
  yield* outbox.takeUntil(Number.POSITIVE_INFINITY);
}

/** The receiver and its counters: one message for each instant, undefined in a tunnel. */
function openDevice(day: VanDay, radio: RadioScenario, chance: Random) {
  const { track } = day;
  const [from, until] = [track.t[0]!, track.t.at(-1)!];
  const where = openTrackReader(track);
  const plane = frame({ lng: track.lng[0]!, lat: track.lat[0]! });
  const noise = openNoise(radio, chance.fork('noise'));
  const tunnels = episodes(radio.tunnelsPerHour, from, until, chance.fork('tunnels'), [15, 90]);
  const reboots = instants(radio.rebootsPerHour, from, until, chance.fork('reboots'));
  const skew = chance.chance(radio.clockSkew) ? chance.between(-2, 2) : 0;
  let lostFixes = chance.chance(radio.clockLost) ? 3 : 0;
  const inTunnel = openStretches(tunnels);
  const signals = openSignals(day);
  const odd = chance.fork('odd');
  let [seq, boot] = [0, 0];
  const message = (at: number): OwnMessage | undefined => {
    if (inTunnel(at)) return undefined;
    if (boot < reboots.length && at >= reboots[boot]!) {
      boot++;
      seq = 0;
    }
    const whereabouts = where(at);
    const clock = lostFixes > 0 ? CLOCK_2004 + msFromInstant(at - from) : msFromInstant(at + skew);
    if (lostFixes > 0) lostFixes--;
    return {
      ts: clock,
      ...noise(at, whereabouts, plane),
      ...wrongPlace(radio, odd, whereabouts),
      seq: seq++,
      boot: `b${boot}`,
      ...signals(at, whereabouts),
    };
  };
  return { from, until, message };
}

/** Now and then a receiver answers with nonsense. */
function wrongPlace(radio: RadioScenario, chance: Random, { lng, lat }: Whereabouts) {
  const [isZero, isSpike] = [chance.chance(radio.zero), chance.chance(radio.spike)];
  const [east, north] = [chance.between(-0.2, 0.2), chance.between(0.02, 0.2)];
  if (isZero) return { lat: 0, lng: 0 };
  return isSpike ? { lat: round(lat + north, 7), lng: round(lng + east, 7) } : {};
}

/**
 * GPS error as an Ornstein–Uhlenbeck process on each axis, sampled exactly at any spacing
 * (e ← e·ρ + σ·√(1 − ρ²)·N with ρ = exp(−Δ/τ)); σ and τ as measured, five times as large among
 * tall buildings.
 */
function openNoise(radio: RadioScenario, chance: Random) {
  let [east, north] = [chance.normal(), chance.normal()];
  let last = Number.NaN;
  let canyonUntil = Number.NEGATIVE_INFINITY;
  const canyonSeconds = 60;
  return (at: number, place: Whereabouts, plane: Frame) => {
    const step = Number.isNaN(last) ? 0 : at - last;
    last = at;
    const rho = Math.exp(-step / radio.noiseSeconds);
    const rest = Math.sqrt(1 - rho * rho);
    east = east * rho + rest * chance.normal();
    north = north * rho + rest * chance.normal();
    const entered = chance.chance(Math.min(1, (radio.canyon * step) / canyonSeconds));
    if (entered) canyonUntil = at + canyonSeconds * chance.between(0.5, 1.5);
    const sigma = radio.noise * (at < canyonUntil ? 5 : 1);
    const moved = plane.position(plane.x(place.lng) + sigma * east, plane.y(place.lat) + sigma * north);
    const isMoving = place.speed > 0.3;
    const heard = place.speed + (isMoving ? 0.25 : 0.05) * chance.normal();
    const heading = place.heading + (isMoving ? 3 * chance.normal() : 0);
    return {
      lat: round(moved.lat, 7),
      lng: round(moved.lng, 7),
      speed: round(Math.max(0, heard), 2),
      heading: round((heading + 360) % 360, 1),
      accuracy: round(sigma * Math.exp(0.25 * chance.normal()), 1),
      satellites: at < canyonUntil ? 5 : 9 + chance.integer(5),
    };
  };
}

/** What the vehicle's own wires say. */
function openSignals(day: VanDay) {
  const isOff = openStretches(day.engineOff);
  const isOpen = openStretches(day.doorOpen);
  const isUnbelted = openStretches(day.unbelted);
  return (at: number, { speed, driven }: Whereabouts) => {
    const ignition = !isOff(at) || speed > 0.3;
    const isDriving = speed > 0.3;
    // 12 l/100 km of a 70 l tank; 0.28 kWh/km of a 60 kWh battery.
    const left = day.energy - (driven / 1000) * (day.isElectric ? 0.28 / 60 : 0.12 / 70);
    const energy = round(Math.max(0.03, left), 4);
    return {
      ignition,
      odometer: round(day.odometer + driven, 1),
      ...(day.isElectric ? { soc: energy } : { fuel: energy }),
      ...(day.isElectric ? {} : { rpm: ignition ? Math.round(760 + ((speed * 170) % 1500)) : 0 }),
      door: !isDriving && isOpen(at),
      belt: isDriving ? !isUnbelted(at) : !isOff(at) && !isUnbelted(at),
    };
  };
}

type Draft = { readonly due: number; readonly channel: 'telemetry'; readonly messages: OwnMessage[] };

/** Between device and broker: losses, delays, repeats, and stretches without coverage. */
function openNetwork(radio: RadioScenario, chance: Random, from: number, until: number) {
  const gaps = episodes(radio.gapsPerHour, from, until, chance.fork('gaps'), [20, 420]);
  const gapAt = openStretchFinder(gaps);
  let kept: OwnMessage[] = [];
  let keptUntil = 0;
  const flush = (): Draft[] => {
    const drafts: Draft[] = [];
    for (let i = 0; i < kept.length; i += UPLOAD_FIXES) {
      const messages = kept.slice(i, i + UPLOAD_FIXES).map((message) => ({ ...message, buffered: true }));
      if (chance.chance(radio.shuffled)) messages.reverse();
      drafts.push({ due: keptUntil + 1 + i / UPLOAD_FIXES, channel: 'telemetry', messages });
    }
    kept = [];
    return drafts;
  };
  const take = (at: number, message: OwnMessage | undefined): Draft[] => {
    // Drawn for every fix, so that one imperfection shifts no other.
    const isMissing = chance.chance(radio.missing);
    const isLate = chance.chance(radio.late);
    const isRepeated = chance.chance(radio.repeated);
    const latency = chance.lognormal(-0.5, 0.45);
    const held = chance.lognormal(3.3, 0.9);
    const again = chance.lognormal(2, 1);
    const gap = gapAt(at);
    const drafts = kept.length > 0 && gap === undefined ? flush() : [];
    if (message === undefined || isMissing) return drafts;
    if (gap !== undefined) {
      kept.push(message);
      keptUntil = gap.until;
      return drafts;
    }
    const due = at + latency + (isLate ? held : 0);
    const draft: Draft = { due, channel: 'telemetry', messages: [message] };
    return [...drafts, draft, ...(isRepeated ? [{ ...draft, due: due + again }] : [])];
  };
  return {
    take,
    rest: (at: number): Draft[] => {
      keptUntil = Math.max(keptUntil, at);
      return flush();
    },
    reachable: (at: number): number => gapAt(at)?.until ?? at,
  };
}

/** Uploads waiting for their instant, least first; equal ones in the order they were put. */
function openOutbox() {
  let waiting: Upload[] = [];
  return {
    put: (upload: Upload): void => {
      let i = waiting.length;
      while (i > 0 && waiting[i - 1]!.due > upload.due) i--;
      waiting.splice(i, 0, upload);
    },
    takeUntil: (at: number): Upload[] => {
      let count = 0;
      while (count < waiting.length && waiting[count]!.due <= at) count++;
      if (count === 0) return [];
      const taken = waiting.slice(0, count);
      waiting = waiting.slice(count);
      return taken;
    },
  };
}

/** Poisson instants at an hourly rate. */
function instants(perHour: number, from: number, until: number, chance: Random): number[] {
  const found: number[] = [];
  if (perHour <= 0) return found;
  for (let at = from; ; ) {
    at += (-Math.log(1 - chance.next()) * 3600) / perHour;
    if (at >= until) return found;
    found.push(at);
  }
}

function episodes(
  perHour: number,
  from: number,
  until: number,
  chance: Random,
  [shortest, longest]: readonly [number, number],
): Stretch[] {
  let free = from;
  return instants(perHour, from, until, chance).flatMap((at) => {
    // Short ones are many and long ones few: uniform in the logarithm.
    const seconds = Math.exp(chance.between(Math.log(shortest), Math.log(longest)));
    if (at < free) return [];
    free = at + seconds;
    return [{ from: at, until: at + seconds }];
  });
}

/** The stretch an instant lies in, for instants that seldom go back. */
function openStretchFinder(stretches: readonly Stretch[]): (at: number) => Stretch | undefined {
  let index = 0;
  return (at) => {
    if (index > 0 && at < stretches[index - 1]!.until) index = 0;
    while (index < stretches.length && stretches[index]!.until <= at) index++;
    const stretch = stretches[index];
    return stretch !== undefined && at >= stretch.from ? stretch : undefined;
  };
}

function openStretches(stretches: readonly Stretch[]): (at: number) => boolean {
  const find = openStretchFinder(stretches);
  return (at) => find(at) !== undefined;
}

const round = (value: number, digits: number): number => {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
};
