import { noCalibration } from './calibration.ts';
import { noExperience, type Sums } from './experience.ts';
import { type DriverRecord, type Learned, nothingLearned } from './learned.ts';
import { noSpeeds } from './speeds.ts';

/** Grows when columns change their meaning: what was learned before is then learned anew. */
const FORM = 1;

/** `Learned` as JSON; drivers are an object by id, so that one of them can be taken out. */
export type LearnedJson = {
  readonly form: number;
  readonly version: number;
  readonly sums: Omit<Sums, 'service' | 'leg'> & {
    readonly service: readonly number[];
    readonly leg: readonly number[];
  };
  readonly drivers: Readonly<Record<string, DriverRecord>>;
  readonly between: Learned['between'] | null;
  readonly form_variance: number;
  readonly calibration: readonly number[];
  readonly hours: readonly number[];
  readonly areas: readonly (readonly [area: number, expected: number, actual: number])[];
};

export function learnedJson(learned: Learned): LearnedJson {
  const { version, sums, drivers, between, form, calibration, speeds } = learned;
  return {
    ...{ form: FORM, version, between: between ?? null, form_variance: form },
    sums: { ...sums, service: [...sums.service], leg: [...sums.leg] },
    drivers: Object.fromEntries(drivers),
    calibration: [...calibration.counts],
    hours: [...speeds.hours],
    areas: [...speeds.areas].map(([area, [expected, actual]]) => [area, expected, actual] as const),
  };
}

/** What a row holds; nothing, when it is of another form. */
export function learnedFrom(json: unknown): Learned {
  const told = json as Partial<LearnedJson> | null;
  if (typeof told !== 'object' || told === null || told.form !== FORM) return nothingLearned;
  const { version, sums, drivers, between, form_variance, calibration, hours, areas } = told as LearnedJson;
  const column = (values: readonly number[], like: Float64Array) =>
    values.length === like.length ? Float64Array.from(values) : undefined;
  const service = column(sums.service, noExperience.service);
  const leg = column(sums.leg, noExperience.leg);
  const counts = column(calibration, noCalibration.counts);
  const byHour = column(hours, noSpeeds.hours);
  if (!service || !leg || !counts || !byHour) return nothingLearned;
  return {
    ...{ version, sums: { ...sums, service, leg }, between: between ?? undefined, form: form_variance },
    drivers: new Map(Object.entries(drivers).map(([id, record]) => [Number(id), record])),
    calibration: { counts },
    speeds: {
      hours: byHour,
      areas: new Map(areas.map(([area, expected, actual]) => [area, [expected, actual] as const])),
    },
  };
}
