import { random } from '../../schemas/random.ts';
import type { HandoverTask } from './tasks.ts';

/** A hand-over as it really was: from when both vans stood there until both drove off. */
export type TrueHandover = {
  readonly handover: string;
  readonly giver: string;
  readonly taker: string;
  readonly from: number;
  readonly until: number;
  /** Names of the stops in the taker’s route whose parcels changed vans. */
  readonly stops: readonly string[];
};

/** A van at the place, or on its way there for good. */
export type Arrival = {
  readonly vehicle: string;
  readonly task: HandoverTask;
  readonly arrivesAt: number;
  /** Is called once, when the other one is sure to come too. */
  readonly meet: (from: number, until: number) => void;
};

/** Where the vans of one fleet wait for one another; who is on the way to which hand-over. */
export type Meetings = {
  readonly announce: (arrival: Arrival) => void;
  readonly withdraw: (code: string, vehicle: string) => void;
  /** Lets the other van of a hand-over decide everything that it decides before an instant. */
  readonly advanceOther: (vehicle: string, at: number) => void;
  /** Takes parcels out of a van: those of the wanted ones that it had. */
  readonly parcelsOf: (vehicle: string, keys: readonly string[]) => readonly string[];
};

/** The planned time is what they hope for: σ of the logarithm of how it turns out. */
const SPREAD = 0.25;
/** Where nothing is planned: opening, finding each parcel, closing; seconds. */
const [FIXED, EACH] = [90, 8];

const secondsOf = ({ code, service, stops }: HandoverTask, seed: string): number => {
  const planned = service > 0 ? service : FIXED + EACH * stops.length;
  return planned * random(`${seed}/hand-over/${code}`).lognormal(0, SPREAD);
};

type Company = Pick<Meetings, 'advanceOther' | 'parcelsOf'>;

export function openMeetings(seed: string, company: Company): Meetings {
  const waiting = new Map<string, Arrival[]>();
  return {
    ...company,
    announce: (arrival) => {
      const { task, vehicle, arrivesAt } = arrival;
      const there = (waiting.get(task.code) ?? []).filter((other) => other.vehicle !== vehicle);
      const other = there.find(
        (one) => one.vehicle === task.with && one.task.with === vehicle && one.task.role !== task.role,
      );
      const from = Math.max(arrivesAt, other?.arrivesAt ?? arrivesAt);
      if (other === undefined || from > Math.min(task.until, other.task.until)) {
        waiting.set(task.code, [...there, arrival]);
        return;
      }
      waiting.delete(task.code);
      const taker = task.role === 'take' ? arrival : other;
      const until = from + secondsOf(taker.task, seed);
      other.meet(from, until);
      arrival.meet(from, until);
    },
    withdraw: (code, vehicle) => {
      const left = (waiting.get(code) ?? []).filter((other) => other.vehicle !== vehicle);
      if (left.length > 0) waiting.set(code, left);
      else waiting.delete(code);
    },
  };
}
