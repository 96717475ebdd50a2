import type { PanelFrame } from '../../../api.ts';
import type { Panel } from '../../core/dashboard.ts';

/** What every panel of a dashboard asks about. Instants. */
export type Question = {
  readonly uid: string;
  readonly from: number;
  readonly until: number;
  readonly variables: Readonly<Record<string, string>>;
};

/** What a drawing of a panel is given. */
export type PanelView = {
  readonly panel: Panel;
  readonly frames: readonly PanelFrame[];
  readonly question: Question;
};
