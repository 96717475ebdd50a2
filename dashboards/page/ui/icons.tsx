import type { ComponentChildren } from 'preact';
import { type Standing, standingWord } from '../core/standing.ts';

const Glyph = ({ children, size = 16 }: { children: ComponentChildren; size?: number }) => (
  <svg
    class="icon"
    width={size}
    height={size}
    viewBox="0 0 16 16"
    fill="none"
    stroke="currentColor"
    stroke-width="1.6"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    {children}
  </svg>
);

const shapes: Readonly<Record<Standing, () => ComponentChildren>> = {
  at_risk: () => (
    <>
      <path d="M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2z" fill="currentColor" stroke="none" />
      <path d="M8 4.4v4.2M8 11.4v.1" stroke="var(--on-status)" stroke-width="2" />
    </>
  ),
  behind: () => <path d="M2 4h12L8 13.5z" fill="currentColor" stroke="none" />,
  on_pace: () => <circle cx="8" cy="8" r="4.6" fill="currentColor" stroke="none" />,
  ahead: () => <path d="M2 12.5h12L8 3z" fill="currentColor" stroke="none" />,
  not_started: () => <circle cx="8" cy="8" r="4.6" />,
  finished: () => <path d="M2.5 8.5l3.6 3.6L13.5 4" stroke-width="2.2" />,
};

/** Icon, word and colour together: none of them alone carries the meaning. */
export const StandingChip = ({ standing }: { standing: Standing }) => (
  <span class={`chip standing-${standing}`}>
    <Glyph size={12}>{shapes[standing]()}</Glyph>
    {standingWord[standing]}
  </span>
);

export const StandingIcon = ({ standing }: { standing: Standing }) => (
  <span class={`standing-icon standing-${standing}`}>
    <Glyph size={12}>{shapes[standing]()}</Glyph>
  </span>
);

const drawings = {
  sun: (
    <>
      <circle cx="8" cy="8" r="3" />
      <path d="M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1" />
    </>
  ),
  moon: <path d="M13.5 9.8A6 6 0 0 1 6.2 2.5a6 6 0 1 0 7.3 7.3z" />,
  leave: <path d="M6 2.5H3v11h3M10.5 5l3 3-3 3M13 8H6.5" />,
  close: <path d="M3.5 3.5l9 9M12.5 3.5l-9 9" />,
  refresh: <path d="M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 1.8V5h-3.2" />,
  download: <path d="M8 2v8M4.8 7L8 10.2 11.2 7M2.5 13.5h11" />,
  search: (
    <>
      <circle cx="7" cy="7" r="4.5" />
      <path d="M10.5 10.5L14 14" />
    </>
  ),
  left: <path d="M10 3L5 8l5 5" />,
  right: <path d="M6 3l5 5-5 5" />,
  down: <path d="M3 6l5 5 5-5" />,
  zoomOut: (
    <>
      <circle cx="7" cy="7" r="4.5" />
      <path d="M10.5 10.5L14 14M5 7h4" />
    </>
  ),
  plus: <path d="M8 3v10M3 8h10" />,
  minus: <path d="M3 8h10" />,
  frame: <path d="M2.5 5.5v-3h3M10.5 2.5h3v3M13.5 10.5v3h-3M5.5 13.5h-3v-3" />,
  info: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M8 7.4v3.4M8 5v.1" />
    </>
  ),
  warning: <path d="M8 2L1.5 13.5h13zM8 6.5v3.2M8 11.7v.1" />,
  check: <path d="M2.5 8.5l3.6 3.6L13.5 4" />,
  pin: (
    <>
      <path d="M8 14.5S3.2 10 3.2 6.3a4.8 4.8 0 0 1 9.6 0C12.8 10 8 14.5 8 14.5z" />
      <circle cx="8" cy="6.3" r="1.6" />
    </>
  ),
  enter: <path d="M10 2.5h3v11h-3M2.5 8H9M6.2 5L9.3 8l-3.1 3" />,
  pass: <path d="M1.5 8h13M4 4.5L1.5 8 4 11.5M12 4.5L14.500 8 12 11.5" />,
} as const;

export type IconName = keyof typeof drawings;

export const Icon = ({ name, size = 16 }: { name: IconName; size?: number }) => (
  <Glyph size={size}>{drawings[name]}</Glyph>
);
