export type PaletteTheme = 'dark' | 'light';

/**
 * Okabe–Ito (https://jfly.uni-koeln.de/color/), told apart with any colour vision; darker on white so
 * that a number in such a colour keeps a contrast of 4.5.
 */
const hues = {
  dark: {
    blue: '#56b4e9',
    orange: '#e69f00',
    green: '#2fb98d',
    purple: '#d68fb5',
    yellow: '#f0e442',
    red: '#f0703a',
    navy: '#4f9ad6',
    grey: '#9da9b8',
  },
  light: {
    blue: '#0067a8',
    orange: '#8f5c00',
    green: '#00734f',
    purple: '#96386f',
    yellow: '#766b00',
    red: '#b43c00',
    navy: '#0b4f86',
    grey: '#536072',
  },
} as const;

type Hue = keyof (typeof hues)['dark'];

const seriesOrder: readonly Hue[] = ['blue', 'orange', 'green', 'purple', 'yellow', 'red', 'navy', 'grey'];

/** The colour of the n-th line of a chart. */
export const seriesColour = (index: number, theme: PaletteTheme): string =>
  hues[theme][seriesOrder[index % seriesOrder.length]!];

/** A colour as Grafana's JSON writes it: a name ("red", "semi-dark-red") or "#rrggbb". */
export function namedColour(name: string, theme: PaletteTheme): string {
  if (name.startsWith('#') || name.startsWith('rgb')) return name;
  const hue = name.replace(/^(super-light|light|semi-dark|dark)-/, '');
  return hue in hues[theme] ? hues[theme][hue as Hue] : hues[theme].grey;
}
