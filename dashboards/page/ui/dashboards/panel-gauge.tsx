import { fieldOf, thresholdColour } from '../../core/dashboard.ts';
import { barsOf } from '../../core/frames.ts';
import { measured } from '../../core/measure.ts';
import { namedColour } from '../../core/palette.ts';
import { timeZone } from '../../state/session.ts';
import { theme } from '../../state/theme.ts';
import type { PanelView } from './panel-view.ts';

/** Three quarters of a circle, filled up to the value. */
const TURN = 270;
const RADIUS = 40;
const LENGTH = (2 * Math.PI * RADIUS * TURN) / 360;

export const PanelGauge = ({ panel, frames }: PanelView) => {
  const bars = barsOf(frames, panel.options?.reduceOptions?.calcs?.[0] ?? 'lastNotNull');
  return (
    <div class="gauges">
      {bars.map(({ name, column, value }) => {
        const field = fieldOf(panel, column);
        const [least, most] = [field.min ?? 0, field.max ?? (field.unit === 'percentunit' ? 1 : 100)];
        const share = Math.min(1, Math.max(0, ((value ?? least) - least) / Math.max(1e-12, most - least)));
        const colour = namedColour(thresholdColour(field, value) ?? 'blue', theme.value);
        return (
          <figure key={name} class="gauge">
            <svg
              viewBox="0 0 100 86"
              role="img"
              aria-label={`${name}: ${measured(value, field, timeZone.value)}`}
            >
              <title>{name}</title>
              <g transform="rotate(135 50 50)" fill="none" stroke-width="10">
                <circle cx="50" cy="50" r={RADIUS} stroke-dasharray={`${LENGTH} 1000`} class="gauge-track" />
                <circle
                  cx="50"
                  cy="50"
                  r={RADIUS}
                  stroke={colour}
                  stroke-dasharray={`${LENGTH * share} 1000`}
                />
              </g>
              <text x="50" y="56" text-anchor="middle">
                {measured(value, field, timeZone.value)}
              </text>
            </svg>
          </figure>
        );
      })}
    </div>
  );
};
