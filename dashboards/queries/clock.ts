/**
 * The common table `now_of_fleet (clock)`: the instant the fleet is at. A fleet without any fix is at
 * the wall clock's.
 */
export const clockTable = `now_of_fleet as (
  select coalesce((select clock from v_fleet_clock), now()) as clock
)`;

/**
 * Whether a route (with these columns in scope) belongs to the day in hand, by `now_of_fleet`: from
 * two hours before planned departure to six after planned return. Bare columns on the left, since
 * only then the condition goes into a security barrier view and finds its index; the lower bound on
 * departure is for that index, and longer than any shift.
 */
export function isActive(route: string): string {
  return `${route}.planned_departure <= (select clock + interval '2 hours' from now_of_fleet)
    and ${route}.planned_departure >= (select clock - interval '2 days' from now_of_fleet)
    and ${route}.planned_return >= (select clock - interval '6 hours' from now_of_fleet)`;
}
