import type { Log } from '../schemas/program.ts';

const EVERY_MS = 10_000;

type Repeats = { times: number; total: number; fields: object; timer: NodeJS.Timeout | undefined };

/**
 * A log for what strangers can cause as often as they like, such as refused log-ins: of each kind of
 * warning the first is written, and the rest as one line every ten seconds, with how often it came
 * (`times`), how often since the start (`total`), and what the last was. Kinds are told apart by the
 * event, so no more is kept than there are events in the program.
 */
export function thinned(log: Log, everyMs = EVERY_MS): Log & Disposable {
  const kinds = new Map<string, Repeats>();
  const tell = (event: string, repeats: Repeats) => {
    const { fields, times, total } = repeats;
    repeats.timer = undefined;
    if (times === 0) return;
    repeats.times = 0;
    log.warn({ ...fields, times, total }, event);
    arm(event, repeats);
  };
  const arm = (event: string, repeats: Repeats) => {
    repeats.timer = setTimeout(tell, everyMs, event, repeats).unref();
  };
  return {
    info: log.info.bind(log),
    error: log.error.bind(log),
    warn: (fields, event) => {
      const repeats = kinds.get(event) ?? { times: 0, total: 0, fields, timer: undefined };
      kinds.set(event, repeats);
      repeats.total++;
      if (repeats.timer === undefined) {
        log.warn(repeats.total === 1 ? fields : { ...fields, total: repeats.total }, event);
        arm(event, repeats);
      } else {
        repeats.times++;
        repeats.fields = fields;
      }
    },
    [Symbol.dispose]: () => {
      for (const [event, repeats] of kinds) {
        clearTimeout(repeats.timer);
        if (repeats.times > 0)
          log.warn({ ...repeats.fields, times: repeats.times, total: repeats.total }, event);
      }
    },
  };
}
