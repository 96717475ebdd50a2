/** Whose personal data is to go: all of a vehicle, or what its vehicles said while a driver drove them. */
export type Subject =
  | { readonly kind: 'vehicle'; readonly name: string }
  | { readonly kind: 'driver'; readonly code: string };

/** Rows by table that were removed, or would be; `history`: null where there is none, or nothing was changed. */
export type Erased = { readonly rows: Readonly<Record<string, number>>; readonly history: number | null };

/**
 * Removes personal data for good, as the web process is handed it: its own role may delete nothing.
 * Throws a Fault when there is no such vehicle or driver in the fleet.
 */
export type Eraser = (asked: {
  readonly fleetId: number;
  readonly subject: Subject;
  readonly actor: string;
  /** Counts, and changes nothing. */
  readonly isDry: boolean;
}) => Promise<Erased>;
