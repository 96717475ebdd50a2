/**
 * Seconds to wait before attempt number `attempt` (0-based): doubling from half a second to half a
 * minute, with full jitter on the upper half so that a thousand pages do not return in one instant.
 * `chance` is a random number in [0, 1).
 */
export function backoffSeconds(attempt: number, chance: number): number {
  const ceiling = Math.min(30, 0.5 * 2 ** Math.min(attempt, 10));
  return ceiling / 2 + (ceiling / 2) * chance;
}
