import { Value } from 'typebox/value';
import { type Answer, Command, RouteMessage } from '../../schemas/down.ts';
import { instantFromMs, msFromInstant } from '../../schemas/units.ts';

/** What was sent down to a van, and the simulated instant from which it knows. */
export type Order = { readonly vehicle: string; readonly at: number } & (
  | { readonly channel: 'route'; readonly payload: unknown }
  | { readonly channel: 'command'; readonly payload: unknown }
);

/** What a device does at once when it is told so; the van drives on. */
export type DeviceOrder =
  | { readonly at: number; readonly kind: 'locate' }
  | { readonly at: number; readonly kind: 'interval'; readonly seconds: number };

/** What a van knows of its route when an order comes. */
export type RouteInForce = {
  readonly vehicle: string;
  readonly route: string;
  readonly serviceDate: string;
  readonly version: number;
};

type RouteVerdict =
  | { readonly isTaken: true; readonly answer: Answer; readonly message: RouteMessage }
  | { readonly isTaken: false; readonly answer: Answer };

/** Whether a van drives the route it was sent, and what it answers. */
export function judgeRoute(payload: unknown, at: number, own: RouteInForce): RouteVerdict {
  const ts = msFromInstant(at);
  const named = namesOf(payload);
  const refused = (reason: string): RouteVerdict => ({
    isTaken: false,
    answer: { ts, state: 'refused', ...named, reason },
  });
  if (!Value.Check(RouteMessage, payload))
    return refused(`not a route: ${firstProblem(RouteMessage, payload)}`);
  const { route, version, vehicle, serviceDate, items } = payload;
  if (vehicle !== own.vehicle) return refused(`a route of ${vehicle}, and this is ${own.vehicle}`);
  if (route !== own.route) return refused(`the route ${route} is not known here; this is ${own.route}`);
  if (serviceDate !== own.serviceDate)
    return refused(`a route of ${serviceDate}; today is ${own.serviceDate}`);
  const lost = items.find(({ lat, lng }) => !isOnEarth(lat, lng));
  if (lost !== undefined) return refused(`${lost.code} has no coordinates that are a place`);
  // What is retained comes again with every connection: the answer is the same as the first time.
  const answer: Answer = { ts, state: 'received', route, version };
  if (version === own.version) return { isTaken: false, answer };
  if (version < own.version) return refused(`version ${version} is not higher than ${own.version}`);
  return { isTaken: true, answer, message: payload };
}

const isOnEarth = (lat: number, lng: number): boolean =>
  Math.abs(lat) <= 90 && Math.abs(lng) <= 180 && (lat !== 0 || lng !== 0);

/** Seconds between reports that a device lets itself be told. */
const INTERVALS = [1, 3600] as const;

type CommandVerdict = {
  readonly answers: readonly Answer[];
  readonly order?: DeviceOrder | undefined;
  /** Name of what the driver has to read, which is answered when that is done. */
  readonly message?: string | undefined;
};

/** What a device answers to a command, and does. */
export function judgeCommand(payload: unknown, at: number): CommandVerdict {
  const ts = msFromInstant(at);
  const id = idOf(payload);
  const refused = (reason: string): CommandVerdict => ({
    answers: [{ ts, state: 'refused', ...(id === undefined ? {} : { id }), reason }],
  });
  if (!Value.Check(Command, payload)) return refused(`not a command: ${firstProblem(Command, payload)}`);
  if (instantFromMs(payload.expires) < at) return refused('expired before it came');
  const received: Answer = { ts, state: 'received', id: payload.id };
  const done: Answer = { ts, state: 'done', id: payload.id };
  switch (payload.kind) {
    case 'message':
      return { answers: [received], message: payload.id };
    case 'locate':
      return { answers: [received, done], order: { at, kind: 'locate' } };
    case 'interval': {
      const seconds = secondsIn(payload.body);
      const [least, most] = INTERVALS;
      if (seconds === undefined || seconds < least || seconds > most)
        return refused(`an interval needs a body of {"seconds": ${least}…${most}}`);
      return { answers: [received, done], order: { at, kind: 'interval', seconds } };
    }
    default:
      return refused(`${payload.kind} is no kind of command known here`);
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const secondsIn = (body: unknown): number | undefined => {
  const value = isRecord(body) ? body.seconds : body;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
};

const idOf = (payload: unknown): string | undefined =>
  isRecord(payload) && typeof payload.id === 'string' ? payload.id.slice(0, 128) : undefined;

function namesOf(payload: unknown): Pick<Answer, 'route' | 'version'> {
  if (!isRecord(payload)) return {};
  const { route, version } = payload;
  return {
    ...(typeof route === 'string' && route !== '' ? { route: route.slice(0, 128) } : {}),
    ...(Number.isInteger(version) ? { version: Number(version) } : {}),
  };
}

function firstProblem(schema: typeof RouteMessage | typeof Command, payload: unknown): string {
  const [problem] = Value.Errors(schema, payload);
  return problem === undefined ? 'unreadable' : `${problem.instancePath || 'it'} ${problem.message}`;
}
