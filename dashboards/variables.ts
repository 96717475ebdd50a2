/** A variable of a dashboard, as its JSON says it. */
export type Variable = {
  readonly name: string;
  readonly type: string;
  readonly query?: unknown;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly current?: { readonly value?: unknown };
};

export const variableTypes = ['custom', 'textbox', 'constant', 'interval'] as const;

const longestText = 200;
const mostValues = 100;

/** The values to use: those asked for, if the variable allows them; else a sentence why not. */
export function variableValues(
  variables: readonly Variable[],
  asked: Readonly<Record<string, string | readonly string[]>>,
): { readonly values: ReadonlyMap<string, readonly string[]> } | { readonly problem: string } {
  const values = new Map<string, readonly string[]>();
  for (const variable of variables) {
    const wish = variable.type === 'constant' ? undefined : asked[variable.name];
    const wanted = wish === undefined ? [...defaults(variable)] : [wish].flat();
    const problem = wish === undefined ? undefined : refusal(variable, wanted);
    if (problem !== undefined) return { problem };
    const isAll = variable.includeAll === true && wanted.includes('$__all');
    values.set(variable.name, isAll ? optionsOf(variable) : wanted);
  }
  return { values };
}

function refusal(variable: Variable, wanted: readonly string[]): string | undefined {
  const { name, type, multi, includeAll } = variable;
  if (wanted.length > mostValues || (wanted.length !== 1 && !multi)) return `${name} takes one value`;
  if (type === 'textbox') {
    return wanted.some((value) => value.length > longestText) ? `${name} is too long` : undefined;
  }
  const options = optionsOf(variable);
  const strange = wanted.find((value) => !options.includes(value) && !(includeAll && value === '$__all'));
  return strange === undefined ? undefined : `${name} cannot be ${JSON.stringify(strange.slice(0, 50))}`;
}

/** "a, b" or "shown : value, …" */
function optionsOf({ query }: Variable): string[] {
  if (typeof query !== 'string') return [];
  return query
    .split(',')
    .map((part) => part.slice(part.lastIndexOf(' : ') < 0 ? 0 : part.lastIndexOf(' : ') + 3).trim());
}

function defaults(variable: Variable): readonly string[] {
  const value = variable.type === 'constant' ? variable.query : variable.current?.value;
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.filter((one) => typeof one === 'string');
  return variable.type === 'textbox' ? [''] : optionsOf(variable).slice(0, 1);
}
