import { random } from '../../../../schemas/random.ts';
import { expected } from '../outlook.ts';
import { type RescueStop, type RescueVan, rescueParams } from '../problem.ts';

export type RandomVans = {
  readonly seed: string;
  readonly vans: number;
  readonly stops: number;
  /** The first so many vans will be so many seconds late; the others have so many to spare. */
  readonly late: number;
  readonly behind: number;
  readonly spare: number;
};

/** Vans side by side in one quarter, some of them late; one stop in four is due before the day's end. */
export function randomVans({ seed, vans, stops, late, behind, spare }: RandomVans): RescueVan[] {
  const chance = random(seed);
  return Array.from({ length: vans }, (_, v): RescueVan => {
    const [left, low] = [(v % 2) * 1500, Math.floor(v / 2) * 1500];
    const own = Array.from(
      { length: stops },
      (_, k): RescueStop => ({
        ...{ id: v * 1000 + k, x: left + chance.between(0, 1500), y: low + chance.between(0, 1500) },
        ...{ service: chance.between(40, 160), kind: 0, before: -1, leg: 0 },
        ...{ from: Number.NEGATIVE_INFINITY, due: Number.POSITIVE_INFINITY },
        ...{ packages: 1 + chance.integer(3), skills: [] },
      }),
    ).sort((a, b) => a.y - b.y);
    const van: RescueVan = {
      ...{ id: v + 1, at: 0, x: left, y: low, stops: own, committed: 1, firstAt: 60, firstVariance: 400 },
      depot: { x: 0, y: -3000 },
      ...{ finishBy: Number.POSITIVE_INFINITY, hoursUntil: Number.POSITIVE_INFINITY },
      pace: {
        ...{ slope: 1, more: 0, travelDispersion: 15, travelVariance: 0.003 },
        ...{ service: [1], serviceCv2: [0.35], serviceVariance: 0.004, patience: 0.5 },
      },
      ...{ fit: { more: 20, perMetre: 0.19 }, pause: { seconds: 0, from: 0 } },
      ...{ capacity: stops * 4, skills: [], isStuck: false, mayHelp: true },
    };
    const finishBy = expected(van, rescueParams).finish.mean + (v < late ? -behind : spare);
    const stopsDue = own.map((stop) => ({
      ...stop,
      due: chance.chance(0.25) ? finishBy * chance.between(0.6, 1) : finishBy - 900,
    }));
    return { ...van, stops: stopsDue, finishBy, hoursUntil: finishBy + 7200 };
  });
}
