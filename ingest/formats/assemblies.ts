import { type Assembly, emptyAssembly } from './assemble.ts';

const DEVICES_MAX = 50_000;

/** What is remembered of the devices that say one value a message, by device id; bounded. */
export class Assemblies {
  readonly #states = new Map<number, Assembly>();

  of(deviceId: number): Assembly {
    return this.#states.get(deviceId) ?? emptyAssembly;
  }

  keep(deviceId: number, state: Assembly): void {
    // The one that was heard longest ago goes first: a Map keeps the order of insertion.
    this.#states.delete(deviceId);
    this.#states.set(deviceId, state);
    if (this.#states.size > DEVICES_MAX) {
      for (const oldest of this.#states.keys()) {
        this.#states.delete(oldest);
        break;
      }
    }
  }
}
