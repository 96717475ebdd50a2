import { Value } from 'typebox/value';
import { builtIn } from './built-in.ts';
import { ruleOf, rules, unitsOf } from './mapping.ts';
import { FormatSettings, type MappedField, type Mapping } from './mapping-schema.ts';
import { templateOf } from './template.ts';

const PROBLEMS_MAX = 20;

/** The settings of a file, or everything that is wrong with it, each with its place and a remedy. */
export function settingsOf(json: unknown): FormatSettings | { readonly problems: readonly string[] } {
  if (!Value.Check(FormatSettings, json)) {
    const problems = Value.Errors(FormatSettings, json).map(
      ({ instancePath, message }) => `${instancePath.slice(1) || 'the file'}: ${message}`,
    );
    return { problems: [...new Set(problems)].slice(0, PROBLEMS_MAX) };
  }
  const problems = problemsOf(json);
  return problems.length > 0 ? { problems: problems.slice(0, PROBLEMS_MAX) } : json;
}

function problemsOf(settings: FormatSettings): string[] {
  const mappings = settings.mappings ?? [];
  const known = [...builtIn, ...mappings].map(({ name }) => name);
  const problems: string[] = [];
  for (const [name, templates] of Object.entries(settings.topics ?? {})) {
    if (!known.includes(name)) problems.push(`topics/${name}: no such format; known are ${known.join(', ')}`);
    problems.push(...templateProblems(`topics/${name}`, templates));
  }
  for (const [device, name] of Object.entries(settings.profiles ?? {})) {
    if (!/^[^/]+\/[^/]+$/.test(device)) problems.push(`profiles/${device}: name a device as fleet/device`);
    if (!known.includes(name))
      problems.push(`profiles/${device}: no format is called “${name}”; known are ${known.join(', ')}`);
  }
  const seen = new Set(builtIn.map(({ name }) => name));
  for (const [i, mapping] of mappings.entries()) {
    problems.push(...mappingProblems(mapping, `mappings/${i}`, seen));
  }
  return problems;
}

function mappingProblems(mapping: Mapping, place: string, seen: Set<string>): string[] {
  const problems: string[] = [];
  if (seen.has(mapping.name)) problems.push(`${place}/name: “${mapping.name}” is taken by another format`);
  seen.add(mapping.name);
  for (const name of ['ts', 'lat', 'lng']) {
    if (mapping.fields[name] === undefined)
      problems.push(`${place}/fields/${name}: missing; say where it stands, as {"path": "…"}`);
  }
  for (const [name, field] of Object.entries(mapping.fields)) {
    problems.push(...fieldProblems(name, field).map((problem) => `${place}/fields/${name}${problem}`));
  }
  return [...problems, ...templateProblems(`${place}/topics`, mapping.topics ?? [])];
}

function fieldProblems(name: string, field: MappedField): string[] {
  const rule = ruleOf(name);
  if (rule === undefined) return [`: no field of a fix; known are ${Object.keys(rules).join(', ')}`];
  const problems: string[] = [];
  if ((field.path === undefined) === (field.constant === undefined))
    problems.push(': needs either a path or a constant');
  const units = unitsOf(rule);
  if (field.unit !== undefined && !units.includes(field.unit)) {
    problems.push(
      units.length > 0
        ? `/unit: must be one of ${units.join(', ')}, not “${field.unit}”`
        : '/unit: this field has none',
    );
  }
  if (field.unit === undefined && rule.kind === 'number' && rule.isRequired)
    problems.push(`/unit: missing; say one of ${units.join(', ')}`);
  if (field.truths !== undefined && rule.kind !== 'truth')
    problems.push('/truths: this field is not true or false');
  return problems;
}

function templateProblems(place: string, templates: readonly string[]): string[] {
  return templates.flatMap((text) => {
    const template = templateOf(text);
    return 'problem' in template ? [`${place}: “${text}” ${template.problem}`] : [];
  });
}
