import { effect, signal } from '@preact/signals';

export type Theme = 'dark' | 'light';

const KEY = 'paceline.theme';

/** Storage may be forbidden (private windows, policies); then the choice lasts as long as the page. */
function stored(): Theme | undefined {
  try {
    const value = window.localStorage.getItem(KEY);
    return value === 'dark' || value === 'light' ? value : undefined;
  } catch {
    return undefined;
  }
}

function wanted(): Theme {
  const asked = new URLSearchParams(window.location.search).get('theme');
  if (asked === 'dark' || asked === 'light') return asked;
  return stored() ?? 'dark';
}

export const theme = signal<Theme>(wanted());

effect(() => {
  document.documentElement.dataset.theme = theme.value;
});

export function toggleTheme(): void {
  theme.value = theme.value === 'dark' ? 'light' : 'dark';
  try {
    window.localStorage.setItem(KEY, theme.value);
  } catch {
    // See `stored`.
  }
}

/** Whether the person asked their system for less movement. */
export const reducedMotion = (): boolean => window.matchMedia('(prefers-reduced-motion: reduce)').matches;
