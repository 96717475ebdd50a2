import { setMaxListeners } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { asError, Fault } from '../schemas/fault.ts';
import type { ProgramContext } from '../schemas/program.ts';
import type { City } from './city/city.ts';
import { cityOf } from './city/road-file.ts';
import { copiedVans, hasCopies, keptDays, swarmOf } from './crowd.ts';
import { type Upload, uploadsOf } from './device/radio.ts';
import { dayMaker, type Fleet, openFleet } from './fleet.ts';
import { type DayPlan, dayPlan } from './plan.ts';
import { type BrokerAddress, type Connection, credentialsOf, openConnection } from './publish/connection.ts';
import { listen } from './publish/downlink.ts';
import { type LedgerHeader, openLedger } from './publish/ledger.ts';
import { type LedgerContents, readLedger } from './publish/ledger-reading.ts';
import { type PublishInput, type PublishProgress, publish } from './publish/publish.ts';
import { type TruthRecord, truthOf, writeTruth } from './report/truth.ts';
import { profileOf } from './scenario/profile.ts';
import { parseScenario, type Scenario, scenarios, unknownScenario } from './scenario/scenario.ts';
import { openTold } from './told.ts';
import { fleetSizes, vanName } from './van/copies.ts';
import { ON_AIR_BEFORE, type VanDay } from './van/van.ts';

export type SimulatorConfig = {
  /** Name of a built-in scenario, or a file; default demo. */
  readonly scenario?: string | undefined;
  /** These four win over the scenario. */
  readonly vans?: number | undefined;
  readonly intervalSeconds?: number | undefined;
  readonly fleet?: string | undefined;
  readonly seed?: string | undefined;
  /** Simulated seconds in a second; 1 is real time with the backlog first, Infinity all at once. */
  readonly speed?: number | undefined;
  /** Wall seconds after which it ends; undefined: when every van is back. */
  readonly durationSeconds?: number | undefined;
  /** Instant the shift starts; undefined: that of the ledger being resumed, else the scenario's. */
  readonly startAt?: number | undefined;
  readonly broker: BrokerAddress;
  /** Connections that share the vans, each a gateway's; or one for every device. */
  readonly connections?: number | 'per-device' | undefined;
  /** One for each: what a device logs in with, where not as `broker` says. */
  readonly deviceSecrets?: ReadonlyMap<string, string> | undefined;
  readonly ledgerFile: string;
  readonly truthFile?: string | undefined;
};

/** A shift ready to be driven: what the platform stores of it, and what the simulator needs. */
export type PreparedShift = {
  readonly scenario: Scenario;
  readonly city: City;
  /** One route for each different day; see `copiesOf`. */
  readonly plan: DayPlan;
  readonly header: LedgerHeader;
  /** What an earlier run of this very shift had acknowledged. */
  readonly before: LedgerContents | undefined;
};

/** Gateway connections when not told otherwise. */
const CONNECTIONS = 4;
/**
 * A shift of ten hours with the tail of its slowest driver: older ones are not resumed, and fast ones
 * start so long ago, since a device does not report the future.
 */
const SHIFT_SECONDS = 16 * 3600;
const CONNECT_PATIENCE_MS = 20_000;

/** The scenario that a configuration means: built in or from a file, with the flags that win. */
export function scenarioOf(config: SimulatorConfig): Scenario {
  const name = config.scenario ?? 'demo';
  const base = scenarios[name] ?? scenarioFile(name);
  return {
    ...base,
    vans: config.vans ?? base.vans,
    intervalSeconds: config.intervalSeconds ?? base.intervalSeconds,
    fleet: config.fleet ?? base.fleet,
    seed: config.seed ?? base.seed,
  };
}

function scenarioFile(path: string): Scenario {
  if (!existsSync(path)) throw unknownScenario(path, 'the scenario is no file and');
  try {
    return parseScenario(readFileSync(path, 'utf8'), path);
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    throw new Fault('input/invalid', `cannot read ${path}: ${asError(thrown).message}`, { cause: thrown });
  }
}

/** City and plan. A ledger of the same run whose shift is not over yet is resumed. */
export function prepareShift(config: SimulatorConfig, now: number): PreparedShift {
  const scenario = scenarioOf(config);
  const asked = {
    scenario: scenario.name,
    seed: scenario.seed,
    fleet: scenario.fleet,
    vans: scenario.vans,
    intervalSeconds: scenario.intervalSeconds,
  };
  const earlier = existsSync(config.ledgerFile) ? readLedger(config.ledgerFile) : undefined;
  const isSame =
    earlier?.header !== undefined &&
    Object.entries(asked).every(([key, value]) => earlier.header?.[key as keyof LedgerHeader] === value) &&
    (config.startAt === undefined || config.startAt === earlier.header.shiftStart) &&
    now - earlier.header.shiftStart < SHIFT_SECONDS;
  const ago = (config.speed ?? 1) === 1 ? scenario.startedSecondsAgo : SHIFT_SECONDS;
  const fresh = Math.floor(config.startAt ?? now - ago);
  const shiftStart = isSame ? earlier.header.shiftStart : fresh;
  const city = cityOf(scenario);
  return {
    scenario,
    city,
    plan: dayPlan({ ...scenario, vans: fleetSizes(scenario).patterns }, city, shiftStart),
    header: { ...asked, shiftStart },
    before: isSame ? earlier : undefined,
  };
}

export type RunOptions = {
  /** Given when the caller prepared the shift itself, to store its plan first. */
  readonly shift?: PreparedShift | undefined;
  readonly onProgress?: ((progress: PublishProgress) => void) | undefined;
};

/** Drives a fleet through its shift and publishes what its devices say, until all is said. */
export async function runSimulator(
  config: SimulatorConfig,
  context: ProgramContext,
  options: RunOptions = {},
): Promise<PublishProgress> {
  const shift = options.shift ?? prepareShift(config, context.now());
  const { scenario, plan, header, before } = shift;
  const { vans } = scenario;
  const told = openTold({ ...config, shift, isResumed: before !== undefined });
  const dayOf = hasCopies(scenario) ? keptDays(dayMaker(shift)) : dayMaker(shift, told.before);
  if (config.truthFile !== undefined) writeTruth(config.truthFile, truthOfShift(shift, dayOf));
  // Days that are kept are made now: found on the way, they would hold up what others have to say.
  if (hasCopies(scenario)) for (const index of plan.routes.keys()) dayOf(index);
  const ending = endingAfter(config.durationSeconds, context.signal);
  const connections = await connectAll(config, scenario.fleet, vans, context.signal);
  const ledger = openLedger(config.ledgerFile, header, { before });
  const fleet = openFleet(shift, told.before);
  const clock = clockOf(config.speed ?? 1, header.shiftStart, context.now());
  const hear = { fleet, at: () => Math.min(context.now(), clock.simulated(context.now())) };
  const devices = config.connections === 'per-device' ? plan.routes.map(({ vehicle }) => vehicle) : undefined;
  const { log } = context;
  if (!hasCopies(scenario))
    await listen({ fleet: scenario.fleet, connections, devices, log, heard: told.hearer(hear) });
  const facts = { scenario: scenario.name, vans, seed: scenario.seed, connections: connections.length };
  context.log.info(
    { ...facts, shiftStart: header.shiftStart, resumed: before !== undefined },
    'shift begins',
  );
  context.ready(facts);
  const progress = await publish({
    fleet: scenario.fleet,
    vans: hasCopies(scenario) ? copiedVans(shift, dayOf) : lazyVans(shift, fleet),
    swarm: swarmOf(shift),
    gateway: config.connections === 'per-device' ? undefined : gatewayFor(scenario, config.broker),
    connections,
    ledger,
    before,
    clock,
    now: context.now,
    signal: ending.signal,
    onProgress: options.onProgress,
  });
  ending.release();
  await Promise.all(connections.map((connection) => connection.close(0)));
  ledger.close();
  told.close();
  context.log.info({ offered: progress.offered, acknowledged: progress.acknowledged }, 'shift ends');
  return progress;
}

/** Not all at once: the handshakes of ten thousand devices would drown those of the first. */
const CONNECTING_AT_ONCE = 64;

async function connectAll(
  { broker, connections = CONNECTIONS, deviceSecrets }: SimulatorConfig,
  fleet: string,
  vans: number,
  signal: AbortSignal,
): Promise<Connection[]> {
  const count = connections === 'per-device' ? vans : Math.min(connections, vans);
  const opened: Connection[] = [];
  const loginOf = (device: string): BrokerAddress => {
    const password = connections === 'per-device' ? deviceSecrets?.get(device) : undefined;
    return password === undefined ? broker : { ...broker, username: `device:${fleet}/${device}`, password };
  };
  const suffix = randomSuffix();
  // Each that is connecting listens for the end, and that is no leak.
  setMaxListeners(CONNECTING_AT_ONCE + 16, signal);
  while (opened.length < count) {
    const some = Math.min(CONNECTING_AT_ONCE, count - opened.length);
    const next = Array.from({ length: some }, (_, i) =>
      openConnection(loginOf(vanName(opened.length + i)), {
        clientId: `simulator-${fleet}-${opened.length + i}-${suffix}`,
        signal,
        patienceMs: CONNECT_PATIENCE_MS,
      }),
    );
    opened.push(...(await Promise.all(next)));
  }
  return opened;
}

/** The name under which fixes of different vans go together; the credential says it. */
function gatewayFor({ messageFixes, fleet }: Scenario, broker: BrokerAddress): PublishInput['gateway'] {
  if (messageFixes === 1) return undefined;
  const { username = '' } = credentialsOf(broker);
  const [, name] = username.match(/^gateway:[^/]+\/(.+)$/) ?? [];
  return { name: name ?? fleet, messageFixes };
}

/** A van drives on as its uploads are asked for, and is forgotten after its last. */
function lazyVans({ scenario, plan }: PreparedShift, fleet: Fleet): PublishInput['vans'] {
  function* uploads(routeIndex: number): Generator<Upload> {
    const { vehicle } = plan.routes[routeIndex]!;
    const place = routeIndex / plan.routes.length;
    const profile = profileOf({ ...scenario, vehicle, place, shiftStart: plan.shiftStart });
    yield* uploadsOf(fleet.van(routeIndex), scenario, profile);
    fleet.forget(routeIndex);
  }
  return plan.routes.map(({ vehicle, plannedDeparture }, routeIndex) => ({
    device: vehicle,
    notBefore: plannedDeparture - ON_AIR_BEFORE,
    uploads: uploads(routeIndex),
  }));
}

/**
 * What really happens on a shift, to each van that drives a day of its own: known before the first fix
 * is sent, as far as nothing is ordered.
 */
export function truthOfShift(shift: PreparedShift, dayOf = dayMaker(shift)): TruthRecord[] {
  const { scenario, city, plan } = shift;
  return truthOf({ days: daysOfShift(shift, dayOf), plan, city, scenario });
}

/** The day of each van of a shift, one after the other. */
export function* daysOfShift(shift: PreparedShift, dayOf = dayMaker(shift)): Generator<VanDay> {
  for (const index of shift.plan.routes.keys()) yield dayOf(index);
}

/** Two runs on one broker must not push each other off it. */
const randomSuffix = (): string => Math.random().toString(36).slice(2, 10);

/**
 * Simulated time. In real time it is the wall's; faster, it runs from the start of the shift, and
 * never ahead of the wall: a device does not report the future.
 */
function clockOf(speed: number, shiftStart: number, startedAt: number) {
  if (speed === 1) return { simulated: (wall: number) => wall, wall: (simulated: number) => simulated };
  if (!Number.isFinite(speed)) {
    return { simulated: () => Number.MAX_VALUE, wall: () => startedAt };
  }
  const from = shiftStart - 600;
  return {
    simulated: (wall: number) => Math.min(wall, from + (wall - startedAt) * speed),
    wall: (simulated: number) => {
      const hurried = startedAt + (simulated - from) / speed;
      return Math.max(simulated, hurried);
    },
  };
}

/**
 * A signal that aborts with another or after a while. Made by hand: Node 20 collects the signals of
 * AbortSignal.any and .timeout while they are waited for (https://github.com/nodejs/node/issues/54614).
 */
function endingAfter(seconds: number | undefined, signal: AbortSignal) {
  const stop = new AbortController();
  const end = () => stop.abort();
  const timer = seconds === undefined ? undefined : setTimeout(end, seconds * 1000);
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  const release = (): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  };
  return { signal: stop.signal, release };
}
