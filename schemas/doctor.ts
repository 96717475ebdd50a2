/**
 * The doctor as the web process is handed it: what a payload is, and why it would be refused. The room
 * that knows formats is ingest; pages may not import it.
 */
export type Doctor = {
  /** The formats and mappings of this installation. */
  readonly formats: readonly KnownFormat[];
  readonly examine: (specimen: DoctorSpecimen) => Diagnosis;
  /**
   * Hands over every message of a filter until the signal aborts. Resolves then, or with a sentence that
   * says why there is nothing to hear.
   */
  readonly listen: (
    filter: string,
    hear: (topic: string, payload: Uint8Array) => void,
    signal: AbortSignal,
  ) => Promise<string | undefined>;
};

export type KnownFormat = {
  readonly name: string;
  readonly title: string;
  readonly units: string;
  readonly topics: readonly string[];
};

export type DoctorSpecimen = {
  readonly payload: Uint8Array;
  /** Undefined: the payload has to tell by itself. */
  readonly topic: string | undefined;
  /** The profile of the device that the topic names, where the tables hold one. */
  readonly profile?: string | undefined;
  /** Instant of receipt. */
  readonly received: number;
};

export type Diagnosis = {
  /** Undefined when it is none that is known. */
  readonly format: string | undefined;
  readonly title: string;
  readonly units: string;
  /** What told the format. */
  readonly by: 'topic' | 'profile' | 'payload' | 'nothing';
  readonly device: string | undefined;
  /** The fixes that would be stored: internal names and units, flags by name. */
  readonly fixes: readonly Readonly<Record<string, unknown>>[];
  readonly rejections: readonly { readonly reason: string; readonly detail: string }[];
  readonly notes: readonly string[];
  readonly remedies: readonly string[];
  /** Lines for the file of PACELINE_FORMATS that would make it work. */
  readonly settings: unknown;
};
