import { signal } from '@preact/signals';
import { formatPlace, type Place, parsePlace, withParameters } from '../core/location.ts';

const read = (): Place => parsePlace(window.location.pathname, window.location.search);

/** The address, as state. */
export const place = signal<Place>(read());

window.addEventListener('popstate', () => {
  place.value = read();
});

/** Goes somewhere; `replace` for what should not be a step of the back button. */
export function go(target: Place | string, { replace = false } = {}): void {
  const text = typeof target === 'string' ? target : formatPlace(target);
  if (text === window.location.pathname + window.location.search) return;
  if (replace) window.history.replaceState(null, '', text);
  else window.history.pushState(null, '', text);
  place.value = read();
}

export function setParameters(
  changes: Readonly<Record<string, string | undefined>>,
  options: { readonly replace?: boolean } = {},
): void {
  go(withParameters(place.value, changes), options);
}
