import { computed, signal } from '@preact/signals';
import type { DevicePage, DeviceRow, DeviceTrouble } from '../../api-devices.ts';
import { place } from './place.ts';
import { request, sentence } from './request.ts';

/** Rows asked for at once, and stretches kept: twenty thousand devices are read as they are looked at. */
const STRETCH = 200;
const STRETCHES_MAX = 10;

/** What the list shows; all of it stands in the address. */
export const deviceQuery = computed(() => {
  const { q = '', trouble = '', sort = 'trouble', order } = place.value.parameters;
  const isDescending = order === undefined ? sort === 'trouble' : order === 'desc';
  return { search: q, trouble: trouble as DeviceTrouble | '', sort, isDescending };
});

const stretches = signal<ReadonlyMap<number, readonly DeviceRow[]>>(new Map());
/** The newest answer, for its counts and its instant; stays while the next is awaited. */
export const devicePage = signal<DevicePage | undefined>(undefined);
export const devicesProblem = signal<string | undefined>(undefined);

/** Row n of the list; undefined while it is on its way. */
export const deviceAt = (index: number): DeviceRow | undefined =>
  stretches.value.get(Math.floor(index / STRETCH))?.[index % STRETCH];

let asked = new AbortController();
const underWay = new Set<number>();

/** Begins again, because something else is asked for or time has passed; what is shown stays until then. */
export function readDevices(first: number, last: number, { isNew = false } = {}): Promise<void> {
  asked.abort();
  asked = new AbortController();
  underWay.clear();
  if (isNew) stretches.value = new Map();
  const wanted = stretchesOf(first, last);
  return Promise.all(wanted.map((n) => read(n, wanted))).then(() => undefined);
}

/** Asks for what is seen and not there yet. */
export function ensureDevices(first: number, last: number): void {
  const wanted = stretchesOf(first, last);
  for (const n of wanted) if (!stretches.peek().has(n)) void read(n, wanted);
}

function stretchesOf(first: number, last: number): number[] {
  const from = Math.floor(Math.max(0, first) / STRETCH);
  const until = Math.floor(Math.max(0, last) / STRETCH);
  return Array.from({ length: until - from + 1 }, (_, i) => from + i);
}

async function read(n: number, wanted: readonly number[]): Promise<void> {
  if (underWay.has(n)) return;
  underWay.add(n);
  const { signal: ended } = asked;
  const { search, trouble, sort, isDescending } = deviceQuery.peek();
  const query = new URLSearchParams({ sort, descending: String(isDescending) });
  if (search !== '') query.set('search', search);
  if (trouble !== '') query.set('trouble', trouble);
  query.set('offset', String(n * STRETCH));
  query.set('limit', String(STRETCH));
  try {
    const page = await request<DevicePage>('GET', `/api/devices?${query}`, { signal: ended });
    const kept = [...stretches.peek()].filter(([key]) => key !== n);
    const near = kept.filter(([key]) => wanted.includes(key));
    const far = kept.filter(([key]) => !wanted.includes(key)).slice(-STRETCHES_MAX);
    stretches.value = new Map([...far, ...near, [n, page.rows]]);
    devicePage.value = page;
    devicesProblem.value = undefined;
  } catch (error) {
    if (!ended.aborted) devicesProblem.value = sentence(error);
  } finally {
    if (!ended.aborted) underWay.delete(n);
  }
}
