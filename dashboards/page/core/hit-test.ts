import { type MapView, worldSize } from './mercator.ts';
import { placeX, placeY, type VanStore } from './van-store.ts';

/**
 * The van nearest to a point of the screen within `reach` pixels, or undefined. A plain scan: ten
 * thousand vans take about 0.1 ms, an index would have to be rebuilt at each tick.
 */
export function vanAt(
  store: VanStore,
  view: MapView,
  point: { readonly x: number; readonly y: number },
  nowMs: number,
  reach = 16,
): number | undefined {
  const size = worldSize(view.zoom);
  const wantedX = view.x + (point.x - view.width / 2) / size;
  const wantedY = view.y + (point.y - view.height / 2) / size;
  let nearest: number | undefined;
  let least = (reach / size) ** 2;
  for (let slot = 0; slot < store.count; slot += 1) {
    const dx = placeX(store, slot, nowMs) - wantedX;
    const dy = placeY(store, slot, nowMs) - wantedY;
    const distance = dx * dx + dy * dy;
    if (distance <= least) {
      least = distance;
      nearest = store.ids[slot]!;
    }
  }
  return nearest;
}

/** Vehicles on the screen, left to right: what the arrow from one van to the next walks along. */
export function vansInView(store: VanStore, view: MapView, nowMs: number): number[] {
  const size = worldSize(view.zoom);
  const halfWidth = view.width / 2 / size;
  const halfHeight = view.height / 2 / size;
  const seen: { readonly id: number; readonly x: number }[] = [];
  for (let slot = 0; slot < store.count; slot += 1) {
    const x = placeX(store, slot, nowMs);
    const y = placeY(store, slot, nowMs);
    if (Math.abs(x - view.x) <= halfWidth && Math.abs(y - view.y) <= halfHeight) {
      seen.push({ id: store.ids[slot]!, x });
    }
  }
  return seen.sort((a, b) => a.x - b.x || a.id - b.id).map(({ id }) => id);
}
