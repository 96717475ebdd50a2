/** SQLSTATE classes that blame the values: data exception, constraint violated, limit exceeded. */
const dataClasses = new Set(['22', '23', '54']);

/**
 * Who is to blame for a write that failed: the `data` (then a smaller batch tells which), the
 * `world` (then the same batch is written again), or we (`bug`).
 */
export function failureOf(error: unknown): 'data' | 'world' | 'bug' {
  if (!(error instanceof Error)) return 'bug';
  if (error instanceof RangeError || error instanceof TypeError) return 'data';
  if (error.message.startsWith('bug:')) return 'bug';
  const code = 'code' in error ? String(error.code) : '';
  // Retention has dropped the week since it was made: it is made again.
  if (code === '23514' && error.message.startsWith('no partition of relation')) return 'world';
  return /^[0-9A-Z]{5}$/.test(code) && dataClasses.has(code.slice(0, 2)) ? 'data' : 'world';
}
