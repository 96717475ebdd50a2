import { signal } from '@preact/signals';
import { type FeatureCollection, feature, noFeatures } from '../core/geo.ts';
import type { MapData } from '../core/map-style.ts';
import { request } from './request.ts';

/** What does not move: streets, fences, depots. Read once; undefined until then. */
export const ground = signal<MapData | undefined>(undefined);

type DepotRow = { readonly name: string; readonly lng: number; readonly lat: number };

/** Each part may be missing: a fleet without a base map still has vans. */
export async function readGround(signal: AbortSignal): Promise<void> {
  const [basemap, fences, depots] = await Promise.all([
    collection('/api/basemap', signal),
    collection('/api/fences', signal),
    request<DepotRow[]>('GET', '/api/depots', { signal }).catch((): DepotRow[] => []),
  ]);
  if (signal.aborted) return;
  ground.value = {
    basemap,
    fences,
    depots: {
      type: 'FeatureCollection',
      features: depots.map(({ name, lng, lat }) =>
        feature({ type: 'Point', coordinates: [lng, lat] }, { name }),
      ),
    },
  };
}

async function collection(path: string, signal: AbortSignal): Promise<FeatureCollection> {
  try {
    const answer = await request<FeatureCollection>('GET', path, { signal });
    return Array.isArray(answer?.features) ? answer : noFeatures;
  } catch {
    return noFeatures;
  }
}
