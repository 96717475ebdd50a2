import { type Assembly, emptyAssembly } from './assemble.ts';
import { type EdgeState, newEdge } from './edge-state.ts';

const DEVICES_MAX = 50_000;
const SESSIONS_MAX = 10_000;

/** Asks the other end of a session for what is missing. */
export type AskRebirth = (fleetId: number, session: string) => void;

/** What is remembered of the devices that say one value a message, by device id; bounded. */
export class Assemblies {
  readonly #states = new Map<number, Assembly>();
  readonly #sessions = new Map<string, EdgeState>();
  readonly askRebirth: AskRebirth;

  constructor(askRebirth: AskRebirth = () => {}) {
    this.askRebirth = askRebirth;
  }

  of(deviceId: number): Assembly {
    return this.#states.get(deviceId) ?? emptyAssembly;
  }

  session(key: string): EdgeState {
    return this.#sessions.get(key) ?? newEdge;
  }

  keepSession(key: string, state: EdgeState): void {
    keepNewest(this.#sessions, key, state, SESSIONS_MAX);
  }

  keep(deviceId: number, state: Assembly): void {
    keepNewest(this.#states, deviceId, state, DEVICES_MAX);
  }
}

/** Whoever was heard longest ago goes first: a Map keeps the order of insertion. */
function keepNewest<Key, State>(states: Map<Key, State>, key: Key, state: State, max: number): void {
  states.delete(key);
  states.set(key, state);
  if (states.size <= max) return;
  for (const oldest of states.keys()) {
    states.delete(oldest);
    break;
  }
}
