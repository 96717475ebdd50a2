import type { PaceRow } from '../../api.ts';

export type Standing = PaceRow['status'];

/** Worst first: the order of the pace board, of filters and of drawing (last is on top). */
export const standingsWorstFirst: readonly Standing[] = [
  'at_risk',
  'behind',
  'on_pace',
  'ahead',
  'not_started',
  'finished',
];

/** The word that goes with every icon and colour, so that neither has to be told apart. */
export const standingWord: Readonly<Record<Standing, string>> = {
  at_risk: 'At risk',
  behind: 'Behind',
  on_pace: 'On pace',
  ahead: 'Ahead',
  not_started: 'Not started',
  finished: 'Finished',
};

export type Kpis = {
  readonly onRoad: number;
  /** Share of the routes on the road that are on pace or ahead; undefined when none is out. */
  readonly onPaceShare: number | undefined;
  readonly behind: number;
  readonly atRisk: number;
  readonly finished: number;
  readonly total: number;
};

export function kpis(rows: readonly PaceRow[]): Kpis {
  const count = (standing: Standing) => rows.filter((row) => row.status === standing).length;
  const behind = count('behind');
  const atRisk = count('at_risk');
  const fine = count('on_pace') + count('ahead');
  const onRoad = behind + atRisk + fine;
  return {
    onRoad,
    onPaceShare: onRoad === 0 ? undefined : fine / onRoad,
    behind,
    atRisk,
    finished: count('finished'),
    total: rows.length,
  };
}
