import type { OwnMessage } from '../../schemas/fix.ts';
import { type Frame, frame, type Position } from '../../schemas/position.ts';
import type { Random } from '../../schemas/random.ts';
import { msFromInstant } from '../../schemas/units.ts';
import type { RadioScenario } from '../scenario/scenario.ts';
import type { DeviceView } from '../van/day.ts';
import { openEpisodes, openInstants, openStretches } from '../van/stretches.ts';
import { openTrackReader, type Whereabouts } from '../van/track.ts';
import type { DeviceClass } from './device-classes.ts';

const CLOCK_2004 = Date.UTC(2004, 0, 1);

export type Device = {
  /** On the air from this instant. */
  readonly from: number;
  /** What it makes of an instant; undefined in a tunnel. */
  readonly message: (at: number) => OwnMessage | undefined;
};

export type DeviceInput = {
  readonly day: DeviceView;
  readonly kind: DeviceClass;
  readonly radio: RadioScenario;
  readonly chance: Random;
  /** Its clock says so many seconds more: it is in a van on the day of another. */
  readonly behind: number;
};

/** The receiver and its counters; `at` must grow from call to call. */
export function openDevice({ day, kind, radio, chance, behind }: DeviceInput): Device {
  const { track } = day;
  const from = day.onAirFrom ?? track.t[0]!;
  const where = openTrackReader(track);
  const plane = frame({ lng: track.lng[0]!, lat: track.lat[0]! });
  const noise = openNoise(radio, chance.fork('noise'));
  const inTunnel = openEpisodes(radio.tunnelsPerHour, from, chance.fork('tunnels'), [15, 90]);
  const rebootsUntil = openInstants(radio.rebootsPerHour, from, chance.fork('reboots'));
  const skew = (chance.chance(radio.clockSkew) ? chance.between(-2, 2) : 0) + (kind.clockAhead ?? 0);
  let lostFixes = chance.chance(radio.clockLost) ? 3 : 0;
  const stuck = openStuck(kind, from, chance.fork('stuck'));
  const signals = openSignals(day);
  const felt = kind.accelerometer === false ? () => undefined : openFeelings(day, behind);
  const odd = chance.fork('odd');
  const behindMs = behind * 1000;
  let [seq, boots, boot] = [0, 0, 'b0'];
  const message = (at: number): OwnMessage | undefined => {
    if (inTunnel(at) !== undefined) return undefined;
    if (rebootsUntil(at) > boots) {
      boots++;
      boot = `b${boots}`;
      seq = 0;
    }
    const whereabouts = where(at);
    const events = felt(at);
    const sighting = stuck(at, noise(at, whereabouts, plane));
    const place = wrongPlace(radio, odd, whereabouts) ?? sighting;
    const clock = lostFixes > 0 ? CLOCK_2004 + msFromInstant(at - from) : msFromInstant(at + skew);
    if (lostFixes > 0) lostFixes--;
    const said = signals(at, whereabouts, sighting, { ts: clock + behindMs, place, seq: seq++, boot });
    return events === undefined ? said : { ...said, events };
  };
  return { from, message };
}

type Sighting = ReturnType<ReturnType<typeof openNoise>>;

/** Says an old position again: now and then one that was, or through a stretch always the same. */
function openStuck(kind: DeviceClass, from: number, chance: Random) {
  const freezeAt = openEpisodes(kind.freezesPerHour ?? 0, from, chance.fork('freezes'), [40, 400]);
  const repeats = kind.repeatsPosition ?? 0;
  let last: Sighting | undefined;
  return (at: number, sighting: Sighting): Sighting => {
    if (last !== undefined && (freezeAt(at) !== undefined || chance.chance(repeats))) return last;
    last = sighting;
    return sighting;
  };
}

/** Now and then a receiver answers with nonsense. */
function wrongPlace(radio: RadioScenario, chance: Random, { lng, lat }: Whereabouts): Position | undefined {
  const isZero = chance.chance(radio.zero);
  const isSpike = chance.chance(radio.spike);
  const east = chance.between(-0.2, 0.2);
  const north = chance.between(0.02, 0.2);
  if (isZero) return { lat: 0, lng: 0 };
  return isSpike ? { lat: round(lat + north, 1e7), lng: round(lng + east, 1e7) } : undefined;
}

/** How long the sky is as good or as bad as it is, seconds. */
const SKY_SECONDS = 300;
const CANYON_SECONDS = 60;

/**
 * GPS error as an Ornstein–Uhlenbeck process on each axis, sampled exactly at any spacing
 * (e ← e·ρ + σ·√(1 − ρ²)·N with ρ = exp(−Δ/τ)); σ and τ as measured, five times as large among
 * tall buildings. σ itself drifts with the sky: its logarithm is such a process too.
 */
function openNoise(radio: RadioScenario, chance: Random) {
  let [east, north] = [chance.normal(), chance.normal()];
  const skyChance = chance.fork('sky');
  let sky = skyChance.normal();
  let last = Number.NaN;
  let canyonUntil = Number.NEGATIVE_INFINITY;
  return (at: number, place: Whereabouts, plane: Frame) => {
    const step = Number.isNaN(last) ? 0 : at - last;
    last = at;
    const rho = Math.exp(-step / radio.noiseSeconds);
    const rest = Math.sqrt(1 - rho * rho);
    east = east * rho + rest * chance.normal();
    north = north * rho + rest * chance.normal();
    const skyRho = Math.exp(-step / SKY_SECONDS);
    sky = sky * skyRho + Math.sqrt(1 - skyRho * skyRho) * skyChance.normal();
    const entered = chance.chance(Math.min(1, (radio.canyon * step) / CANYON_SECONDS));
    if (entered) canyonUntil = at + CANYON_SECONDS * chance.between(0.5, 1.5);
    const sigma = radio.noise * Math.exp(radio.noiseSpread * sky) * (at < canyonUntil ? 5 : 1);
    const moved = plane.position(plane.x(place.lng) + sigma * east, plane.y(place.lat) + sigma * north);
    const isMoving = place.speed > 0.3;
    const heard = place.speed + (isMoving ? 0.25 : 0.05) * chance.normal();
    const heading = place.heading + (isMoving ? 3 * chance.normal() : 0);
    return {
      lat: round(moved.lat, 1e7),
      lng: round(moved.lng, 1e7),
      speed: round(Math.max(0, heard), 100),
      heading: round((heading + 360) % 360, 10),
      accuracy: round(sigma * Math.exp(0.25 * chance.normal()), 10),
      satellites: at < canyonUntil ? 5 : 9 + chance.integer(5),
    };
  };
}

/**
 * What an accelerometer feels of what is done harshly: said with the first fix after it, with its own instant.
 * A fix that is never sent takes it along.
 */
function openFeelings(
  { deeds }: DeviceView,
  behind: number,
): (at: number) => NonNullable<OwnMessage['events']> | undefined {
  let next = 0;
  return (at) => {
    const felt: NonNullable<OwnMessage['events']> = [];
    for (; (deeds[next]?.until ?? Number.POSITIVE_INFINITY) <= at; next++) {
      const { kind, from, value } = deeds[next]!;
      if (kind !== 'speeding')
        felt.push({ type: kind, value: round(value, 100), ts: msFromInstant(from + behind) });
    }
    return felt.length === 0 ? undefined : felt;
  };
}

type Counted = {
  readonly ts: number;
  readonly place: Position;
  readonly seq: number;
  readonly boot: string;
};

/** Adds what the vehicle's own wires say; members in the order in which `writeOwn` takes them. */
function openSignals(day: DeviceView) {
  const isOff = openStretches(day.engineOff);
  const isOpen = openStretches(day.doorOpen);
  const isUnbelted = openStretches(day.unbelted);
  return (at: number, { speed: driving, driven }: Whereabouts, sighting: Sighting, counted: Counted) => {
    const isDriving = driving > 0.3;
    const isEngineOff = isOff(at);
    const ignition = !isEngineOff || isDriving;
    const swap = day.swaps.length === 0 ? undefined : day.swaps.findLast((swap) => swap.at <= at);
    const own = driven - (swap?.driven ?? 0);
    const van = swap ?? day;
    // 12 l/100 km of a 70 l tank; 0.28 kWh/km of a 60 kWh battery.
    const left = van.energy - (own / 1000) * (day.isElectric ? 0.28 / 60 : 0.12 / 70);
    const energy = round(Math.max(0.03, left), 1e4);
    const odometer = round(van.odometer + driven - (swap?.driven ?? 0), 10);
    const door = !isDriving && isOpen(at);
    const belt = (isDriving || !isEngineOff) && !isUnbelted(at);
    const { ts, place, seq, boot } = counted;
    const { lat, lng } = place;
    const { speed, heading, accuracy, satellites } = sighting;
    // Twice at length: for each fix of a fleet, a copy of an object is dear.
    // biome-ignore format: one line each
    if (day.isElectric)
      return { ts, lat, lng, speed, heading, accuracy, satellites, seq, boot, ignition, odometer, soc: energy, door, belt };
    const rpm = ignition ? Math.round(760 + ((driving * 170) % 1500)) : 0;
    // biome-ignore format: likewise
    return { ts, lat, lng, speed, heading, accuracy, satellites, seq, boot, ignition, odometer, fuel: energy, rpm, door, belt };
  };
}

/** `scale` is 10 to the power of the digits kept. */
const round = (value: number, scale: number): number => Math.round(value * scale) / scale;
