import { type Forecast, PROGRESS, type RouteResult } from './replay.ts';

export type Case = Forecast & { readonly result: RouteResult };

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;

/** All forecasts made at a share of the stops done. */
export const casesAt = (results: readonly RouteResult[], progress: number): Case[] =>
  results.flatMap((result) =>
    result.forecasts.filter((made) => made.progress === progress).map((made) => ({ ...made, result })),
  );

/** Mean absolute error of the finish, minutes. */
export const finishMae = (cases: readonly Case[], of: 'p50' | 'delayed' | 'scaled' | 'floor'): number =>
  mean(cases.map((made) => Math.abs(made[of] - made.result.returnedAt))) / 60;

export const finishBias = (cases: readonly Case[]): number =>
  mean(cases.map(({ p50, result }) => p50 - result.returnedAt)) / 60;

/** Share of routes back by P50, and by P90. */
export const coverage = (cases: readonly Case[]): { readonly p50: number; readonly p90: number } => ({
  p50: mean(cases.map(({ p50, result }) => (result.returnedAt <= p50 ? 1 : 0))),
  p90: mean(cases.map(({ p90, result }) => (result.returnedAt <= p90 ? 1 : 0))),
});

type Ranked = { readonly score: number; readonly isLate: boolean };

/** Mean of the precisions at every late route, most probable first. */
export function averagePrecision(ranked: readonly Ranked[]): number {
  const order = [...ranked].sort((a, b) => b.score - a.score);
  let hits = 0;
  let sum = 0;
  for (const [i, { isLate }] of order.entries()) if (isLate) sum += ++hits / (i + 1);
  return hits > 0 ? sum / hits : Number.NaN;
}

/** Precision at the threshold that finds this share of the late routes. */
export function precisionAtRecall(ranked: readonly Ranked[], recall: number): number {
  const order = [...ranked].sort((a, b) => b.score - a.score);
  const wanted = Math.ceil(recall * order.filter(({ isLate }) => isLate).length);
  let hits = 0;
  for (const [i, { isLate }] of order.entries()) {
    if (isLate && ++hits >= wanted) return hits / (i + 1);
  }
  return Number.NaN;
}

const raises = ({ alerts }: RouteResult): number => alerts.filter(({ turn }) => turn === 'raise').length;

export type AlertScore = {
  readonly lateShare: number;
  readonly falsePerOnTime: number;
  readonly recall: number;
  readonly leadMinutes: number;
  readonly flipsPerRoute: number;
};

/** Alerts on routes that came back in time; late ones found, and how long before their planned return. */
export function alertScore(results: readonly RouteResult[]): AlertScore {
  const late = results.filter(({ isLate }) => isLate);
  const onTime = results.filter(({ isLate }) => !isLate);
  const leads = late
    .flatMap(({ alerts, finishPlanned }) => {
      const first = alerts.find(({ turn }) => turn === 'raise');
      return first ? [(finishPlanned - first.at) / 60] : [];
    })
    .sort((a, b) => a - b);
  return {
    lateShare: late.length / results.length,
    falsePerOnTime: mean(onTime.map(raises)),
    recall: leads.length / late.length,
    leadMinutes: leads[leads.length >> 1] ?? Number.NaN,
    // A flip is a change of mind: raising is news, resolving and raising again are not.
    flipsPerRoute: mean(results.map(({ alerts }) => Math.max(0, alerts.length - 1))),
  };
}

export type Stratum = { readonly name: string; readonly count: number; readonly p90: number };

/** P90 coverage by world, progress, hour of the forecast and driver, where at least `least` cases are. */
export function strata(results: readonly RouteResult[], least: number): Stratum[] {
  const groups = new Map<string, Case[]>();
  const add = (name: string, made: Case): void => {
    const others = groups.get(name);
    if (others) others.push(made);
    else groups.set(name, [made]);
  };
  for (const progress of PROGRESS) {
    for (const made of casesAt(results, progress)) {
      const { world, shiftsBefore, zone, departure } = made.result;
      add(`${world} at ${progress}`, made);
      add(`all at ${progress}`, made);
      add(`hour ${Math.floor((made.at - departure) / 3600)} of the shift`, made);
      add(`zone ${zone}`, made);
      add(
        `driver ${shiftsBefore === 0 ? 'never seen before' : shiftsBefore < 3 ? 'seen once or twice' : 'known'}`,
        made,
      );
      add(`driver ${shiftsBefore === 0 ? 'new' : 'known'} at ${progress}`, made);
    }
  }
  return [...groups]
    .filter(([, cases]) => cases.length >= least)
    .map(([name, cases]) => ({ name, count: cases.length, p90: coverage(cases).p90 }))
    .sort((a, b) => a.p90 - b.p90);
}
