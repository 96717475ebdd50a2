import type { Standing } from './standing.ts';

export type Rgb = readonly [number, number, number];

export type MapColours = {
  readonly land: string;
  readonly water: string;
  readonly park: string;
  readonly roadMajor: string;
  readonly roadMiddle: string;
  readonly roadMinor: string;
  readonly fence: string;
  readonly depot: string;
  readonly label: string;
  readonly labelHalo: string;
  readonly planned: string;
  readonly track: string;
  readonly proposal: string;
  readonly stopDone: string;
  readonly stopLate: string;
  readonly stopFailed: string;
  readonly stopAhead: string;
  readonly outline: string;
  readonly standing: Readonly<Record<Standing, string>>;
};

/** Okabe–Ito hues (https://jfly.uni-koeln.de/color/): blue, grey, amber, vermilion; never red against green. */
export const mapColours: Readonly<Record<'dark' | 'light', MapColours>> = {
  dark: {
    land: '#12161c',
    water: '#17293a',
    park: '#16251f',
    roadMajor: '#4a5463',
    roadMiddle: '#343d49',
    roadMinor: '#232a33',
    fence: '#7f8ea3',
    depot: '#e6ebf2',
    label: '#b4bfcc',
    labelHalo: '#12161c',
    planned: '#8fa1b8',
    track: '#56b4e9',
    proposal: '#cc79a7',
    stopDone: '#56b4e9',
    stopLate: '#e69f00',
    stopFailed: '#f0703a',
    stopAhead: '#8fa1b8',
    outline: '#0b0e12',
    standing: {
      at_risk: '#f0642d',
      behind: '#f2ab1d',
      on_pace: '#aeb9c7',
      ahead: '#56b4e9',
      not_started: '#6c7888',
      finished: '#3fb68e',
    },
  },
  light: {
    land: '#eef1f4',
    water: '#bcd9ec',
    park: '#d5e8d3',
    roadMajor: '#aab4c0',
    roadMiddle: '#c6ced7',
    roadMinor: '#ffffff',
    fence: '#5b6b80',
    depot: '#1c2633',
    label: '#46525f',
    labelHalo: '#ffffff',
    planned: '#5b6b80',
    track: '#0072b2',
    proposal: '#a8437e',
    stopDone: '#0072b2',
    stopLate: '#c97f00',
    stopFailed: '#c14300',
    stopAhead: '#5b6b80',
    outline: '#ffffff',
    standing: {
      at_risk: '#c94a0a',
      behind: '#b97800',
      on_pace: '#56657a',
      ahead: '#0072b2',
      not_started: '#8793a1',
      finished: '#00815c',
    },
  },
};

/** '#rrggbb' as three shares of 1. */
export function rgb(hex: string): Rgb {
  const number = Number.parseInt(hex.slice(1), 16);
  return [(number >> 16) / 255, ((number >> 8) & 255) / 255, (number & 255) / 255];
}
