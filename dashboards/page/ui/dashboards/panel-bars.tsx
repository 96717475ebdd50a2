import { fieldOf, thresholdColour } from '../../core/dashboard.ts';
import { barsOf } from '../../core/frames.ts';
import { measured } from '../../core/measure.ts';
import { namedColour } from '../../core/palette.ts';
import { timeZone } from '../../state/session.ts';
import { theme } from '../../state/theme.ts';
import type { PanelView } from './panel-view.ts';

/** A bar chart and a bar gauge alike: a name, a bar, the number in words. Upright when it asks to be. */
export const PanelBars = ({ panel, frames }: PanelView) => {
  const bars = barsOf(frames, panel.options?.reduceOptions?.calcs?.[0] ?? 'lastNotNull');
  const most = Math.max(
    1e-12,
    ...bars.map(({ column, value }) => Math.max(value ?? 0, fieldOf(panel, column).max ?? 0)),
  );
  const orientation = panel.options?.orientation ?? 'auto';
  const isUpright =
    orientation === 'vertical' || (orientation === 'auto' && panel.type === 'barchart' && bars.length <= 16);
  return (
    <ul class={isUpright ? 'bars upright' : 'bars'}>
      {bars.map(({ name, column, value }, index) => {
        const field = fieldOf(panel, column);
        const fixed = field.color?.mode === 'fixed' ? field.color.fixedColor : undefined;
        const colour = namedColour(fixed ?? thresholdColour(field, value) ?? 'blue', theme.value);
        const share = `${(100 * Math.max(0, value ?? 0)) / most}%`;
        return (
          <li key={`${index} ${name}`}>
            <span class="bar-name" title={name}>
              {name}
            </span>
            <span class="bar-track">
              <span
                class="bar-fill"
                style={{ [isUpright ? 'height' : 'width']: share, background: colour }}
              />
            </span>
            <span class="bar-value">{measured(value, field, timeZone.value)}</span>
          </li>
        );
      })}
    </ul>
  );
};
