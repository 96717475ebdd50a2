import { fieldOf, thresholdColour } from '../../core/dashboard.ts';
import { barsOf, chartOf, reduce } from '../../core/frames.ts';
import { measure } from '../../core/measure.ts';
import { namedColour } from '../../core/palette.ts';
import { timeZone } from '../../state/session.ts';
import { theme } from '../../state/theme.ts';
import type { PanelView } from './panel-view.ts';

/** One large number for each column, with its course behind it. */
export const PanelStat = ({ panel, frames }: PanelView) => {
  const calc = panel.options?.reduceOptions?.calcs?.[0] ?? 'lastNotNull';
  const chart = chartOf(frames);
  const numbers =
    chart.series.length > 0
      ? chart.series.map(({ name, values }) => ({ name, column: name, value: reduce(values, calc), values }))
      : barsOf(frames, calc).map((bar) => ({ ...bar, values: [] }));
  return (
    <div class="stats">
      {numbers.map(({ name, column, value, values }) => {
        const field = fieldOf(panel, column);
        const { text, suffix } = measure(value, field, timeZone.value);
        const isByThreshold = (field.color?.mode ?? 'thresholds') === 'thresholds';
        const named = isByThreshold ? thresholdColour(field, value) : field.color?.fixedColor;
        // A good number in Grafana's default green says nothing; text colour is calmer.
        const colour = named === undefined || named === 'text' ? undefined : namedColour(named, theme.value);
        const isBackground = panel.options?.colorMode === 'background';
        return (
          <div
            key={name}
            class={isBackground ? 'stat filled' : 'stat'}
            style={colour === undefined ? {} : { '--stat': colour }}
          >
            {panel.options?.graphMode === 'area' && values.length > 1 && <Sparkline values={values} />}
            <p class="stat-value">
              {text}
              <small>{suffix}</small>
            </p>
            {numbers.length > 1 && <p class="muted small">{field.displayName ?? name}</p>}
          </div>
        );
      })}
    </div>
  );
};

const Sparkline = ({ values }: { values: readonly (number | null)[] }) => {
  const least = reduce(values, 'min') ?? 0;
  const most = reduce(values, 'max') ?? 1;
  const height = (value: number) => 28 - (26 * (value - least)) / Math.max(1e-12, most - least);
  const points = values.flatMap((value, index) =>
    value === null ? [] : [`${((100 * index) / (values.length - 1)).toFixed(2)},${height(value).toFixed(2)}`],
  );
  return (
    <svg class="sparkline" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true">
      <polygon points={`0,30 ${points.join(' ')} 100,30`} class="sparkline-area" />
      <polyline points={points.join(' ')} class="sparkline-line" />
    </svg>
  );
};
