import { paceStatuses } from '../../../schemas/live.ts';
import { mapColours, rgb } from '../core/map-colours.ts';
import { type MapView, worldSize } from '../core/mercator.ts';
import { fleetClock, placeX, placeY, type VanStore } from '../core/van-store.ts';
import type { Theme } from '../state/theme.ts';
import { CROWD, fitCanvas, type VanLayer, type VanLook, vanRadius } from './van-layer.ts';
import { vanFragmentShader, vanVertexShader } from './van-shaders.ts';

/**
 * One van in the buffer, single precision:
 *
 *   place   4   from x, from y, to x, to y, relative to `origin`
 *   glide   2   start, span, milliseconds since `epochMs`
 *   look    4   heading (radians), standing, progress, moving
 *   heard   1   instant of the fix, seconds since `epochAt`
 */
const FLOATS = 11;
/** Below walking pace a heading is noise. m/s */
const MOVING_SPEED = 1;
/** Mercator units from the origin at which single precision would show (≈ 1 cm). */
const ORIGIN_REACH = 0.01;

type Uniforms = Readonly<Record<string, WebGLUniformLocation | null>>;

type Layer = {
  readonly gl: WebGL2RenderingContext;
  readonly uniforms: Uniforms;
  readonly buffer: WebGLBuffer;
  floats: Float32Array;
  uploaded: { store: VanStore | undefined; revision: number; capacity: number };
  originX: number;
  originY: number;
  epochMs: number;
  epochAt: number;
  theme: Theme | undefined;
  /** Vans that the last drawing showed. */
  seen: number;
  /** Passed once the last drawing is painted. */
  painted: WebGLSync | null;
};

/** Undefined where the machine has no WebGL2. */
export function openWebglVans(canvas: HTMLCanvasElement): VanLayer | undefined {
  const gl = canvas.getContext('webgl2', { alpha: true, premultipliedAlpha: true, antialias: false });
  if (gl === null) return undefined;
  const program = link(gl);
  const buffer = gl.createBuffer();
  if (program === undefined || buffer === null) return undefined;
  gl.useProgram(program);
  describe(gl, buffer);
  const names = ['centre', 'worldSize', 'viewport', 'now', 'clock', 'radius', 'selectedVan', 'hoveredVan'];
  names.push('pass', 'colours', 'outline', 'sign_', 'pixel', 'crowd');
  const layer: Layer = {
    gl,
    uniforms: Object.fromEntries(names.map((name) => [name, gl.getUniformLocation(program, name)])),
    buffer,
    floats: new Float32Array(0),
    uploaded: { store: undefined, revision: -1, capacity: 0 },
    originX: 0,
    originY: 0,
    epochMs: 0,
    epochAt: 0,
    theme: undefined,
    seen: 0,
    painted: null,
  };
  return {
    renderer: 'webgl2',
    isBusy: () => isBusy(layer),
    draw: (view, store, nowMs, look) => draw(layer, canvas, view, store, nowMs, look),
    isLost: () => gl.isContextLost(),
    destroy: () => gl.getExtension('WEBGL_lose_context')?.loseContext(),
  };
}

function link(gl: WebGL2RenderingContext): WebGLProgram | undefined {
  const program = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, vanVertexShader],
    [gl.FRAGMENT_SHADER, vanFragmentShader],
  ] as const) {
    const shader = gl.createShader(kind);
    if (shader === null) return undefined;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return gl.getProgramParameter(program, gl.LINK_STATUS) === true ? program : undefined;
}

function describe(gl: WebGL2RenderingContext, buffer: WebGLBuffer): void {
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  let offset = 0;
  for (const [location, size] of [4, 2, 4, 1].entries()) {
    gl.enableVertexAttribArray(location);
    gl.vertexAttribPointer(location, size, gl.FLOAT, false, FLOATS * 4, offset * 4);
    gl.vertexAttribDivisor(location, 1);
    offset += size;
  }
}

function draw(
  layer: Layer,
  canvas: HTMLCanvasElement,
  view: MapView,
  store: VanStore,
  nowMs: number,
  look: VanLook,
): number {
  const { gl, uniforms } = layer;
  const ratio = window.devicePixelRatio;
  fitCanvas(canvas, view, ratio);
  gl.viewport(0, 0, canvas.width, canvas.height);
  gl.clearColor(0, 0, 0, 0);
  gl.clear(gl.COLOR_BUFFER_BIT);
  if (store.count === 0) return 0;
  upload(layer, view, store, nowMs);
  paint(layer, look.theme);
  const slot = (id: number | undefined) => (id === undefined ? -1 : (store.slots.get(id) ?? -1));
  gl.uniform2f(uniforms.centre!, view.x - layer.originX, view.y - layer.originY);
  gl.uniform1f(uniforms.worldSize!, worldSize(view.zoom));
  gl.uniform2f(uniforms.viewport!, view.width, view.height);
  gl.uniform1f(uniforms.now!, nowMs - layer.epochMs);
  gl.uniform1f(uniforms.clock!, fleetClock(store, nowMs) - layer.epochAt);
  layer.seen = countInView(store, view, nowMs);
  gl.uniform1f(uniforms.radius!, vanRadius(view.zoom, layer.seen));
  gl.uniform1i(uniforms.crowd!, layer.seen > CROWD ? 1 : 0);
  gl.uniform1i(uniforms.selectedVan!, slot(look.selected));
  gl.uniform1i(uniforms.hoveredVan!, slot(look.hovered));
  gl.uniform1f(uniforms.pixel!, 1 / ratio);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  for (let pass = 0; pass < 3; pass += 1) {
    gl.uniform1i(uniforms.pass!, pass);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, store.count);
  }
  gl.deleteSync(layer.painted);
  layer.painted = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
  gl.flush();
  return layer.seen;
}

function isBusy({ gl, painted }: Layer): boolean {
  return painted !== null && gl.clientWaitSync(painted, 0, 0) === gl.TIMEOUT_EXPIRED;
}

function paint(layer: Layer, theme: Theme): void {
  if (layer.theme === theme) return;
  layer.theme = theme;
  const { gl, uniforms } = layer;
  const colours = mapColours[theme];
  gl.uniform3fv(
    uniforms.colours!,
    paceStatuses.flatMap((status) => [...rgb(colours.standing[status])]),
  );
  gl.uniform3fv(uniforms.outline!, rgb(colours.outline));
  gl.uniform3fv(uniforms.sign_!, theme === 'dark' ? rgb('#0b0e12') : rgb('#ffffff'));
}

/** Copies the columns into the buffer when they, or the origin, have changed. */
function upload(layer: Layer, view: MapView, store: VanStore, nowMs: number): void {
  const far = Math.hypot(view.x - layer.originX, view.y - layer.originY) > ORIGIN_REACH;
  const { uploaded, gl } = layer;
  if (uploaded.store === store && uploaded.revision === store.revision && !far) return;
  if (far) {
    layer.originX = view.x;
    layer.originY = view.y;
  }
  layer.epochMs = nowMs;
  layer.epochAt = store.clock;
  const { count } = store;
  if (layer.floats.length < count * FLOATS) layer.floats = new Float32Array(store.ids.length * FLOATS);
  const { floats, originX, originY } = layer;
  for (let slot = 0, to = 0; slot < count; slot += 1, to += FLOATS) {
    floats[to] = store.fromX[slot]! - originX;
    floats[to + 1] = store.fromY[slot]! - originY;
    floats[to + 2] = store.toX[slot]! - originX;
    floats[to + 3] = store.toY[slot]! - originY;
    floats[to + 4] = store.startMs[slot]! - nowMs;
    floats[to + 5] = store.spanMs[slot]!;
    floats[to + 6] = (store.heading[slot]! * Math.PI) / 180;
    floats[to + 7] = store.standing[slot]!;
    floats[to + 8] = store.progress[slot]!;
    floats[to + 9] = store.speed[slot]! >= MOVING_SPEED ? 1 : 0;
    floats[to + 10] = store.at[slot]! - layer.epochAt;
  }
  const used = floats.subarray(0, count * FLOATS);
  if (uploaded.capacity < floats.length) {
    gl.bufferData(gl.ARRAY_BUFFER, floats.byteLength, gl.DYNAMIC_DRAW);
  }
  gl.bufferSubData(gl.ARRAY_BUFFER, 0, used);
  layer.uploaded = { store, revision: store.revision, capacity: Math.max(uploaded.capacity, floats.length) };
}

function countInView(store: VanStore, view: MapView, nowMs: number): number {
  const halfWidth = view.width / 2 / worldSize(view.zoom);
  const halfHeight = view.height / 2 / worldSize(view.zoom);
  let seen = 0;
  for (let slot = 0; slot < store.count; slot += 1) {
    const isSeen =
      Math.abs(placeX(store, slot, nowMs) - view.x) <= halfWidth &&
      Math.abs(placeY(store, slot, nowMs) - view.y) <= halfHeight;
    if (isSeen) seen += 1;
  }
  return seen;
}
