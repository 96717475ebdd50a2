import type { Fix } from '../../schemas/fix.ts';
import { hash32 } from '../../schemas/random.ts';

/** The measured values of a fix: what two reports must share to be the same when neither has a seq. */
export type Measured = Pick<
  Fix,
  | 'lng'
  | 'lat'
  | 'speed'
  | 'heading'
  | 'accuracy'
  | 'altitude'
  | 'satellites'
  | 'ignition'
  | 'odometer'
  | 'fuel'
  | 'soc'
  | 'rpm'
  | 'door'
  | 'belt'
>;

// One number a slot, in a fixed order: the hash is part of what is stored, so it may never change.
const slots = new Float64Array(15);
const words = new Uint32Array(slots.buffer);
const isLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/**
 * Key of a fix without `seq`: −(1 + 52 bits of hash), so it is negative and exact as a double.
 * Not hashed: when and how it was sent or received. Two lanes of MurmurHash3's 32-bit mix
 * (Appleby, public domain); 52 bits make two different reports of one van and millisecond collide
 * once in 4·10¹⁵.
 *
 * `eventsText` is the canonical JSON of the device's events, empty when there are none.
 */
export function contentKey(measured: Measured, eventsText: string): number {
  slots[0] = measured.lng + 0; // −0 becomes 0
  slots[1] = measured.lat + 0;
  slots[2] = number(measured.speed);
  slots[3] = number(measured.heading);
  slots[4] = number(measured.accuracy);
  slots[5] = number(measured.altitude);
  slots[6] = number(measured.satellites);
  slots[7] = truth(measured.ignition);
  slots[8] = number(measured.odometer);
  slots[9] = number(measured.fuel);
  slots[10] = number(measured.soc);
  slots[11] = number(measured.rpm);
  slots[12] = truth(measured.door);
  slots[13] = truth(measured.belt);
  slots[14] = eventsText === '' ? 0 : hash32(eventsText) + 1;
  let low = 0x9e3779b9;
  let high = 0x85ebca6b;
  for (let i = 0; i < words.length; i += 2) {
    const first = words[isLittleEndian ? i : i + 1] as number;
    const second = words[isLittleEndian ? i + 1 : i] as number;
    low = mix(mix(low, first), second);
    high = mix(mix(high, second), first);
  }
  return -(1 + (finish(high ^ low) & 0xfffff) * 4294967296 + finish(low));
}

// Outside what any field can say, so "unknown" differs from every value.
const UNKNOWN = -1.5e300;

const number = (value: number | undefined): number => (value === undefined ? UNKNOWN : value + 0);
const truth = (value: boolean | undefined): number => (value === undefined ? UNKNOWN : value ? 1 : 0);

function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
