import { fieldOf, type Panel } from './dashboard.ts';
import { namedColour, type PaletteTheme, seriesColour } from './palette.ts';

/** The colour of a chart's line: its own where the panel fixes one, else by its place. */
export function lineColour(panel: Panel, name: string, index: number, theme: PaletteTheme): string {
  const { color } = fieldOf(panel, name);
  return color?.mode === 'fixed' && color.fixedColor !== undefined
    ? namedColour(color.fixedColor, theme)
    : seriesColour(index, theme);
}
