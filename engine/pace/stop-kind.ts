/** Classes of stops by their planned seconds: short promises run over in other ways than long ones. */
const KIND_BELOW = [30, 42, 55, 70, 90, 120, 170, 280] as const;
export const STOP_KINDS = KIND_BELOW.length + 1;

export function stopKind(plannedSeconds: number): number {
  let kind = 0;
  while (kind < KIND_BELOW.length && plannedSeconds >= KIND_BELOW[kind]!) kind++;
  return kind;
}
