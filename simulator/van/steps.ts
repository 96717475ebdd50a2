import { pointOn } from '../city/graph.ts';
import type { Place } from '../city/paths.ts';
import {
  answerHandover,
  breakDown,
  chanceOf,
  driveTo,
  rest,
  serve,
  serveAdded,
  takeLunch,
  targetOf,
} from './acts.ts';
import { type Driving, endsNow, hear, read } from './driving.ts';
import { stepStranded, strand } from './stranded.ts';
import type { HandoverTask, Task } from './tasks.ts';
import { creep } from './track.ts';

/** From being called out again to driving off, seconds. */
const CALLED_OUT = 120;

/** One step, if one begins before `at`. */
export function step(van: Driving, at: number): boolean {
  const heardAt = van.routes[0]?.at ?? Number.POSITIVE_INFINITY;
  if (van.phase === 'waiting') return stepWaiting(van, at, heardAt);
  if (van.phase === 'stranded') return stepStranded(van, at);
  if (van.phase === 'home') {
    const { returnedAt } = van.doing.outings.at(-1)!;
    for (; (van.messages[0]?.at ?? at) < at; van.messages.shift())
      read(van, van.messages[0]!.id, Math.max(returnedAt, van.messages[0]!.at));
    if (heardAt >= at) return false;
    turnBack(van, heardAt);
    return true;
  }
  if (van.decidesAt >= at) return false;
  hear(van, van.decidesAt);
  if (van.phase === 'yard') leave(van);
  else goOn(van);
  return true;
}

const depotOf = ({ doing: { input, route } }: Driving) => input.plan.depots[route.depotIndex]!;

function gatePoint({ doing }: Driving, { edge, offset }: Place) {
  const { lng, lat } = pointOn(doing.input.city.graph, edge, offset);
  return { lng, lat };
}

function leave(van: Driving): void {
  const { doing } = van;
  const { track, outings } = doing;
  const { gate } = depotOf(van);
  track.wait(van.decidesAt - track.now());
  outings.push({ leftAt: track.now(), returnedAt: Number.POSITIVE_INFINITY });
  const out = creep(van.slot, gatePoint(van, gate));
  track.move(out.motion, out.line);
  doing.here = gate;
  endsNow(van);
}

function goOn(van: Driving): void {
  const { doing } = van;
  const task = nextOf(van);
  if (task === undefined) {
    goHome(van);
    return;
  }
  const isStop = task.kind === 'stop';
  const [what, target] = isStop ? [task.key, targetOf(doing, task)] : [task.code, task.place];
  if (takeLunch(doing, target, what)) {
    endsNow(van, task);
    return;
  }
  const broken = breakDown(doing, target, what);
  if (broken !== undefined) {
    endsNow(van, task);
    strand(van, broken);
    return;
  }
  van.tasks = van.tasks.filter((other) => other !== task);
  van.over.add(task.code);
  if (!isStop) {
    driveToMeeting(van, task);
    return;
  }
  driveTo(doing, target, what, true);
  serve(doing, task);
  van.aboard.delete(task.key);
  serveAdded(doing);
  endsNow(van, task);
}

/** The next task; now and then the neighbour behind it is taken first. */
function nextOf(van: Driving): Task | undefined {
  while (van.tasks.length > 0 && !isAboard(van, van.tasks[0]!)) skip(van);
  const [first, second] = van.tasks;
  if (first?.kind !== 'stop' || second?.kind !== 'stop' || !isAboard(van, second)) return first;
  if (first === van.passedOver || second === van.passedOver) return first;
  const { swap } = van.doing.input.scenario.driver;
  if (!chanceOf(van.doing, `order ${first.key}`).chance(swap)) return first;
  van.passedOver = first;
  van.tasks.splice(0, 2, second, first);
  return second;
}

/** Whether there is anything to hand in; what no plan knows is fetched, not brought. */
const isAboard = ({ aboard, company }: Driving, task: Task): boolean =>
  task.kind === 'handover' || aboard.has(task.key) || company?.book.planned(task.key) === undefined;

function skip(van: Driving): void {
  const { code } = van.tasks.shift()!;
  van.over.add(code);
  van.doing.skipped.push({ stop: code, at: van.doing.track.now() });
}

function driveToMeeting(van: Driving, task: HandoverTask): void {
  const { doing, company, decidesAt } = van;
  const { vehicle } = doing.route;
  van.current = task;
  driveTo(doing, task.place, task.code, false);
  const arrivesAt = doing.track.now();
  van.phase = 'waiting';
  if (company === undefined || arrivesAt > task.until) {
    driveOn(van, task, arrivesAt, 'came after the time agreed');
    return;
  }
  company.meetings.advanceOther(task.with, decidesAt);
  const meet = (from: number, until: number): void => handOver(van, task, from, until);
  company.meetings.announce({ vehicle, task, arrivesAt, meet });
}

/** Drives on at an instant without having met. */
function driveOn(van: Driving, task: HandoverTask, at: number, reason: string): void {
  const { doing, company } = van;
  company?.meetings.withdraw(task.code, doing.route.vehicle);
  rest(doing, at - doing.track.now());
  answerHandover(doing, task.code, 'failed', { at: doing.track.now(), reason });
  endsNow(van, task);
}

function handOver(van: Driving, task: HandoverTask, from: number, until: number): void {
  const { doing, aboard, company } = van;
  const { vehicle } = doing.route;
  rest(doing, from - doing.track.now());
  rest(doing, until - doing.track.now());
  doing.doorOpen.push({ from: from + 5, until: until - 5 });
  if (task.role === 'take') {
    const wanted = van.tasks.filter((one) => one.kind === 'stop' && task.stops.includes(one.code));
    const keys = wanted.flatMap((one) => (one.kind === 'stop' ? [one.key] : []));
    const given = new Set(company?.meetings.parcelsOf(task.with, keys) ?? []);
    for (const key of given) aboard.add(key);
    const stops = wanted.flatMap((one) => (one.kind === 'stop' && given.has(one.key) ? [one.code] : []));
    doing.handovers.push({ handover: task.code, giver: task.with, taker: vehicle, from, until, stops });
  }
  answerHandover(doing, task.code, 'done', { at: doing.track.now() });
  endsNow(van, task);
}

function stepWaiting(van: Driving, at: number, heardAt: number): boolean {
  const task = van.current as HandoverTask;
  const until = Math.min(at, heardAt, task.until);
  van.company?.meetings.advanceOther(task.with, until);
  if (van.phase !== 'waiting') return true;
  if (heardAt < at && heardAt <= task.until) {
    const { items } = van.routes[0]!.message;
    hear(van, heardAt);
    if (!items.some(({ code }) => code === task.code)) driveOn(van, task, heardAt, 'called off');
    return true;
  }
  if (task.until >= at) return false;
  driveOn(van, task, task.until, `${task.with} did not come`);
  return true;
}

function goHome(van: Driving): void {
  const { doing } = van;
  const { track, outings, engineOff } = doing;
  const { gate } = depotOf(van);
  const driven = track.driven();
  van.homeward = { driven, leg: driveTo(doing, gate, `home ${outings.length}`, false) };
  const back = creep(gatePoint(van, gate), van.slot);
  track.move(back.motion, back.line);
  const returnedAt = track.now();
  outings.push({ ...outings.pop()!, returnedAt });
  engineOff.push({ from: returnedAt + 45, until: Number.POSITIVE_INFINITY });
  van.phase = 'home';
  van.current = undefined;
  van.decidesAt = Number.POSITIVE_INFINITY;
}

/** Called on the way home or in the yard: turns round where it next stands, or leaves once more. */
function turnBack(van: Driving, at: number): void {
  const { doing } = van;
  const { track, outings, engineOff } = doing;
  hear(van, at);
  if (nextOf(van) === undefined) return;
  const { leftAt, returnedAt } = outings.at(-1)!;
  const stood = at < returnedAt ? track.cut(at) : undefined;
  const { driven, leg } = van.homeward!;
  engineOff.pop();
  if (stood !== undefined && stood.driven < driven + leg.metres) {
    outings[outings.length - 1] = { leftAt, returnedAt: Number.POSITIVE_INFINITY };
    doing.here = leg.placeAt(stood.driven - driven);
    const standsAt = track.now();
    while ((doing.deeds.at(-1)?.until ?? standsAt) > standsAt) doing.deeds.pop();
    endsNow(van);
    return;
  }
  const leaves = Math.max(at, returnedAt) + CALLED_OUT;
  engineOff.push({ from: returnedAt + 45, until: leaves - 60 });
  van.phase = 'yard';
  van.decidesAt = leaves;
}
