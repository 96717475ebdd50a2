import type { Client } from 'aedes';

const PUBACK = 0x40;
const PUBACK_BYTES = 4;
/** A client that reads no acknowledgements while it publishes is cut off here. */
const UNREAD_BYTES_MAX = 256 * 1024;

/**
 * PUBACKs of one connection, written together: a commit answers hundreds of messages at once, and
 * one write for each of them costs more than all else that ingest does with a message.
 */
export class Acknowledgements {
  readonly #client: Client;
  #messageIds: number[] = [];

  constructor(client: Client) {
    this.#client = client;
  }

  send(messageId: number): void {
    this.#messageIds.push(messageId);
    if (this.#messageIds.length === 1) queueMicrotask(() => this.#flush());
  }

  /** [MQTT-3.4]: type, remaining length, packet identifier. */
  #flush(): void {
    const ids = this.#messageIds;
    this.#messageIds = [];
    const { closed, conn } = this.#client;
    if (closed || conn.destroyed) return;
    const bytes = Buffer.allocUnsafe(ids.length * PUBACK_BYTES);
    for (const [i, id] of ids.entries()) {
      bytes.writeUInt16BE((PUBACK << 8) | 2, i * PUBACK_BYTES);
      bytes.writeUInt16BE(id, i * PUBACK_BYTES + 2);
    }
    conn.write(bytes);
    if (conn.writableLength > UNREAD_BYTES_MAX) conn.destroy();
  }
}
