import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import {
  customChoices,
  type Dashboard,
  type Panel as PanelJson,
  type Section,
  sections,
  type Variable,
} from '../../core/dashboard.ts';
import { instantOf, refreshSeconds } from '../../core/time-range.ts';
import { place, setParameters } from '../../state/place.ts';
import { serverClockAhead } from '../../state/request.ts';
import { timeZone } from '../../state/session.ts';
import { Icon } from '../icons.tsx';
import { useLoaded } from '../load.ts';
import { Panel } from './panel.tsx';
import type { Question } from './panel-view.ts';
import { TimeControls } from './time-controls.tsx';

export const DashboardScreen = ({ uid }: { uid: string }) => {
  const { value, problem } = useLoaded<Dashboard>(`/api/dashboards/${uid}`);
  const dashboard = value.value;
  if (dashboard === undefined) {
    return (
      <main class="screen">
        <p class="empty">{problem.value ?? 'Reading the dashboard…'}</p>
      </main>
    );
  }
  return <Drawn dashboard={dashboard} />;
};

const Drawn = ({ dashboard }: { dashboard: Dashboard }) => {
  const { parameters } = place.value;
  const from = parameters.from ?? dashboard.time?.from ?? 'now-6h';
  const to = parameters.to ?? dashboard.time?.to ?? 'now';
  const refresh = parameters.refresh ?? (dashboard.refresh || '');
  const round = useSignal(0);
  useEffect(() => {
    const every = refreshSeconds(refresh);
    if (every === undefined) return;
    const timer = window.setInterval(() => {
      if (!document.hidden) round.value += 1;
    }, every * 1000);
    return () => window.clearInterval(timer);
  }, [refresh, round]);

  const variables = chosenVariables(dashboard, parameters);
  const variablesKey = JSON.stringify(variables);
  // Each round asks about a new now.
  const question = useMemo((): Question => {
    const now = Date.now() / 1000 + serverClockAhead();
    const until = instantOf(to, now, 'to', timeZone.value) ?? now;
    const start = instantOf(from, now, 'from', timeZone.value) ?? until - 21_600;
    return { uid: dashboard.uid, from: Math.min(start, until - 1), until, variables };
  }, [dashboard.uid, from, to, round.value, variablesKey]);

  return (
    <main class="screen dashboard">
      <header class="screen-title">
        <div>
          <h1>{dashboard.title}</h1>
          <p class="muted">{dashboard.description}</p>
        </div>
        <TimeControls
          from={from}
          to={to}
          refresh={refresh}
          intervals={dashboard.timepicker?.refresh_intervals ?? ['5s', '10s', '30s', '1m', '5m']}
          question={question}
          onRefresh={() => {
            round.value += 1;
          }}
        />
      </header>
      <Variables list={dashboard.templating?.list ?? []} chosen={variables} />
      {sections(dashboard).map((section) => (
        <SectionView key={section.row?.id ?? 'top'} section={section} question={question} />
      ))}
    </main>
  );
};

function chosenVariables(
  { templating }: Dashboard,
  parameters: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const chosen: Record<string, string> = {};
  for (const variable of templating?.list ?? []) {
    const fallback = variable.current?.value ?? customChoices(variable)[0]?.value ?? '';
    chosen[variable.name] = parameters[`var-${variable.name}`] ?? String(fallback);
  }
  return chosen;
}

type VariablesProps = {
  readonly list: readonly Variable[];
  readonly chosen: Readonly<Record<string, string>>;
};

const Variables = ({ list, chosen }: VariablesProps) => {
  const shown = list.filter(({ hide, type }) => hide !== 2 && type !== 'constant');
  if (shown.length === 0) return null;
  return (
    <div class="variables">
      {shown.map((variable) => {
        const set = (value: string) => setParameters({ [`var-${variable.name}`]: value });
        const choices = customChoices(variable);
        return (
          <label key={variable.name} for={`var-${variable.name}`}>
            <span class="muted">{variable.label ?? variable.name}</span>
            {variable.type === 'textbox' || choices.length === 0 ? (
              <input
                id={`var-${variable.name}`}
                value={chosen[variable.name] ?? ''}
                onChange={(event) => set(event.currentTarget.value)}
              />
            ) : (
              <select
                value={chosen[variable.name] ?? ''}
                onChange={(event) => set(event.currentTarget.value)}
              >
                {choices.map(({ text, value }) => (
                  <option key={value} value={value}>
                    {text}
                  </option>
                ))}
              </select>
            )}
          </label>
        );
      })}
    </div>
  );
};

const SectionView = ({ section, question }: { section: Section; question: Question }) => {
  const isFolded = useSignal(section.row?.collapsed === true);
  const top = Math.min(...section.panels.map(({ gridPos }) => gridPos.y));
  return (
    <section aria-label={section.row?.title}>
      {section.row !== undefined && (
        <h2 class="row-title">
          <button
            type="button"
            class="fold"
            aria-expanded={!isFolded.value}
            onClick={() => {
              isFolded.value = !isFolded.value;
            }}
          >
            <Icon name={isFolded.value ? 'right' : 'down'} size={12} />
            {section.row.title}
          </button>
        </h2>
      )}
      {!isFolded.value && (
        <div class="grid">
          {section.panels.map((panel) => (
            <div key={panel.id} class="grid-cell" style={cellStyle(panel, top)}>
              <Panel panel={panel} question={question} />
            </div>
          ))}
        </div>
      )}
    </section>
  );
};

/** Grafana's grid: 24 columns, rows of 30 pixels. */
function cellStyle({ gridPos: { x, y, w, h } }: PanelJson, top: number): Record<string, string> {
  return {
    '--column': `${x + 1} / span ${w}`,
    '--row': `${y - top + 1} / span ${h}`,
    '--rows': String(h),
  };
}
