export const HOURS = 24;

/** Hour of the day of an instant, UTC. */
export const hourOf = (at: number): number => Math.floor(at / 3600) % HOURS;
