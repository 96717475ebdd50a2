/** Temperatures as multiples of the mean cost of a leg. */
export type CoolingParams = {
  /** The first, where there is time for 1,000 iterations a stop … */
  readonly hot: number;
  /** … the first when a good plan is only to be polished and not forgotten … */
  readonly warm: number;
  /** … and the last. */
  readonly cold: number;
};

/** How far annealing is: cycles of cooling, the last of which polishes the best plan of the others. */
export type Cooling = {
  /** Cycles before the last; 0 until the pace of the search is known. */
  count: number;
  cycle: number;
  begin: number;
  end: number;
};

/** Share of the budget after which the pace is known, and share of the last of several cycles. */
const PROBED = 0.02;
const POLISHING = 0.15;
const CYCLES_MAX = 4;
/** Iterations a stop, per stop, that are worth a cycle: beyond, a second descent finds more than a slower one. */
const WORTH_A_CYCLE = 12;

export function openCooling(): Cooling {
  return { count: 0, cycle: 0, begin: 0, end: 1 };
}

/**
 * Move on to `done` (0 … 1 of the budget), where `reach` iterations a stop are to be expected in all. Returns whether
 * the last of several cycles has just begun, which starts from the best plan.
 *
 * One long descent freezes where it happens to be: small problems have time for several, large ones average out.
 */
export function advance(
  cooling: Cooling,
  done: number,
  reach: number,
  stopCount: number,
  isWarm: boolean,
): boolean {
  if (cooling.count === 0 && done >= PROBED) {
    const cycles = Math.floor(reach / (WORTH_A_CYCLE * stopCount));
    cooling.count = isWarm ? 1 : Math.min(Math.max(cycles, 1), CYCLES_MAX);
    cooling.end = cooling.count === 1 ? 1 : (1 - POLISHING) / cooling.count;
  }
  if (cooling.count <= 1 || done < cooling.end || cooling.end >= 1) return false;
  cooling.cycle++;
  cooling.begin = cooling.end;
  const isLast = cooling.cycle === cooling.count;
  cooling.end = isLast ? 1 : cooling.begin + (1 - POLISHING) / cooling.count;
  return isLast;
}

/** The temperature now: geometric from hot to cold within a cycle, hotter where there is more time to come down. */
export function temperatureAt(
  { count, cycle, begin, end }: Cooling,
  { hot, warm, cold }: CoolingParams,
  done: number,
  reach: number,
  isWarm: boolean,
): number {
  const isPolishing = isWarm || (count > 1 && cycle === count);
  const fitted = hot * Math.sqrt(Math.min(Math.max(reach * (end - begin), 100), 10_000) / 1_000);
  const first = isPolishing ? warm : fitted;
  return first * (cold / first) ** ((done - begin) / (end - begin));
}
