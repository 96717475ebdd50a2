import type { RouteMessage } from '../../schemas/down.ts';
import { msFromInstant } from '../../schemas/units.ts';
import { answer, type Breakdown, type Doing } from './acts.ts';
import type { Meetings } from './meetings.ts';
import { type HandoverTask, type StopBook, type StopTask, type Task, tasksOf } from './tasks.ts';
import type { Leg } from './travel.ts';

/** What one van shares with the others of its fleet. */
export type Company = { readonly meetings: Meetings; readonly book: StopBook };

/** A van that cannot go on: until when, and what it has promised to hand over where it stands. */
export type Stranded = {
  readonly breakdown: Breakdown;
  readonly until: number;
  readonly promised: Map<string, HandoverTask>;
};

/** A van between two steps. `decidesAt` is when the step under way ends and the next one is chosen. */
export type Driving = {
  readonly doing: Doing;
  readonly company: Company | undefined;
  /** Where it is parked in the yard. */
  readonly slot: { readonly lng: number; readonly lat: number };
  /** Keys of the parcels in the van. */
  readonly aboard: Set<string>;
  /** Names of the stops and hand-overs that are begun or over. */
  readonly over: Set<string>;
  /** Sent down and accepted, but not heard of by the driver yet: in order of `at`. */
  readonly routes: { readonly at: number; readonly message: RouteMessage }[];
  readonly messages: { readonly at: number; readonly id: string }[];
  phase: 'yard' | 'road' | 'waiting' | 'stranded' | 'home';
  tasks: Task[];
  /** What the step under way is for. */
  current: Task | undefined;
  decidesAt: number;
  passedOver: StopTask | undefined;
  homeward: { readonly driven: number; readonly leg: Leg } | undefined;
  /** Why it cannot go on, while it cannot. */
  stranded: Stranded | undefined;
  /** Of the newest route accepted; 0 is the plan. */
  version: number;
};

/** From standing to having read what was sent, seconds. */
const READING = 8;

/** Takes over the newest route, and reads the messages, that came up to an instant. */
export function hear(van: Driving, at: number): void {
  const { routes, messages, over, company } = van;
  for (; routes.length > 0 && routes[0]!.at <= at; routes.shift()) {
    if (company !== undefined)
      van.tasks = tasksOf(routes[0]!.message, company.book, (code) => over.has(code));
  }
  for (; messages.length > 0 && messages[0]!.at <= at; messages.shift()) read(van, messages[0]!.id, at);
}

/** The driver reads a message, and says so. */
export const read = ({ doing }: Driving, id: string, at: number): void =>
  answer(doing, { ts: msFromInstant(at + READING), state: 'done', id });

/** The step under way ends with what the track has by now. */
export function endsNow(van: Driving, current?: Task): void {
  van.phase = 'road';
  van.current = current;
  van.decidesAt = van.doing.track.now();
}
