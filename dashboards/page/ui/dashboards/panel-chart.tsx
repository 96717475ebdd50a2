import 'uplot/dist/uPlot.min.css';
import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { fieldOf } from '../../core/dashboard.ts';
import { type Chart, calcWords, chartOf, reduce } from '../../core/frames.ts';
import { lineColour } from '../../core/line-colour.ts';
import { measured } from '../../core/measure.ts';
import { absolute } from '../../core/time-range.ts';
import { setParameters } from '../../state/place.ts';
import { timeZone } from '../../state/session.ts';
import { theme } from '../../state/theme.ts';
import { chartOptions } from './chart-options.ts';
import type { PanelView } from './panel-view.ts';

/** Lines over time. Drag to zoom; the crosshair is shared by all charts of the dashboard. */
export const PanelChart = ({ panel, frames, question }: PanelView) => {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const alone = useSignal<string | undefined>(undefined);
  const chart = useMemo(() => chartOf(frames), [frames]);
  const names = chart.series.map(({ name }) => name).join('\n');
  const latest = useRef({ chart, question });
  latest.current = { chart, question };

  // The lines, not their data, make a new plot.
  useEffect(() => {
    const element = holder.current!;
    const made = new uPlot(
      chartOptions({
        panel,
        names: names === '' ? [] : names.split('\n'),
        theme: theme.value,
        timeZone: timeZone.value,
        size: { width: element.clientWidth, height: Math.max(60, element.clientHeight) },
        range: () => [latest.current.question.from, latest.current.question.until],
        onZoom: (from, until) => setParameters(absolute(from, until)),
      }),
      aligned(latest.current.chart),
      element,
    );
    plot.current = made;
    const resizes = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height: Math.max(60, element.clientHeight) });
    });
    resizes.observe(element);
    return () => {
      resizes.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [panel, names, theme.value, timeZone.value]);
  useEffect(() => plot.current?.setData(aligned(chart)), [chart]);
  useEffect(() => {
    chart.series.forEach(({ name }, index) => {
      plot.current?.setSeries(index + 1, { show: alone.value === undefined || alone.value === name });
    });
  }, [alone.value, chart]);

  return (
    <>
      <div
        class="chart"
        ref={holder}
        role="img"
        aria-label={`${panel.title ?? 'Chart'}: ${summary(chart, panel)}`}
      />
      <Legend
        panel={panel}
        chart={chart}
        alone={alone.value}
        onChoose={(name) => {
          alone.value = alone.peek() === name ? undefined : name;
        }}
      />
    </>
  );
};

const aligned = ({ times, series }: Chart): uPlot.AlignedData =>
  [times, ...series.map(({ values }) => values)] as unknown as uPlot.AlignedData;

/** What the chart shows, for who does not see it; the CSV has every value. */
function summary({ series }: Chart, panel: PanelView['panel']): string {
  return series
    .slice(0, 8)
    .map(
      ({ name, values }) => `${name} last ${measured(reduce(values, 'lastNotNull'), fieldOf(panel, name))}`,
    )
    .join(', ');
}

type LegendProps = {
  readonly panel: PanelView['panel'];
  readonly chart: Chart;
  readonly alone: string | undefined;
  readonly onChoose: (name: string) => void;
};

const Legend = ({ panel, chart, alone, onChoose }: LegendProps) => {
  const legend = panel.options?.legend;
  if (legend?.showLegend === false || legend?.displayMode === 'hidden') return null;
  const calcs = legend?.calcs ?? [];
  return (
    <ul class={legend?.displayMode === 'table' ? 'chart-legend as-table' : 'chart-legend'}>
      {chart.series.map(({ name, values }, index) => {
        const field = fieldOf(panel, name);
        return (
          <li key={name} class={`legend-line ${alone !== undefined && alone !== name ? 'faded' : ''}`}>
            <button
              type="button"
              class="legend-name"
              aria-pressed={alone === name}
              title={alone === name ? 'Show every line' : 'Show only this line'}
              onClick={() => onChoose(name)}
            >
              <span class="legend-mark" style={{ background: lineColour(panel, name, index, theme.value) }} />
              {field.displayName ?? name}
            </button>
            {calcs.map((calc) => (
              <span key={calc} class="legend-calc">
                <span class="muted">{calcWords[calc] ?? calc}</span>{' '}
                {measured(reduce(values, calc), field, timeZone.value)}
              </span>
            ))}
          </li>
        );
      })}
    </ul>
  );
};
