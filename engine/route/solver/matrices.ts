import type { ProblemInput } from './problem-input.ts';
import { QUANTITY_MAX } from './validate.ts';

/** One matrix per distinct price of a leg and one per profile, each with its transpose. */
export function packMatrices({ profiles, placeCount, vehicles }: ProblemInput) {
  const isOpen = vehicles.some((v) => v.start === undefined || v.end === undefined);
  const size = placeCount + (isOpen ? 1 : 0);
  const profileMatrices = profiles.map(({ duration }) => padded(duration, placeCount, size));
  const classes: Int32Array[] = [];
  const classByKey = new Map<string, number>();
  const costBase = Int32Array.from(vehicles, (vehicle) => {
    const { perDistance, perTravelTime } = vehicle.costs;
    const profile = vehicle.profile ?? 0;
    const key = `${profile} ${perDistance} ${perTravelTime}`;
    let index = classByKey.get(key);
    if (index === undefined) {
      index = classes.length;
      classByKey.set(key, index);
      const { distance, duration } = profiles[profile] ?? { distance: [], duration: [] };
      const isDistance = perTravelTime === 0 && perDistance === 1;
      const shared = distance === duration ? profileMatrices[profile] : undefined;
      classes.push(
        isDistance
          ? (shared ?? padded(distance, placeCount, size))
          : priced(distance, duration, perDistance, perTravelTime, placeCount, size),
      );
    }
    return index * size * size;
  });
  const cost = joined(classes);
  const isShared = classes.length === 1 && profileMatrices.length === 1 && classes[0] === profileMatrices[0];
  const time = isShared ? cost : joined(profileMatrices);
  const costInto = transposed(cost, size);
  const limitsDistance = vehicles.some((v) => v.distanceMax !== undefined);
  return {
    size,
    nowhere: placeCount,
    costBase,
    timeBase: Int32Array.from(vehicles, (v) => (v.profile ?? 0) * size * size),
    cost,
    costInto,
    time,
    timeInto: isShared ? costInto : transposed(time, size),
    distance: limitsDistance
      ? joined(profiles.map(({ distance }) => padded(distance, placeCount, size)))
      : new Int32Array(0),
  };
}

/** Memory that threads can share. */
function sharedInts(length: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * length));
}

function padded(matrix: ArrayLike<number>, from: number, to: number): Int32Array {
  if (from === to && matrix instanceof Int32Array) return matrix;
  const result = sharedInts(to * to);
  for (let i = 0; i < from; i++) {
    for (let j = 0; j < from; j++) result[i * to + j] = matrix[i * from + j] as number;
  }
  return result;
}

function priced(
  distance: ArrayLike<number>,
  duration: ArrayLike<number>,
  perDistance: number,
  perTime: number,
  from: number,
  to: number,
): Int32Array {
  const result = sharedInts(to * to);
  for (let i = 0; i < from; i++) {
    for (let j = 0; j < from; j++) {
      const k = i * from + j;
      const price = perDistance * (distance[k] as number) + perTime * (duration[k] as number);
      // What does not fit is caught by `pack`; saturate rather than wrap around.
      result[i * to + j] = Math.min(Math.round(price), QUANTITY_MAX);
    }
  }
  return result;
}

function joined(matrices: readonly Int32Array[]): Int32Array {
  const first = matrices[0];
  if (matrices.length === 1 && first) return first;
  const result = sharedInts(matrices.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const matrix of matrices) {
    result.set(matrix, offset);
    offset += matrix.length;
  }
  return result;
}

function transposed(matrices: Int32Array, size: number): Int32Array {
  if (isSymmetric(matrices, size)) return matrices;
  const result = sharedInts(matrices.length);
  for (let base = 0; base < matrices.length; base += size * size) {
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) result[base + j * size + i] = matrices[base + i * size + j] as number;
    }
  }
  return result;
}

/** Entries of one side of a block: two blocks fit into the nearest cache, where whole columns do not. */
const BLOCK = 32;

function isSymmetric(matrices: Int32Array, size: number): boolean {
  for (let base = 0; base < matrices.length; base += size * size) {
    for (let top = 0; top < size; top += BLOCK) {
      for (let left = 0; left <= top; left += BLOCK) {
        if (!isSymmetricBlock(matrices, base, size, top, left)) return false;
      }
    }
  }
  return true;
}

function isSymmetricBlock(
  matrices: Int32Array,
  base: number,
  size: number,
  top: number,
  left: number,
): boolean {
  for (let i = top; i < Math.min(top + BLOCK, size); i++) {
    for (let j = left; j < Math.min(left + BLOCK, i); j++) {
      if (matrices[base + i * size + j] !== matrices[base + j * size + i]) return false;
    }
  }
  return true;
}
