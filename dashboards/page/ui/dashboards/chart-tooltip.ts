import type uPlot from 'uplot';
import { dateAndTime } from '../../core/clock.ts';
import { fieldOf, type Panel } from '../../core/dashboard.ts';
import { lineColour } from '../../core/line-colour.ts';
import { measured } from '../../core/measure.ts';
import type { Theme } from '../../state/theme.ts';

/** Names and values at the crosshair, highest first; only in the chart under the pointer. */
export function tooltip(
  panel: Panel,
  names: readonly string[],
  theme: Theme,
  timeZone: string,
): uPlot.Plugin {
  const box = document.createElement('div');
  box.className = 'chart-tooltip';
  const hide = () => {
    box.hidden = true;
  };
  return {
    hooks: {
      init: [
        (plot) => {
          hide();
          plot.over.append(box);
          plot.over.addEventListener('mouseleave', hide);
        },
      ],
      setCursor: [
        (plot) => {
          const { idx, left = -1, top = -1 } = plot.cursor;
          const isHere = plot.over.matches(':hover');
          if (!isHere || idx === null || idx === undefined || left < 0) return hide();
          box.hidden = false;
          box.replaceChildren(...lines(plot, idx, panel, names, theme, timeZone));
          const isRight = left > plot.over.clientWidth / 2;
          box.style.left = isRight ? 'auto' : `${left + 14}px`;
          box.style.right = isRight ? `${plot.over.clientWidth - left + 14}px` : 'auto';
          box.style.top = `${Math.min(top, Math.max(0, plot.over.clientHeight - box.clientHeight))}px`;
        },
      ],
    },
  };
}

function lines(
  plot: uPlot,
  index: number,
  panel: Panel,
  names: readonly string[],
  theme: Theme,
  timeZone: string,
): HTMLElement[] {
  const head = element('div', 'tooltip-time', dateAndTime(plot.data[0][index], timeZone));
  const values = names
    .map((name, at) => ({ name, at, value: plot.data[at + 1]?.[index] ?? null }))
    .filter(({ at }) => plot.series[at + 1]?.show !== false)
    .sort((a, b) => (b.value ?? Number.NEGATIVE_INFINITY) - (a.value ?? Number.NEGATIVE_INFINITY));
  return [
    head,
    ...values.slice(0, 12).map(({ name, at, value }) => {
      const field = fieldOf(panel, name);
      const row = element('div', 'tooltip-line', '');
      const mark = element('span', 'legend-mark', '');
      mark.style.background = lineColour(panel, name, at, theme);
      row.append(mark, element('span', 'tooltip-name', field.displayName ?? name));
      row.append(element('strong', '', measured(value, field, timeZone)));
      return row;
    }),
  ];
}

function element(tag: string, className: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}
