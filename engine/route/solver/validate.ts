import type { ProblemInput, ShipmentInput, StopInput, VehicleInput, VisitInput } from './problem-input.ts';

/** Sums of times and of costs stay below 2^31 when every single one is below this. */
export const QUANTITY_MAX = 2 ** 28;

/** Everything wrong with a problem, in sentences for the person who wrote it; empty when sound. */
export function complaints(input: ProblemInput): readonly string[] {
  const found: string[] = [];
  const say = (sentence: string): void => {
    if (found.length < 20) found.push(sentence);
  };
  checkMatrices(input, say);
  if (input.vehicles.length === 0) say('there are no vehicles');
  if (input.stops.length + (input.shipments?.length ?? 0) === 0) say('there are no stops');

  const dimensions = input.vehicles[0]?.capacity.length ?? 0;
  const vehicleIds = new Set<string>();
  const skills = new Set<string>();
  for (const vehicle of input.vehicles) {
    if (vehicleIds.has(vehicle.id)) say(`vehicle ${vehicle.id}: the id is used twice`);
    vehicleIds.add(vehicle.id);
    for (const skill of vehicle.skills ?? []) skills.add(skill);
    checkVehicle(vehicle, input, dimensions, say);
  }
  const ids = new Set<string>();
  for (const task of [...input.stops, ...(input.shipments ?? [])]) {
    if (ids.has(task.id)) say(`stop ${task.id}: the id is used twice`);
    ids.add(task.id);
    for (const skill of task.skills ?? []) {
      if (!skills.has(skill)) say(`stop ${task.id}: no vehicle has the skill “${skill}”`);
    }
    for (const vehicle of [...(task.vehicles ?? []), ...(task.home ? [task.home.vehicle] : [])]) {
      if (!vehicleIds.has(vehicle)) say(`stop ${task.id}: there is no vehicle ${vehicle}`);
    }
    checkAmount(`stop ${task.id}: the cost of leaving it out`, task.unservedCost ?? 0, say);
    checkAmount(`stop ${task.id}: the cost of moving it`, task.home?.moveCost ?? 0, say);
    if ('amount' in task) checkShipment(task, input, dimensions, say);
    else checkStop(task, input, dimensions, say);
  }
  return found;
}

type Say = (sentence: string) => void;

function checkMatrices({ placeCount, profiles }: ProblemInput, say: Say): void {
  if (profiles.length === 0) say('there is no travel matrix');
  for (const [index, profile] of profiles.entries()) {
    for (const name of ['distance', 'duration'] as const) {
      const matrix = profile[name];
      if (matrix.length !== placeCount * placeCount) {
        say(
          `matrix ${index}, ${name}: ${placeCount} places need ${placeCount * placeCount} entries, got ${matrix.length}`,
        );
        continue;
      }
      for (let i = 0; i < matrix.length; i++) {
        const entry = matrix[i] as number;
        if (entry >= 0 && entry < QUANTITY_MAX && Math.floor(entry) === entry) continue;
        const where = `${Math.floor(i / placeCount)} to ${i % placeCount}`;
        say(`matrix ${index}, ${name} from ${where}: ${entry} is not a whole number within 0 … 2^28`);
        break;
      }
    }
  }
}

function checkVehicle(vehicle: VehicleInput, input: ProblemInput, dimensions: number, say: Say): void {
  const name = `vehicle ${vehicle.id}`;
  checkVector(`${name}: capacity`, vehicle.capacity, dimensions, say);
  checkWindow(`${name}: shift`, vehicle.shift, say);
  for (const place of [vehicle.start, vehicle.end]) {
    if (place !== undefined) checkPlace(name, place, input, say);
  }
  const profile = vehicle.profile ?? 0;
  if (input.profiles[profile] === undefined) say(`${name}: there is no matrix ${profile}`);
  const { durationMax, travelTimeMax, distanceMax, stopsMax, costs } = vehicle;
  for (const [what, value] of Object.entries({ durationMax, travelTimeMax, distanceMax, stopsMax })) {
    if (value !== undefined) checkWhole(`${name}: ${what}`, value, say);
  }
  for (const pause of vehicle.breaks ?? []) {
    checkWindow(`${name}: break`, pause.window, say);
    checkWhole(`${name}: duration of a break`, pause.duration, say);
  }
  const { fixed, perDistance, perTravelTime, perDuration = 0, overtime } = costs;
  const amounts = { fixed, perDistance, perTravelTime, perDuration, overtime: overtime?.rate ?? 0 };
  for (const [what, value] of Object.entries(amounts)) checkAmount(`${name}: cost ${what}`, value, say);
  if (overtime) checkWhole(`${name}: start of overtime`, overtime.after, say);
}

function checkStop(stop: StopInput, input: ProblemInput, dimensions: number, say: Say): void {
  checkVisit(`stop ${stop.id}`, stop, input, say);
  for (const what of ['delivery', 'pickup'] as const) {
    const amount = stop[what];
    if (amount) checkVector(`stop ${stop.id}: ${what}`, amount, dimensions, say);
  }
}

function checkShipment(shipment: ShipmentInput, input: ProblemInput, dimensions: number, say: Say): void {
  checkVector(`shipment ${shipment.id}: amount`, shipment.amount, dimensions, say);
  checkVisit(`shipment ${shipment.id}, pickup`, shipment.pickup, input, say);
  checkVisit(`shipment ${shipment.id}, delivery`, shipment.delivery, input, say);
}

function checkVisit(name: string, visit: VisitInput, input: ProblemInput, say: Say): void {
  checkPlace(name, visit.place, input, say);
  checkWhole(`${name}: service`, visit.service, say);
  if (visit.windows?.length === 0) say(`${name}: an empty list of windows can never be met`);
  let last = -1;
  for (const window of visit.windows ?? []) {
    checkWindow(name, window, say);
    if (window.from <= last) say(`${name}: windows overlap or are not in order`);
    last = window.until;
  }
  for (const { after, rate } of visit.lateness ?? []) {
    checkInstant(`${name}: lateness after`, after, say);
    checkAmount(`${name}: lateness rate`, rate, say);
  }
}

function checkPlace(name: string, place: number, { placeCount }: ProblemInput, say: Say): void {
  if (Number.isInteger(place) && place >= 0 && place < placeCount) return;
  say(`${name}: place ${place} is not one of the ${placeCount} of the matrix`);
}

function checkWindow(name: string, { from, until }: { from: number; until: number }, say: Say): void {
  checkInstant(`${name}: window from`, from, say);
  checkInstant(`${name}: window until`, until, say);
  if (until < from) say(`${name}: the window ends (${until}) before it begins (${from})`);
}

function checkInstant(name: string, value: number, say: Say): void {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 42) return;
  say(`${name}: ${value} is not a whole number of at least 0`);
}

function checkWhole(name: string, value: number, say: Say): void {
  if (Number.isInteger(value) && value >= 0 && value < QUANTITY_MAX) return;
  say(`${name}: ${value} is not a whole number within 0 … 2^28`);
}

function checkAmount(name: string, value: number, say: Say): void {
  if (Number.isFinite(value) && value >= 0) return;
  say(`${name}: ${value} is not a number of at least 0`);
}

function checkVector(name: string, vector: readonly number[], dimensions: number, say: Say): void {
  if (vector.length !== dimensions) {
    say(`${name}: has ${vector.length} dimensions, the first vehicle’s capacity has ${dimensions}`);
  }
  for (const value of vector) checkWhole(name, value, say);
}
