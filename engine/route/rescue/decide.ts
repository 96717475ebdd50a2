/** P(late) from which help is looked for, once the planned end is this near … */
const ACT_FROM = 0.4;
const LEAD_SECONDS = 9000;
/** … and from which it is looked for at any time. */
const SURE = 0.995;

/**
 * Act or wait: every stop served tells more about the rest of the day, of the giver and of who could
 * help, so what is not certain waits until there is just time to meet and deliver.
 */
export function isDue(late: number, secondsLeft: number): boolean {
  return late >= SURE || (late >= ACT_FROM && secondsLeft <= LEAD_SECONDS);
}
