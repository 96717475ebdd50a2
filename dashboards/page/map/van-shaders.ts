/**
 * One instance is one van. The vertex shader moves it between its two known places, so a tick costs
 * one upload and a frame costs nothing per van on the main thread; the fragment shader draws disc,
 * ring, arrow and sign as signed distances in CSS pixels, sharp at every zoom.
 */
export const vanVertexShader = `#version 300 es
precision highp float;
// Places relative to an origin near the fleet: single precision holds a fleet, not the world.
layout(location = 0) in vec4 place;   // from x, from y, to x, to y
layout(location = 1) in vec2 glide;   // start, span: milliseconds since the layer's epoch
layout(location = 2) in vec4 look;    // heading (radians), standing, progress, moving
layout(location = 3) in float heard;  // instant of the fix, seconds since the layer's epoch
uniform vec2 centre;
uniform float worldSize;
uniform vec2 viewport;
uniform float now;
uniform float clock;
uniform float radius;
uniform int selectedVan;
uniform int hoveredVan;
uniform int pass;
uniform int crowd;   // 1: so many are on the screen that each is a dot
flat out vec4 vanLook;
flat out float vanRadius;
flat out float vanSilence;
flat out float vanAlpha;
flat out float vanHalo;
flat out float vanRim;
out vec2 offset;

int passOf(float standing) {
  if (gl_InstanceID == selectedVan) return 2;
  return standing > 1.5 && standing < 3.5 ? 1 : 0; // behind and at risk lie above the others
}

void main() {
  if (passOf(look.y) != pass) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    return;
  }
  float share = glide.y <= 0.0 ? 1.0 : clamp((now - glide.x) / glide.y, 0.0, 1.0);
  vec2 at = mix(place.xy, place.zw, share);
  bool isChosen = gl_InstanceID == selectedVan || gl_InstanceID == hoveredVan;
  float age = clock - heard;
  vanSilence = age > 300.0 ? 2.0 : age > 60.0 ? 1.0 : 0.0;
  vanLook = crowd == 1 && !isChosen ? vec4(look.xyz, 0.0) : look;
  vanRadius = radius * (isChosen ? 1.35 : passOf(look.y) == 1 ? 1.1 : 1.0);
  vanHalo = gl_InstanceID == selectedVan ? 1.0 : 0.0;
  vanAlpha = selectedVan >= 0 && !isChosen ? 0.35 : 1.0;
  // In software a frame costs what its pixels cost, so the square is no larger than what is drawn.
  float rim = crowd == 1 && !isChosen ? 0.5 : 2.5;
  float reach = vanHalo > 0.5 ? vanRadius * 1.9 + 5.0 : vanLook.w > 0.5 ? vanRadius * 1.85 + 2.5 : vanRadius + rim;
  vec2 corner = vec2(float(gl_VertexID & 1) * 2.0 - 1.0, float(gl_VertexID >> 1) * 2.0 - 1.0);
  vanRim = rim;
  offset = corner * reach;
  vec2 pixels = (at - centre) * worldSize + offset;
  gl_Position = vec4(pixels.x * 2.0 / viewport.x, -pixels.y * 2.0 / viewport.y, 0.0, 1.0);
}
`;

export const vanFragmentShader = `#version 300 es
precision highp float;
flat in vec4 vanLook;
flat in float vanRadius;
flat in float vanSilence;
flat in float vanAlpha;
flat in float vanHalo;
flat in float vanRim;
in vec2 offset;
uniform vec3 colours[6];
uniform vec3 outline;
uniform vec3 sign_;
uniform float pixel;   // CSS pixels per device pixel
out vec4 painted;

const float PI = 3.14159265;

float segment(vec2 p, vec2 a, vec2 b) {
  vec2 along = b - a;
  return length(p - a - along * clamp(dot(p - a, along) / dot(along, along), 0.0, 1.0));
}
// Isosceles triangle pointing up (−y), after Inigo Quilez, iquilezles.org/articles/distfunctions2d.
float triangle(vec2 p, float halfWidth, float top, float bottom) {
  vec2 edge = normalize(vec2(bottom - top, halfWidth));
  return max(dot(vec2(abs(p.x), -(p.y - top)), edge), p.y - bottom);
}
float cover(float distance) {
  return clamp(0.5 - distance / pixel, 0.0, 1.0);
}
void over(inout vec4 under, vec3 colour, float alpha) {
  under = vec4(colour * alpha + under.rgb * (1.0 - alpha), alpha + under.a * (1.0 - alpha));
}
float signDistance(int standing, vec2 p, float r) {
  float stroke = max(0.9, r * 0.15);
  if (standing == 2) return triangle(vec2(p.x, -p.y), r * 0.58, -r * 0.5, r * 0.36);
  if (standing == 3) {
    float bar = segment(p, vec2(0.0, -r * 0.5), vec2(0.0, r * 0.1)) - stroke;
    return min(bar, length(p - vec2(0.0, r * 0.5)) - stroke * 1.15);
  }
  if (standing == 4) return triangle(p, r * 0.58, -r * 0.5, r * 0.36);
  if (standing == 5) {
    return min(segment(p, vec2(-r * 0.45, 0.05 * r), vec2(-r * 0.1, r * 0.38)),
      segment(p, vec2(-r * 0.1, r * 0.38), vec2(r * 0.48, -r * 0.35))) - stroke * 0.8;
  }
  return length(p) - r * 0.3;
}

void main() {
  int standing = int(vanLook.y + 0.5);
  vec3 colour = colours[standing];
  if (vanSilence > 0.5) colour = mix(colour, vec3(0.5), vanSilence > 1.5 ? 0.6 : 0.3);
  float r = vanRadius;
  float away = length(offset);
  bool isDetailed = r >= 6.0;
  painted = vec4(0.0);
  if (away > r + vanRim && vanHalo < 0.5 && vanLook.w < 0.5) return;

  if (vanHalo > 0.5) over(painted, colour, 0.28 * cover(away - r * 1.9 - 3.0));
  // Arrow: where the van is heading, only while it moves.
  if (vanLook.w > 0.5) {
    float c = cos(vanLook.x);
    float s = sin(vanLook.x);
    vec2 ahead = vec2(offset.x * c + offset.y * s, -offset.x * s + offset.y * c);
    float arrow = triangle(ahead, r * 0.85, -r * 1.85, -r * 0.55);
    over(painted, outline, cover(arrow - 1.2));
    over(painted, colour, cover(arrow));
  }
  over(painted, outline, cover(away - r - min(1.2, vanRim)));
  if (isDetailed) {
    float ringWidth = max(1.6, r * 0.22);
    float turn = atan(offset.x, -offset.y) / (2.0 * PI);
    float along = turn < 0.0 ? turn + 1.0 : turn;
    float ring = abs(away - r + ringWidth * 0.5) - ringWidth * 0.5;
    float disc = away - (r - ringWidth - 0.8);
    vec3 body = standing == 0 ? outline : colour;
    over(painted, mix(outline, colour, 0.35), cover(ring));
    if (along <= vanLook.z) over(painted, mix(colour, sign_, 0.45), cover(ring));
    over(painted, body, cover(disc));
    float mark = signDistance(standing, offset, r - ringWidth);
    over(painted, standing == 0 ? colour : sign_, cover(mark));
  } else {
    over(painted, standing == 0 ? outline : colour, cover(away - r + 0.2));
    if (standing == 0) over(painted, colour, cover(abs(away - r + 1.0) - 0.7));
  }
  float alpha = vanAlpha;
  if (vanSilence > 1.5) {
    float stripe = fract((offset.x + offset.y) / 4.5);
    alpha *= stripe < 0.5 ? 0.75 : 0.25;
  } else if (vanSilence > 0.5) {
    alpha *= 0.55;
  }
  painted *= alpha;
}
`;
