import { PbfWriter } from 'pbf';

/** An edge node of Sparkplug as its topics name it, within a fleet. */
export type EdgeNode = { readonly fleetId: number; readonly group: string; readonly edge: string };

const AGAIN_MS = 30_000;
const ASKED_MAX = 10_000;
const BOOLEAN = 11;

/**
 * Asks edge nodes for their birth certificates (`Node Control/Rebirth`), where we have a way to them,
 * and no more than once in half a minute: a birth is large.
 */
export class Rebirths {
  readonly #ways = new Map<string, (payload: Uint8Array, node: EdgeNode) => void>();
  readonly #asked = new Map<string, number>();

  /** Opens a way to one edge node, or with `'*'` to all. Call the result to close it. */
  open(node: EdgeNode | '*', send: (payload: Uint8Array, node: EdgeNode) => void): () => void {
    const key = node === '*' ? node : keyOf(node);
    this.#ways.set(key, send);
    return () => {
      if (this.#ways.get(key) === send) this.#ways.delete(key);
    };
  }

  /** `now`: an instant, for the time in the message. */
  ask(node: EdgeNode, now: number): void {
    const key = keyOf(node);
    const send = this.#ways.get(key) ?? this.#ways.get('*');
    const last = this.#asked.get(key) ?? Number.NEGATIVE_INFINITY;
    if (send === undefined || performance.now() - last < AGAIN_MS) return;
    if (this.#asked.size >= ASKED_MAX) this.#asked.clear();
    this.#asked.set(key, performance.now());
    send(rebirthCommand(now), node);
  }
}

const keyOf = ({ fleetId, group, edge }: EdgeNode): string => `${fleetId} ${group}/${edge}`;

/** The payload of an NCMD: one metric, true. Field numbers of sparkplug_b.proto. */
export function rebirthCommand(now: number): Uint8Array {
  const ms = Math.round(now * 1000);
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, ms);
  pbf.writeMessage(
    2,
    (_, metric) => {
      metric.writeStringField(1, 'Node Control/Rebirth');
      metric.writeVarintField(3, ms);
      metric.writeVarintField(4, BOOLEAN);
      metric.writeBooleanField(14, true);
    },
    undefined,
  );
  return pbf.finish();
}
