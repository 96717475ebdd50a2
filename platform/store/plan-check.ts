import type { PlanDocument } from '../../schemas/plan.ts';
import type { Position } from '../../schemas/position.ts';
import { topicName } from '../../schemas/topics.ts';
import { coordinateProblem, fenceProblem } from './fence-check.ts';

type Report = (problem: string) => void;

/** What is wrong with a plan, each with the place; empty when it can be written. */
export function planProblems(plan: PlanDocument, limit = 20): string[] {
  const problems: string[] = [];
  const report: Report = (problem) => {
    if (problems.length < limit) problems.push(problem);
  };
  if (!topicName.test(plan.fleet)) report(`fleet “${plan.fleet}”: use letters, digits and . _ : @ -`);
  if (!isTimeZone(plan.timeZone)) report(`time zone “${plan.timeZone}” is not one; write e.g. Europe/Berlin`);

  checkNames(
    'depot',
    plan.depots.map(({ name }) => name),
    report,
  );
  checkNames(
    'driver',
    plan.drivers.map(({ code }) => code),
    report,
  );
  checkNames(
    'vehicle',
    plan.vehicles.map(({ name }) => name),
    report,
  );
  checkNames(
    'device',
    plan.vehicles.map(({ device }) => device),
    report,
  );
  checkNames(
    'fence',
    plan.fences.map(({ set, name }) => `${set}/${name}`),
    report,
  );
  checkNames(
    'route',
    plan.routes.map(({ serviceDate, code }) => `${serviceDate}/${code}`),
    report,
  );

  for (const { device } of plan.vehicles) {
    if (!topicName.test(device)) report(`device “${device}”: use letters, digits and . _ : @ -`);
  }
  for (const { name, position, radius } of plan.depots) {
    checkPosition(`depot “${name}”`, position, report);
    if (!(radius > 0)) report(`depot “${name}”: radius ${radius} is not a distance in metres`);
  }
  for (const { set, name, shape } of plan.fences) {
    const problem = fenceProblem(shape);
    if (problem !== undefined) report(`fence “${name}” of set “${set}”: ${problem}`);
  }
  checkRoutes(plan, report);
  return problems;
}

function checkRoutes(plan: PlanDocument, report: Report): void {
  const depots = new Set(plan.depots.map(({ name }) => name));
  const vehicles = new Set(plan.vehicles.map(({ name }) => name));
  const drivers = new Set(plan.drivers.map(({ code }) => code));
  for (const route of plan.routes) {
    const name = `route “${route.code}” of ${route.serviceDate}`;
    if (!isDate(route.serviceDate)) report(`${name}: the date is not YYYY-MM-DD`);
    if (!depots.has(route.depot)) report(`${name}: depot “${route.depot}” is not in the plan`);
    if (!vehicles.has(route.vehicle)) report(`${name}: vehicle “${route.vehicle}” is not in the plan`);
    if (route.driver !== undefined && !drivers.has(route.driver)) {
      report(`${name}: driver “${route.driver}” is not in the plan`);
    }
    if (!(route.plannedReturn >= route.plannedDeparture)) report(`${name}: it returns before it departs`);
    const codes = new Set<string>();
    for (const stop of route.stops) {
      const place = `${name}, stop “${stop.code}”`;
      if (stop.code === '' || stop.code.length > 128) report(`${place}: a code has 1 to 128 characters`);
      if (codes.has(stop.code)) report(`${place}: the code stands twice in the route`);
      codes.add(stop.code);
      checkPosition(place, stop.position, report);
      if (!Number.isFinite(stop.plannedArrival)) report(`${place}: plannedArrival is not an instant`);
      if (!(stop.service >= 0)) report(`${place}: service ${stop.service} is not a time in seconds`);
      if (!(Number.isInteger(stop.packages) && stop.packages >= 0))
        report(`${place}: packages is not a count`);
      if ((stop.windowFrom ?? -Infinity) > (stop.windowUntil ?? Infinity)) {
        report(`${place}: its window ends before it begins`);
      }
    }
  }
}

function checkNames(what: string, names: readonly string[], report: Report): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (name === '' || name.length > 256)
      report(`${what} “${name.slice(0, 40)}”: a name has 1 to 256 characters`);
    if (seen.has(name)) report(`${what} “${name}” stands twice in the plan`);
    seen.add(name);
  }
}

function checkPosition(place: string, { lng, lat }: Position, report: Report): void {
  const problem = coordinateProblem([lng, lat]);
  if (problem !== undefined) report(`${place}: ${problem}`);
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
}
