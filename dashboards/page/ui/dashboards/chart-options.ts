import uPlot from 'uplot';
import { timeOfDay, timeOfDaySeconds } from '../../core/clock.ts';
import { fieldOf, type Panel } from '../../core/dashboard.ts';
import { lineColour } from '../../core/line-colour.ts';
import { measured } from '../../core/measure.ts';
import { namedColour } from '../../core/palette.ts';
import type { Theme } from '../../state/theme.ts';
import { tooltip } from './chart-tooltip.ts';

type Wanted = {
  readonly panel: Panel;
  readonly names: readonly string[];
  readonly theme: Theme;
  readonly timeZone: string;
  readonly size: { readonly width: number; readonly height: number };
  readonly range: () => [number, number];
  readonly onZoom: (from: number, until: number) => void;
};

/** Every chart of the page shares one crosshair. */
const sync = uPlot.sync('dashboard');

const inks = {
  dark: { text: '#9da9b8', grid: 'rgb(140 160 185 / 13%)' },
  light: { text: '#536072', grid: 'rgb(60 80 105 / 14%)' },
} as const;

export function chartOptions(wanted: Wanted): uPlot.Options {
  const { panel, names, theme, timeZone, size, range, onZoom } = wanted;
  const ink = inks[theme];
  const defaults = fieldOf(panel, '');
  const axis = {
    stroke: ink.text,
    grid: { stroke: ink.grid, width: 1 },
    ticks: { show: false },
    font: '11px "Inter Variable", sans-serif',
  };
  return {
    ...size,
    legend: { show: false },
    padding: [8, 20, 0, 0],
    scales: {
      x: { time: true, range },
      y: { range: (_, least, most) => valueRange(least, most, defaults.min, defaults.max) },
    },
    axes: [
      { ...axis, values: (_, ticks) => timeTicks(ticks, timeZone), size: 26, space: 70 },
      {
        ...axis,
        values: (_, ticks) => ticks.map((tick) => measured(tick, defaults, timeZone)),
        size: (_, values) => 14 + 6.6 * Math.max(3, ...(values ?? []).map((value) => value.length)),
        space: 34,
      },
    ],
    series: [{}, ...names.map((name, index) => line(panel, name, index, theme))],
    cursor: {
      sync: { key: sync.key, setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
      y: false,
    },
    hooks: {
      setSelect: [
        (plot) => {
          if (plot.select.width < 6) return;
          const from = plot.posToVal(plot.select.left, 'x');
          const until = plot.posToVal(plot.select.left + plot.select.width, 'x');
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          onZoom(from, until);
        },
      ],
      drawSeries: [],
      drawAxes: [(plot) => drawThresholds(plot, panel, theme)],
    },
    plugins: [tooltip(panel, names, theme, timeZone)],
  };
}

function line(panel: Panel, name: string, index: number, theme: Theme): uPlot.Series {
  const field = fieldOf(panel, name);
  const custom = field.custom ?? {};
  const colour = lineColour(panel, name, index, theme);
  const opacity = Number(custom.fillOpacity ?? 0) / 100;
  const isBars = custom.drawStyle === 'bars';
  const series: uPlot.Series = {
    label: name,
    stroke: colour,
    width: Math.max(1.5, Number(custom.lineWidth ?? 1)),
    spanGaps: custom.spanNulls === true,
    points: { show: custom.drawStyle === 'points' },
  };
  if (opacity > 0 || isBars) {
    series.fill = `${colour}${Math.round(255 * Math.max(opacity, isBars ? 0.5 : 0))
      .toString(16)
      .padStart(2, '0')}`;
  }
  if (isBars) series.paths = uPlot.paths.bars!({ size: [0.8, 60] });
  else if (custom.lineInterpolation === 'stepAfter') series.paths = uPlot.paths.stepped!({ align: 1 });
  else if (custom.lineInterpolation === 'smooth') series.paths = uPlot.paths.spline!();
  return series;
}

/** Room above the highest line; from zero where the panel asks for it or the values are near it. */
function valueRange(
  least: number | null,
  most: number | null,
  min: number | undefined,
  max: number | undefined,
): [number, number] {
  if (least === null || most === null) return [min ?? 0, max ?? 1];
  const gap = Math.max(most - least, Math.abs(most) * 0.05, 1e-9);
  const low = min ?? (least >= 0 && least < gap ? 0 : least - gap * 0.1);
  return [low, max ?? most + gap * 0.12];
}

function timeTicks(ticks: readonly number[], timeZone: string): string[] {
  const step = (ticks[1] ?? 0) - (ticks[0] ?? 0);
  return ticks.map((tick) =>
    step > 0 && step < 60 ? timeOfDaySeconds(tick, timeZone) : timeOfDay(tick, timeZone),
  );
}

/** Dashed lines where a threshold is drawn; only when the panel asks for lines. */
function drawThresholds(plot: uPlot, panel: Panel, theme: Theme): void {
  const field = fieldOf(panel, '');
  const style = (field.custom?.thresholdsStyle as { readonly mode?: string } | undefined)?.mode ?? 'off';
  if (style === 'off') return;
  const { ctx, bbox } = plot;
  for (const { value, color } of field.thresholds?.steps ?? []) {
    if (value === null) continue;
    const y = plot.valToPos(value, 'y', true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.save();
    ctx.strokeStyle = namedColour(color, theme);
    ctx.lineWidth = window.devicePixelRatio;
    ctx.setLineDash([6, 4]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }
}
