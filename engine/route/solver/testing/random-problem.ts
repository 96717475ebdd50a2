import { type Random, random } from '../../../../schemas/random.ts';
import type { ProblemInput, StopInput, VehicleInput, VisitInput } from '../problem-input.ts';

/** What a generated problem may have beyond windows and capacity. */
export type Spice = {
  /** All vehicles alike. */
  readonly isUniform?: boolean;
  readonly isAsymmetric?: boolean;
  readonly hasDurations?: boolean;
  readonly isRich?: boolean;
  readonly hasPickups?: boolean;
  readonly hasShipments?: boolean;
  readonly hasSkills?: boolean;
  readonly isOpen?: boolean;
  readonly mayBeLeftOut?: boolean;
  readonly hasDimensions?: boolean;
};

/** A problem from a seed, small enough to solve in a test and with every odd thing switched on by name. */
export function randomProblem(seed: number, spice: Spice): ProblemInput {
  const dice = random(`problem ${seed}`);
  const stopCount = 4 + dice.integer(20);
  const placeCount = stopCount + 2;
  const dimensions = spice.hasDimensions ? 3 : 1;
  const points = Array.from({ length: placeCount }, () => [dice.integer(100), dice.integer(100)] as const);
  const distance = points.flatMap(([x, y]) =>
    points.map(([toX, toY]) => {
      const straight = Math.hypot(toX - x, toY - y);
      return Math.round(straight * (spice.isAsymmetric ? dice.between(1, 1.5) : 1));
    }),
  );
  const duration = distance.map((metres) => metres + (spice.isAsymmetric ? dice.integer(3) : 0));
  const model = randomVehicle(0, dice, spice, dimensions);
  const vehicles = Array.from({ length: 2 + dice.integer(5) }, (_, v) =>
    spice.isUniform ? { ...model, id: `v${v}` } : randomVehicle(v, dice, spice, dimensions),
  );
  const stops: StopInput[] = [];
  const shipments = [];
  for (let k = 0; k < stopCount; k++) {
    const common = {
      id: `s${k}`,
      ...(spice.hasSkills && dice.chance(0.3) && { skills: [dice.pick(['lift', 'cool'])] }),
      ...(spice.mayBeLeftOut && dice.chance(0.5) && { unservedCost: dice.integer(100) }),
      ...(spice.isRich && dice.chance(0.3) && { home: { vehicle: 'v0', moveCost: dice.integer(20) } }),
    };
    const amount = Array.from({ length: dimensions }, () => dice.integer(4));
    if (spice.hasShipments && dice.chance(0.4)) {
      const [pickup, delivery] = [visit(2 + k, dice, spice), visit(2 + dice.integer(stopCount), dice, spice)];
      shipments.push({ ...common, amount, pickup, delivery });
    } else {
      const what = spice.hasPickups && dice.chance(0.5) ? { pickup: amount } : { delivery: amount };
      stops.push({ ...common, ...visit(2 + k, dice, spice), ...what });
    }
  }
  return {
    name: `random ${seed}`,
    placeCount,
    profiles: [{ distance, duration }],
    stops,
    shipments,
    vehicles,
  };
}

function visit(place: number, dice: Random, spice: Spice): VisitInput {
  const from = dice.integer(500);
  const until = from + dice.integer(400);
  const later = { from: until + 50, until: until + 150 };
  return {
    place,
    service: dice.integer(20),
    ...(dice.chance(0.7) && {
      windows: [{ from, until }, ...(spice.isRich && dice.chance(0.4) ? [later] : [])],
    }),
    ...(spice.isRich &&
      dice.chance(0.4) && {
        lateness: [
          { after: from + 20, rate: 1 },
          { after: from + 100, rate: 2 },
        ],
      }),
  };
}

function randomVehicle(v: number, dice: Random, spice: Spice, dimensions: number): VehicleInput {
  const isRich = spice.isRich && dice.chance(0.7);
  return {
    id: `v${v}`,
    start: dice.integer(2),
    ...(!(spice.isOpen && dice.chance(0.5)) && { end: dice.integer(2) }),
    capacity: Array.from({ length: dimensions }, () => 5 + dice.integer(15)),
    shift: { from: dice.integer(50), until: 600 + dice.integer(500) },
    skills: v === 0 || dice.chance(0.5) ? ['lift', 'cool'] : [],
    ...(spice.hasDurations && dice.chance(0.7) && { durationMax: 300 + dice.integer(400) }),
    ...(isRich && {
      breaks: [{ window: { from: 200 + dice.integer(100), until: 400 + dice.integer(100) }, duration: 30 }],
      stopsMax: 3 + dice.integer(8),
      distanceMax: 200 + dice.integer(500),
      travelTimeMax: 300 + dice.integer(500),
    }),
    costs: {
      fixed: dice.integer(50),
      perDistance: 1 + dice.integer(3),
      perTravelTime: dice.integer(2),
      ...(spice.hasDurations && { perDuration: dice.integer(2) }),
      ...(isRich && { overtime: { after: 300, rate: 2 } }),
    },
  };
}
