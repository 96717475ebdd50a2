import type { FormatSettings } from './formats/mapping-schema.ts';

/** Paceline's own broker, in the ingest process. */
export type EmbeddedBroker = { readonly kind: 'embedded'; readonly host: string; readonly port: number };

/** Any MQTT 3.1.1 or 5 broker. It has authenticated the publishers itself. */
export type OutsideBroker = {
  readonly kind: 'outside';
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Tried first; a broker that refuses 5 is asked again with 4 (3.1.1). Default 5. */
  readonly protocolVersion?: 4 | 5 | undefined;
  /** Whether a device first heard through it becomes known. Default true. */
  readonly mayRegister?: boolean | undefined;
};

/** A server of ours for devices that do not speak MQTT. */
export type DeviceListener = {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Whether we go on without it when the port is taken: nobody asked for it by name. */
  readonly isOptional?: boolean | undefined;
};

/** What our servers show who connects by TLS; PEM. */
export type Certificates = {
  readonly cert: string;
  readonly key: string;
  /** Signs the certificates by which devices may log in; undefined: none are asked for. */
  readonly ca?: string | undefined;
};

export type IngestConfig = {
  readonly databaseUrl: string;
  /** Name of this writer: its batches are numbered without gaps. One process at a time. */
  readonly source: string;
  readonly broker: EmbeddedBroker | OutsideBroker;
  /** What engine and web log in to the embedded broker with. */
  readonly serviceCredential: { readonly username: string; readonly password: string };
  /** Teltonika over TCP; undefined: not served. An IMEI that no fleet knows is listed in `fleet`. */
  readonly teltonika?: (DeviceListener & { readonly fleet?: string | undefined }) | undefined;
  /** Fixes over HTTP; undefined: not served. */
  readonly http?: DeviceListener | undefined;
  /** HTTP becomes https, and our broker listens for MQTT over TLS besides; undefined: no TLS. */
  readonly tls?:
    | (Certificates & { readonly mqtt: { readonly host: string; readonly port: number } })
    | undefined;
  readonly limits?: Partial<IngestLimits> | undefined;
  /** Topics, profiles and mappings of foreign formats, checked by `settingsOf`. */
  readonly formats?: FormatSettings | undefined;
};

/** Every bound of this process. */
export type IngestLimits = {
  /** A larger message ends its connection (embedded broker) or is rejected (outside broker). */
  readonly messageBytes: number;
  readonly fixesPerMessage: number;
  readonly connections: number;
  /** Received and not yet committed; beyond it publishers wait, beyond twice it they are cut off. */
  readonly pendingBytes: number;
  readonly pendingMessages: number;
  /** Most of one commit. */
  readonly batchFixes: number;
  readonly batchBytes: number;
  /** How long the first message of a batch waits for company. */
  readonly gatherMs: number;
  /**
   * How long it waits while `busyMessages` more come in each half of `gatherMs`: a commit costs as much
   * as hundreds of fixes, whatever it holds.
   */
  readonly busyGatherMs: number;
  readonly busyMessages: number;
  /** Fixes less accurate than this are flagged, metres. */
  readonly accuracyMax: number;
  /** Fixes before this instant are flagged: a receiver that lost its date. */
  readonly clockFloor: number;
  /** Fixes further ahead of the time of receipt than this are flagged, seconds. */
  readonly clockAheadMax: number;
  /** What is kept of a rejected payload. */
  readonly rejectionBytes: number;
  readonly rejectionDays: number;
  /** How long the log is kept after its last reader is past it. */
  readonly logHours: number;
  /** How long to wait for another writer of the same source to go. */
  readonly lockWaitMs: number;
  /** How often the directory is read again when nobody said that it changed. */
  readonly directoryMs: number;
  /** How long a stop waits for the batch in hand. */
  readonly closeMs: number;
};

export const ingestLimits: IngestLimits = {
  messageBytes: 256 * 1024,
  fixesPerMessage: 1_000,
  connections: 20_000,
  pendingBytes: 64 * 1024 * 1024,
  pendingMessages: 100_000,
  batchFixes: 5_000,
  batchBytes: 4 * 1024 * 1024,
  gatherMs: 10,
  busyGatherMs: 60,
  busyMessages: 15,
  accuracyMax: 200,
  clockFloor: Date.UTC(2015, 0, 1) / 1000,
  clockAheadMax: 60,
  rejectionBytes: 4_096,
  rejectionDays: 7,
  logHours: 24,
  lockWaitMs: 30_000,
  directoryMs: 60_000,
  closeMs: 5_000,
};

/**
 * Node's flags for a process that runs ingest: what is received lives until its commit, so a larger
 * young generation saves copying it (a third of the time spent on garbage, measured by the bench).
 */
export const ingestNodeFlags = ['--max-semi-space-size=64'];
