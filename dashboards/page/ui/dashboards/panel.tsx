import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { PanelFrame } from '../../../api.ts';
import type { Panel as PanelJson } from '../../core/dashboard.ts';
import { framesCsv, isEmpty } from '../../core/frames.ts';
import { request, sentence } from '../../state/request.ts';
import { Icon } from '../icons.tsx';
import { saveFile } from '../load.ts';
import { PanelBars } from './panel-bars.tsx';
import { PanelChart } from './panel-chart.tsx';
import { PanelGauge } from './panel-gauge.tsx';
import { PanelStat } from './panel-stat.tsx';
import { PanelTable } from './panel-table.tsx';
import type { PanelView, Question } from './panel-view.ts';

const views: Readonly<Record<string, (props: PanelView) => JSX.Element | null>> = {
  timeseries: PanelChart,
  stat: PanelStat,
  table: PanelTable,
  bargauge: PanelBars,
  barchart: PanelBars,
  gauge: PanelGauge,
};

/** The frame of a panel: title, state of its question, menu. Old data stay while new ones are awaited. */
export const Panel = ({ panel, question }: { panel: PanelJson; question: Question }) => {
  const frames = useSignal<readonly PanelFrame[] | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const isLoading = useSignal(true);
  const isText = panel.type === 'text';
  useEffect(() => {
    if (isText) {
      isLoading.value = false;
      return;
    }
    const ended = new AbortController();
    isLoading.value = true;
    ask(panel.id, question, ended.signal).then(
      (answer) => {
        frames.value = answer;
        problem.value = undefined;
        isLoading.value = false;
      },
      (error) => {
        if (ended.signal.aborted) return;
        problem.value = sentence(error);
        isLoading.value = false;
      },
    );
    return () => ended.abort();
  }, [panel.id, question, isText, frames, problem, isLoading]);
  const title = panel.title ?? '';
  return (
    <article class="panel" aria-label={title} aria-busy={isLoading.value}>
      {isLoading.value && <span class="panel-loading" aria-hidden="true" />}
      <header class="panel-title">
        <h3>{title}</h3>
        {panel.description !== undefined && panel.description !== '' && (
          <span class="panel-info" role="img" aria-label={panel.description} title={panel.description}>
            <Icon name="info" size={13} />
          </span>
        )}
        {problem.value !== undefined && (
          <span class="panel-error" role="img" aria-label={`Error: ${problem.value}`} title={problem.value}>
            <Icon name="warning" size={14} />
          </span>
        )}
        <button
          type="button"
          class="panel-action"
          aria-label={`Download ${title} as CSV`}
          title="Download CSV"
          disabled={frames.value === undefined}
          onClick={() => saveFile(`${fileName(title)}.csv`, framesCsv(frames.peek() ?? []))}
        >
          <Icon name="download" size={14} />
        </button>
      </header>
      <div class={`panel-body panel-${panel.type}`}>
        <PanelBody panel={panel} frames={frames.value} problem={problem.value} question={question} />
      </div>
    </article>
  );
};

type BodyProps = {
  readonly panel: PanelJson;
  readonly frames: readonly PanelFrame[] | undefined;
  readonly problem: string | undefined;
  readonly question: Question;
};

const PanelBody = ({ panel, frames, problem, question }: BodyProps) => {
  if (panel.type === 'text') return <p class="panel-prose">{panel.options?.content}</p>;
  const View = views[panel.type];
  if (View === undefined) return <p class="panel-note">Panels of type “{panel.type}” are not drawn here.</p>;
  if (frames === undefined) {
    return problem === undefined ? null : <p class="panel-note problem">{problem}</p>;
  }
  if (isEmpty(frames)) return <p class="panel-note">{panel.fieldConfig?.defaults?.noValue ?? 'No data'}</p>;
  return <View panel={panel} frames={frames} question={question} />;
};

async function ask(panelId: number, question: Question, signal: AbortSignal): Promise<PanelFrame[]> {
  const { uid, from, until, variables } = question;
  const path = `/api/dashboards/${uid}/panels/${panelId}/query`;
  return request<PanelFrame[]>('POST', path, { body: { from, until, variables }, signal });
}

const fileName = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-|-$/g, '') || 'panel';
