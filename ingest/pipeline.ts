import { type Metrics, noMetrics } from '../schemas/metrics.ts';
import type { Log } from '../schemas/program.ts';
import type { Directory } from './access/directory.ts';
import { Newcomers } from './access/newcomers.ts';
import { type Batch, Gathering } from './batch.ts';
import { deliver, type Sender } from './broker/deliver.ts';
import type { Delivery, Message } from './broker/delivery.ts';
import { partsOf } from './broker/gateway-message.ts';
import type { IngestLimits } from './config.ts';
import { type AskRebirth, Assemblies } from './formats/assemblies.ts';
import type { FormatRegistry } from './formats/registry.ts';
import { commit } from './store/commit.ts';
import type { Store } from './store/store.ts';

export type PipelineOptions = {
  readonly directory: Directory;
  readonly store: Store;
  readonly formats: FormatRegistry;
  readonly limits: IngestLimits;
  readonly log: Log;
  readonly metrics?: Metrics | undefined;
  /** Asks an edge node of Sparkplug for its birth. */
  readonly askRebirth?: AskRebirth | undefined;
  /** Stops it: what was received is still stored. */
  readonly signal: AbortSignal;
  /** Gives up on what is not stored yet. */
  readonly giveUp: AbortSignal;
};

const IDLE_MS = 1_000;

/** From a message to its acknowledgement: decode → gather → commit → acknowledge. */
export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #gathering: Gathering;
  readonly #newcomers: Newcomers;
  readonly #assemblies: Assemblies;
  #messages = 0;
  #bytes = 0;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#assemblies = new Assemblies(options.askRebirth);
    this.#gathering = new Gathering(options.limits);
    this.#newcomers = new Newcomers({
      ...options,
      onward: (message) => this.#gather(message, this.#senderOf(message)),
    });
  }

  /** How full the pipeline is: 1 is where publishers should wait, 2 where they must. */
  get fullness(): number {
    const { pendingBytes, pendingMessages } = this.#options.limits;
    return Math.max(this.#bytes / pendingBytes, this.#messages / pendingMessages);
  }

  /** Takes a message; its `acknowledge` is called after the commit that holds it. */
  receive(message: Message): void {
    if (message.isGathered === true) {
      const parts = partsOf(message, this.#options.limits);
      for (const part of parts) this.receive(part);
      return;
    }
    this.#messages++;
    this.#bytes += message.part?.bytes ?? message.payload.length;
    const { address } = message;
    const sender = this.#senderOf(message);
    if (address !== undefined && sender.device === undefined) this.#newcomers.push({ ...message, address });
    else this.#gather(message, sender);
  }

  /** Takes what was decoded on the way, all of one read of a connection. */
  take(delivery: Delivery): void {
    this.#messages += delivery.messages ?? 1;
    this.#bytes += delivery.bytes;
    this.#gathering.push(delivery);
  }

  /** Stores batch after batch until stopped and empty. */
  async run(): Promise<void> {
    const { store, log, signal, giveUp } = this.#options;
    const write = store.write.bind(store);
    for (;;) {
      // When it is quiet, what waits to be counted is counted by a batch of nothing.
      const batch = await this.#gathering.next(signal, store.isCounting ? IDLE_MS : undefined);
      if (batch === undefined) return;
      const begun = performance.now();
      await commit(batch, { write, log, signal: giveUp });
      this.#tell(batch, (performance.now() - begun) / 1000);
      for (const { acknowledge, bytes, messages = 1 } of batch.deliveries) {
        this.#messages -= messages;
        this.#bytes -= bytes;
        acknowledge();
      }
    }
  }

  #tell({ deliveries }: Batch, seconds: number): void {
    const { metrics = noMetrics } = this.#options;
    let messages = 0;
    for (const delivery of deliveries) messages += delivery.messages ?? 1;
    metrics.set('paceline_ingest_waiting_messages', this.#messages - messages);
    metrics.set('paceline_ingest_fullness', this.fullness);
    if (deliveries.length === 0) return;
    let fixes = 0;
    for (const delivery of deliveries) {
      fixes += delivery.fixes.length;
      for (const { reason } of delivery.rejections)
        metrics.count('paceline_ingest_rejections_total', 1, reason);
    }
    metrics.count('paceline_ingest_messages_total', messages);
    metrics.count('paceline_ingest_fixes_total', fixes);
    metrics.observe('paceline_ingest_batch_fixes', fixes);
    metrics.observe('paceline_ingest_commit_seconds', seconds);
  }

  #gather(message: Message, sender: Sender): void {
    const { limits, formats } = this.#options;
    const delivery = deliver(message, sender, { limits, formats, assemblies: this.#assemblies });
    message.judged?.(delivery);
    this.#gathering.push(delivery);
  }

  #senderOf({ address, fleet }: Message): Sender {
    const { directory } = this.#options;
    if (address === undefined) {
      return { fleetId: fleet === undefined ? undefined : directory.fleetId(fleet), device: undefined };
    }
    const device = directory.device(address.fleet, address.device);
    return { fleetId: device?.fleetId ?? directory.fleetId(address.fleet), device };
  }
}
