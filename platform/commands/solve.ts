import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { check } from '../../engine/route/solver/check.ts';
import { type Instance, UnreadableInstance } from '../../engine/route/solver/formats/instance.ts';
import { readInstance } from '../../engine/route/solver/formats/read.ts';
import type { VroomInstance } from '../../engine/route/solver/formats/vroom-read.ts';
import { vroomSolution } from '../../engine/route/solver/formats/vroom-write.ts';
import type { Plan } from '../../engine/route/solver/plan.ts';
import { complaints } from '../../engine/route/solver/validate.ts';
import { asError, Fault } from '../../schemas/fault.ts';
import { type Command, type CommandIo, parseCommandLine, parseDuration } from '../command.ts';
import { solveOnThreads } from '../solve-threads.ts';

export const command: Command = {
  summary: 'plans the routes of a problem file',
  usage: `Usage: paceline solve FILE [--seconds T] [--threads N] [--seed S] [--json | --vroom]

Reads Solomon, Gehring & Homberger, Li & Lim, VRPLIB (.vrp) or VROOM JSON, searches for the cheapest routes
until the time is up (or Ctrl-C), and lets an independent checker judge the plan. Costs are in the file's own
convention; for Solomon and Homberger distances are cut to one decimal (DIMACS).
  --seconds T      time to search, such as 10 or 500ms (10)
  --iterations N   search so many iterations instead: the same plan from the same seed
  --threads N      threads, each with a seed of its own; the best plan wins (1)
  --seed S         any text (1)
  --json           one line: {instance, cost, routes, vehicles, feasible, violations, seconds, threads, seed};
                   each route is the ids of its stops in order
  --vroom          the plan as VROOM would answer (for VROOM JSON)
Exit code 0, or 1 when the plan breaks a rule or leaves out what must be served.`,
  run,
};

async function run(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseCommandLine(
    args,
    {
      seconds: { type: 'string', default: '10' },
      iterations: { type: 'string' },
      threads: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean' },
      vroom: { type: 'boolean' },
    },
    true,
  );
  const [file] = positionals;
  if (file === undefined || positionals.length > 1)
    throw new Fault('config/invalid', 'name one problem file');
  const seconds = parseDuration(String(values.seconds), '--seconds');
  const threads = wholeNumber(String(values.threads), '--threads');
  const iterations =
    values.iterations === undefined ? undefined : wholeNumber(String(values.iterations), '--iterations');
  const seed = String(values.seed);
  const instance = await readProblem(file);
  if (values.vroom && !isVroom(instance)) throw new Fault('config/invalid', '--vroom needs a VROOM problem');
  for (const assumption of instance.assumptions) io.stderr(`assumed: ${assumption}`);

  const { problem, costScale } = instance;
  const { solved, seconds: spent } = await solveOnThreads({
    problem,
    from: isVroom(instance) ? instance.steps : undefined,
    seed,
    seconds,
    iterations,
    threads,
    signal: io.signal,
    onBetter: (cost, count) => io.stderr(`${cost / costScale} after ${count} iterations`),
  });
  const { plan } = solved;
  const verdict = check(problem, plan);
  const result = {
    instance: problem.name || basename(file),
    cost: verdict.cost / costScale,
    routes: plan.routes.map(({ steps }) => steps.flatMap(({ id }) => (id === undefined ? [] : [id]))),
    vehicles: plan.routes.length,
    feasible: verdict.feasible,
    violations: verdict.violations,
    unserved: plan.unserved,
    seconds: Number(spent.toFixed(3)),
    threads,
    seed,
    iterations: solved.iterations,
  };
  if (isVroom(instance) && values.vroom) io.stdout(JSON.stringify(vroomSolution(instance, plan)));
  else if (values.json) io.stdout(JSON.stringify(result));
  else io.stdout(summary(result, plan));
  return verdict.feasible ? 0 : 1;
}

function isVroom(instance: Instance): instance is VroomInstance {
  return instance.format === 'vroom';
}

async function readProblem(file: string): Promise<Instance> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (thrown) {
    throw new Fault('input/invalid', `cannot read ${file}: ${asError(thrown).message}`, { cause: thrown });
  }
  try {
    const instance = readInstance(text, basename(file).replace(/\.\w+$/, ''));
    const wrong = complaints(instance.problem);
    if (wrong.length > 0) throw new UnreadableInstance(wrong.join('; '));
    return instance;
  } catch (thrown) {
    if (!(thrown instanceof UnreadableInstance)) throw thrown;
    throw new Fault('input/invalid', `${file}: ${thrown.message}`, { cause: thrown });
  }
}

function wholeNumber(text: string, flag: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Fault('config/invalid', `${flag} must be a whole number of at least 1, not “${text}”`);
}

function summary(
  {
    instance,
    cost,
    vehicles,
    feasible,
    violations,
  }: Record<string, unknown> & { violations: readonly string[] },
  plan: Plan,
): string {
  const lines = [
    `${instance}: cost ${cost} with ${vehicles} vehicles, ${feasible ? 'feasible' : 'not feasible'}`,
  ];
  for (const { vehicle, steps } of plan.routes) {
    lines.push(`  ${vehicle}: ${steps.map(({ kind, id }) => id ?? kind).join(' ')}`);
  }
  for (const { id, reason } of plan.unserved) lines.push(`  not served: ${id}: ${reason}`);
  for (const violation of violations) lines.push(`  violation: ${violation}`);
  return lines.join('\n');
}
