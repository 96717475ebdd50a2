/**
 * The common table `now_of_fleet (clock)`: the instant the fleet is at. A fleet without any fix is at
 * the wall clock's.
 */
export const clockTable = `now_of_fleet as (
  select coalesce((select clock from v_fleet_clock), now()) as clock
)`;

/** Whether a route (with these columns in scope) belongs to the day in hand, by `now_of_fleet`. */
export function isActive(route: string): string {
  return `${route}.planned_departure - interval '2 hours' <= (select clock from now_of_fleet)
    and ${route}.planned_return + interval '6 hours' >= (select clock from now_of_fleet)`;
}
