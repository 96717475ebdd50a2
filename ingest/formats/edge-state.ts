/** What is remembered of an edge node: who its aliases are, what its metrics said last, how far it has counted. */
export type EdgeState = {
  readonly seq: number | undefined;
  /** Names of aliases, by device (the node itself under its own name). */
  readonly aliases: ReadonlyMap<string, ReadonlyMap<number, string>>;
  readonly known: ReadonlyMap<string, Readonly<Record<string, number | string | boolean>>>;
};

export const newEdge: EdgeState = { seq: undefined, aliases: new Map(), known: new Map() };
