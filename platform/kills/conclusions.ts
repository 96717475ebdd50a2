import type { ClientBase } from 'pg';

/**
 * What order, repetition and kills must not change (design: promise 3), each row as one line of text
 * in names rather than numbers, so that two installations can be compared.
 */
const questions = {
  fixes: `select concat_ws('|', v.name, x.at, x.key, x.seq, x.lng, x.lat, x.speed, x.flags) as line
          from fixes x join vehicles v using (vehicle_id)`,
  fix_flags: `select concat_ws('|', v.name, x.at, x.key, x.flags) as line
              from fix_flags x join vehicles v using (vehicle_id) where not x.retracted`,
  crossings: `select concat_ws('|', v.name, g.fence_set, g.name, x.at, x.kind, x.dwell) as line
              from events x join vehicles v using (vehicle_id) join geofences g using (fence_id)
              where not x.retracted`,
  trips: `select concat_ws('|', v.name, x.started_at, x.ended_at, x.start_lng, x.end_lng, x.distance, x.halt_count) as line
          from trips x join vehicles v using (vehicle_id) where not x.retracted`,
  halts: `select concat_ws('|', v.name, x.started_at, x.ended_at, x.lng, x.lat) as line
          from halts x join vehicles v using (vehicle_id) where not x.retracted`,
  behaviours: `select concat_ws('|', v.name, x.fix_at, x.fix_key, x.kind, x.started_at, x.ended_at, x.value, x.source) as line
               from behaviours x join vehicles v using (vehicle_id) where not x.retracted`,
  stop_visits: `select concat_ws('|', v.name, r.code, s.code, x.arrived_at, x.departed_at, x.evidence, x.outcome, x.out_of_sequence) as line
                from stop_visits x join vehicles v using (vehicle_id)
                join routes r on r.route_id = x.route_id join stops s on s.stop_id = x.stop_id
                where not x.retracted`,
} as const;

export type Subject = keyof typeof questions;

/** Lines by subject; a line that stands twice is a double. */
export type Conclusions = Readonly<Record<Subject, readonly string[]>>;

export async function readConclusions(client: ClientBase): Promise<Conclusions> {
  const found = {} as Record<Subject, readonly string[]>;
  for (const subject of Object.keys(questions) as Subject[]) {
    const { rows } = await client.query<{ line: string }>(
      `select line from (${questions[subject]}) as said order by line collate "C"`,
    );
    found[subject] = rows.map((row) => row.line);
  }
  return found;
}

export type Difference = {
  readonly subject: Subject;
  /** Lines of the one run that the other has not, and the other way round; the first few as examples. */
  readonly missing: number;
  readonly unexpected: number;
  readonly examples: readonly string[];
};

/** What `actual` says otherwise than `expected`; none is the good answer. */
export function differences(expected: Conclusions, actual: Conclusions): Difference[] {
  return (Object.keys(questions) as Subject[]).flatMap((subject) => {
    const missing = without(expected[subject], actual[subject]);
    const unexpected = without(actual[subject], expected[subject]);
    if (missing.length === 0 && unexpected.length === 0) return [];
    const examples = [
      ...missing.slice(0, 3).map((line) => `- ${line}`),
      ...unexpected.slice(0, 3).map((line) => `+ ${line}`),
    ];
    return [{ subject, missing: missing.length, unexpected: unexpected.length, examples }];
  });
}

/** The lines of `these` that `those` lack, each as often as it is lacking. */
function without(these: readonly string[], those: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of those) left.set(line, (left.get(line) ?? 0) + 1);
  return these.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}
