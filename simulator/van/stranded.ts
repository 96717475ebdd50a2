import { pointOn } from '../city/graph.ts';
import { answerHandover, type Breakdown, driveAgain } from './acts.ts';
import { type Driving, endsNow, hear } from './driving.ts';
import type { HandoverTask } from './tasks.ts';

/** Who is sent to a van that stands looks around for it this far, metres. */
const SIGHT = 250;

/** From now on the van stands where it is; its driver hears what is sent down, and hands out parcels. */
export function strand(van: Driving, breakdown: Breakdown): void {
  van.phase = 'stranded';
  van.stranded = { breakdown, until: van.doing.track.now() + breakdown.seconds, promised: new Map() };
}

/** One step of a van that stands, if one begins before `at`. */
export function stepStranded(van: Driving, at: number): boolean {
  const { breakdown, until, promised } = van.stranded!;
  const heardAt = van.routes[0]?.at ?? Number.POSITIVE_INFINITY;
  const soon = Math.min(at, heardAt, until);
  for (const task of [...promised.values()]) van.company?.meetings.advanceOther(task.with, soon);
  if (heardAt < at && heardAt < until) {
    hear(van, heardAt);
    promise(van, heardAt);
    return true;
  }
  if (until >= at) return false;
  for (const [code] of promised) van.company?.meetings.withdraw(code, van.doing.route.vehicle);
  driveAgain(van.doing, breakdown);
  van.stranded = undefined;
  endsNow(van);
  return true;
}

/** Says of every hand-over of the newest route that is to be here: I am there already. */
function promise(van: Driving, at: number): void {
  const { doing, company, tasks, stranded } = van;
  const { promised } = stranded!;
  const { vehicle } = doing.route;
  const here = tasks.filter((task): task is HandoverTask => task.kind === 'handover' && isHere(van, task));
  for (const [code] of promised) {
    if (here.some((task) => task.code === code)) continue;
    promised.delete(code);
    company?.meetings.withdraw(code, vehicle);
  }
  for (const task of here) {
    if (promised.has(task.code)) continue;
    promised.set(task.code, task);
    const meet = (from: number, until: number): void => {
      promised.delete(task.code);
      van.tasks = van.tasks.filter(({ code }) => code !== task.code);
      van.over.add(task.code);
      doing.doorOpen.push({ from: from + 5, until: until - 5 });
      answerHandover(doing, task.code, 'done', { at: until });
    };
    company?.meetings.announce({ vehicle, task, arrivesAt: at, meet });
  }
}

function isHere({ doing: { input, here } }: Driving, { role, place }: HandoverTask): boolean {
  const { graph, frame } = input.city;
  const [a, b] = [pointOn(graph, here.edge, here.offset), pointOn(graph, place.edge, place.offset)];
  const metres = Math.hypot(frame.x(a.lng) - frame.x(b.lng), frame.y(a.lat) - frame.y(b.lat));
  return role === 'give' && metres <= SIGHT;
}
