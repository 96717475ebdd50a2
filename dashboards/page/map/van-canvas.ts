import { paceStatuses } from '../../../schemas/live.ts';
import { silence } from '../core/freshness.ts';
import { mapColours } from '../core/map-colours.ts';
import { type MapView, worldSize } from '../core/mercator.ts';
import { fleetClock, placeX, placeY, type VanStore } from '../core/van-store.ts';
import { fitCanvas, type VanLayer, type VanLook, vanRadius } from './van-layer.ts';

/** Beyond this many vans on the screen signs and rings are left out: plain squares are 10× cheaper. */
const DETAILED_MAX = 400;

/** The vans for machines without WebGL2. */
export function openCanvasVans(canvas: HTMLCanvasElement): VanLayer {
  const context = canvas.getContext('2d')!;
  return {
    renderer: 'canvas2d',
    draw: (view, store, nowMs, look) => draw(context, view, store, nowMs, look),
    isBusy: () => false,
    isLost: () => false,
    destroy: () => {},
  };
}

function draw(
  context: CanvasRenderingContext2D,
  view: MapView,
  store: VanStore,
  nowMs: number,
  look: VanLook,
): number {
  const ratio = window.devicePixelRatio;
  fitCanvas(context.canvas, view, ratio);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  const size = worldSize(view.zoom);
  const radius = vanRadius(view.zoom, store.count);
  const isDetailed = store.count <= DETAILED_MAX;
  let seen = 0;
  for (let slot = 0; slot < store.count; slot += 1) {
    const x = (placeX(store, slot, nowMs) - view.x) * size + view.width / 2;
    const y = (placeY(store, slot, nowMs) - view.y) * size + view.height / 2;
    if (x < 0 || y < 0 || x > view.width || y > view.height) continue;
    seen += 1;
    drawVan(context, store, slot, { x, y, radius, isDetailed }, nowMs, look);
  }
  context.globalAlpha = 1;
  return seen;
}

type Spot = {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly isDetailed: boolean;
};

const signs = ['', '•', '▼', '!', '▲', '✓'];

function drawVan(
  context: CanvasRenderingContext2D,
  store: VanStore,
  slot: number,
  { x, y, radius, isDetailed }: Spot,
  nowMs: number,
  { theme, selected, hovered }: VanLook,
): void {
  const colours = mapColours[theme];
  const standing = store.standing[slot]!;
  const id = store.ids[slot]!;
  const isChosen = id === selected || id === hovered;
  const quiet = silence(store.at[slot]!, fleetClock(store, nowMs));
  const faded = selected !== undefined && !isChosen ? 0.35 : 1;
  context.globalAlpha = faded * (quiet === 2 ? 0.3 : quiet === 1 ? 0.55 : 1);
  context.fillStyle = colours.standing[paceStatuses[standing]!];
  const r = isChosen ? radius * 1.35 : radius;
  if (!isDetailed && !isChosen) {
    context.fillRect(x - r / 2, y - r / 2, r, r);
    return;
  }
  context.beginPath();
  context.arc(x, y, r, 0, 2 * Math.PI);
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = colours.outline;
  context.stroke();
  context.beginPath();
  context.arc(x, y, r + 2, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * store.progress[slot]!);
  context.strokeStyle = colours.standing[paceStatuses[standing]!];
  context.lineWidth = 2;
  context.stroke();
  if (store.speed[slot]! >= 1) {
    const heading = (store.heading[slot]! * Math.PI) / 180;
    context.beginPath();
    context.moveTo(x + Math.sin(heading) * r, y - Math.cos(heading) * r);
    context.lineTo(x + Math.sin(heading) * r * 2, y - Math.cos(heading) * r * 2);
    context.stroke();
  }
  context.fillStyle = theme === 'dark' ? '#0b0e12' : '#ffffff';
  context.font = `700 ${Math.round(r * 1.3)}px "Inter Variable", sans-serif`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(signs[standing] ?? '', x, y + 0.5);
}
