import type { BehaviourKind } from '../../schemas/behaviour.ts';
import { mpsFromKmh } from '../../schemas/units.ts';

/** One thing that a score may rest on. */
export type Scored = {
  readonly kind: BehaviourKind;
  /** m/s where it is speeding. */
  readonly value: number | null;
  /** Metres driven meanwhile. */
  readonly distance: number;
};

/** What a driver, van or route did in some time. */
export type DrivingRecord<Event extends Scored> = {
  readonly events: readonly Event[];
  /** Metres driven. */
  readonly distance: number;
  readonly routeDays: number;
};

type Rule = {
  readonly name: string;
  readonly kind: BehaviourKind;
  /** Of speeding, only what reached this, m/s. */
  readonly from?: number | undefined;
  /** How many of the hundred points hang on it. */
  readonly weight: number;
  /** What is lost of the rule's own hundred: by count per kilometre, by share of the distance, by count per route-day. */
  readonly perKm?: number | undefined;
  readonly perShare?: number | undefined;
  readonly perRouteDay?: number | undefined;
};

export type Profile = {
  readonly id: string;
  readonly version: number;
  readonly source: string;
  readonly rules: readonly Rule[];
  /** From best to worst: the least score of each. */
  readonly bands: readonly (readonly [name: string, least: number])[];
};

/**
 * How scores are made, as data. Change a weight: raise the version; history is scored by whichever is asked for, since
 * scores are made of the events when they are asked for.
 */
export const profiles: readonly Profile[] = [
  {
    id: 'geotab',
    version: 1,
    source:
      'Geotab driver safety scorecard: weights, 100 − events · 1000 / km, belt 0.7 distance + 0.3 count',
    rules: [
      { name: 'hard acceleration', kind: 'harsh_acceleration', weight: 10, perKm: 1000 },
      { name: 'harsh braking', kind: 'harsh_braking', weight: 10, perKm: 1000 },
      { name: 'harsh cornering', kind: 'harsh_cornering', weight: 10, perKm: 1000 },
      { name: 'seat belt', kind: 'unbelted', weight: 20, perKm: 300, perShare: 70 },
      { name: 'speeding', kind: 'speeding', weight: 20, perShare: 100 },
      { name: 'excessive speeding', kind: 'speeding', from: mpsFromKmh(145), weight: 30, perShare: 100 },
    ],
    bands: [
      ['low risk', 90],
      ['mild risk', 75],
      ['medium risk', 60],
      ['high risk', 0],
    ],
  },
  {
    id: 'dsp',
    version: 1,
    source: 'Events per route as delivery partners are rated; weights are ours, since none are published',
    rules: [
      { name: 'seat belt', kind: 'unbelted', weight: 25, perRouteDay: 25 },
      { name: 'speeding', kind: 'speeding', weight: 25, perRouteDay: 25 },
      { name: 'harsh braking', kind: 'harsh_braking', weight: 10, perRouteDay: 20 },
      { name: 'hard acceleration', kind: 'harsh_acceleration', weight: 10, perRouteDay: 20 },
      { name: 'harsh cornering', kind: 'harsh_cornering', weight: 10, perRouteDay: 20 },
      { name: 'engine off compliance', kind: 'idling', weight: 10, perRouteDay: 2 },
      { name: 'parking sequence', kind: 'parking_sequence', weight: 10, perRouteDay: 2 },
    ],
    bands: [
      ['Fantastic Plus', 95],
      ['Fantastic', 90],
      ['Great', 80],
      ['Fair', 60],
      ['Poor', 0],
    ],
  },
];

export type Deduction<Event> = {
  readonly rule: string;
  readonly points: number;
  readonly evidence: readonly Event[];
};
export type Score<Event> = {
  readonly score: number;
  readonly band: string;
  /** Of the rules that cost anything, with what they rest on. */
  readonly deductions: readonly Deduction<Event>[];
};

/** 0–100; each rule loses at most its weight. Undefined where nothing was driven: there is nothing to judge. */
export function scoreOf<Event extends Scored>(
  profile: Profile,
  record: DrivingRecord<Event>,
): Score<Event> | undefined {
  const { distance, routeDays } = record;
  if (distance <= 0) return undefined;
  const all = profile.rules.reduce((sum, { weight }) => sum + weight, 0);
  const deductions = profile.rules.flatMap((rule): Deduction<Event>[] => {
    const evidence = record.events.filter(
      ({ kind, value }) => kind === rule.kind && (value ?? 0) >= (rule.from ?? Number.NEGATIVE_INFINITY),
    );
    if (evidence.length === 0) return [];
    const driven = evidence.reduce((sum, event) => sum + event.distance, 0);
    const lost =
      ((rule.perKm ?? 0) * evidence.length) / (distance / 1000) +
      (rule.perShare ?? 0) * Math.min(1, driven / distance) +
      ((rule.perRouteDay ?? 0) * evidence.length) / Math.max(1, routeDays);
    const points = (Math.min(100, lost) * rule.weight) / all;
    return [{ rule: rule.name, points: Math.round(points * 100) / 100, evidence }];
  });
  const score = 100 - deductions.reduce((sum, { points }) => sum + points, 0);
  const rounded = Math.round(Math.max(0, score) * 100) / 100;
  const band = profile.bands.find(([, least]) => rounded >= least)?.[0] ?? '';
  return { score: rounded, band, deductions };
}
