/**
 * Where the page is: everything a colleague needs to see the same is in the address. Dashboards use
 * Grafana's parameter names (from, to, refresh, var-…), so links carry over.
 */
export type Place = {
  readonly path: string;
  readonly parameters: Readonly<Record<string, string>>;
};

export function parsePlace(path: string, query: string): Place {
  const parameters: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) parameters[name] = value;
  const trimmed = path.replace(/\/+$/, '');
  return { path: trimmed === '' ? '/' : trimmed, parameters };
}

export function formatPlace({ path, parameters }: Place): string {
  const query = new URLSearchParams();
  for (const name of Object.keys(parameters).sort()) {
    const value = parameters[name]!;
    if (value !== '') query.set(name, value);
  }
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** The same place with some parameters changed; undefined removes one. */
export function withParameters(place: Place, changes: Readonly<Record<string, string | undefined>>): Place {
  const parameters: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...place.parameters, ...changes })) {
    if (value !== undefined && value !== '') parameters[name] = value;
  }
  return { path: place.path, parameters };
}
