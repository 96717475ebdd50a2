/** A line of nothing but numbers, or undefined. */
export function numbersOf(line: string): number[] | undefined {
  const trimmed = line.trim();
  if (trimmed === '') return undefined;
  const numbers = trimmed.split(/\s+/).map(Number);
  return numbers.every(Number.isFinite) ? numbers : undefined;
}
