import type { Pool } from 'pg';
import { asError } from '../../schemas/fault.ts';
import type { Log } from '../../schemas/program.ts';
import type { Directory } from './directory.ts';

const WRITE_EVERY_MS = 5_000;
const TEXT_MAX = 64;
const KNOWN_MAX = 100_000;

const write = `
  insert into device_counters as c (device_id, fleet_id, firmware)
  select n.device_id, d.fleet_id, n.firmware
  from unnest($1::integer[], $2::text[]) as n (device_id, firmware) join devices d using (device_id)
  on conflict (device_id) do update set firmware = excluded.firmware
  where c.firmware is distinct from excluded.firmware`;

/**
 * What devices say of their firmware, in the JSON of their status: `{"firmware": "1.4.2"}`. Written every
 * few seconds, and only what is new; if it is lost, the device says it again when it connects.
 */
export class FirmwareNotes {
  readonly #pool: Pool;
  readonly #directory: Pick<Directory, 'device'>;
  readonly #log: Log;
  readonly #known = new Map<number, string>();
  readonly #fresh = new Map<number, string>();
  readonly #timer: NodeJS.Timeout;

  constructor({ pool, directory, log }: { pool: Pool; directory: Pick<Directory, 'device'>; log: Log }) {
    this.#pool = pool;
    this.#directory = directory;
    this.#log = log;
    this.#timer = setInterval(() => void this.#write(), WRITE_EVERY_MS);
    this.#timer.unref();
  }

  note(fleet: string, device: string, payload: Uint8Array | string): void {
    const deviceId = this.#directory.device(fleet, device)?.deviceId;
    const firmware = firmwareIn(String(payload));
    if (deviceId === undefined || firmware === undefined || this.#known.get(deviceId) === firmware) return;
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(deviceId, firmware);
    this.#fresh.set(deviceId, firmware);
  }

  async #write(): Promise<void> {
    if (this.#fresh.size === 0) return;
    const notes = [...this.#fresh];
    this.#fresh.clear();
    try {
      await this.#pool.query(write, [notes.map(([id]) => id), notes.map(([, firmware]) => firmware)]);
    } catch (error) {
      for (const [id] of notes) this.#known.delete(id);
      this.#log.warn({ reason: asError(error).message }, 'cannot note firmware');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#write();
  }
}

/** The firmware that a status names; undefined where it names none. */
export function firmwareIn(status: string): string | undefined {
  if (!status.startsWith('{') || !status.includes('"firmware"')) return undefined;
  try {
    const { firmware } = JSON.parse(status) as { readonly firmware?: unknown };
    const text = typeof firmware === 'string' || typeof firmware === 'number' ? String(firmware).trim() : '';
    const isPlain = text !== '' && text.length <= TEXT_MAX && /^[\x20-\x7e]+$/.test(text);
    return isPlain ? text : undefined;
  } catch {
    return undefined;
  }
}
