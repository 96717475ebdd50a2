import type { Client } from 'aedes';

const PUBACK = 0x40;
const PUBACK_BYTES = 4;
/** A client that reads no acknowledgements while it publishes is cut off here. */
const UNREAD_BYTES_MAX = 256 * 1024;

/**
 * Answers on one connection, given together: a commit answers hundreds of messages at once, and one
 * write for each of them costs more than all else that ingest does with a message. Reading on waits
 * for the next turn of the event loop, so that the next batch is on its way to the database first.
 */
export class Acknowledgements {
  readonly #client: Client;
  #messageIds: number[] = [];
  #readOn: (() => void)[] = [];

  constructor(client: Client) {
    this.#client = client;
  }

  /** Sends a PUBACK for each id, and then calls `readOn`. */
  send(messageIds: readonly number[], readOn: () => void): void {
    if (this.#readOn.length === 0) queueMicrotask(() => this.#flush());
    for (const id of messageIds) this.#messageIds.push(id);
    this.#readOn.push(readOn);
  }

  #flush(): void {
    const readOn = this.#readOn;
    this.#readOn = [];
    this.#write();
    setImmediate(() => {
      for (const each of readOn) each();
    });
  }

  /** [MQTT-3.4]: type, remaining length, packet identifier. */
  #write(): void {
    const ids = this.#messageIds;
    this.#messageIds = [];
    const { closed, conn } = this.#client;
    if (ids.length === 0 || closed || conn.destroyed) return;
    const bytes = Buffer.allocUnsafe(ids.length * PUBACK_BYTES);
    let offset = 0;
    for (const id of ids) {
      bytes[offset] = PUBACK;
      bytes[offset + 1] = 2;
      bytes[offset + 2] = id >> 8;
      bytes[offset + 3] = id & 0xff;
      offset += PUBACK_BYTES;
    }
    conn.write(bytes);
    if (conn.writableLength > UNREAD_BYTES_MAX) conn.destroy();
  }
}
