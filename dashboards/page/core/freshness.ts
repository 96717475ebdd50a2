import { duration } from './clock.ts';

/** How the page hears of news. */
export type Link = 'connecting' | 'live' | 'polling' | 'reconnecting';

export type Freshness = {
  readonly level: 'live' | 'behind' | 'lost';
  readonly words: string;
};

/** A fleet at one fix per 10 s and a tick of 1 s is not behind. */
const LIVE_SECONDS = 15;
/** Beyond this the data are a recording, not a delay. */
const RECORDING_SECONDS = 86_400;

/**
 * What the badge says. `newest` is the instant of the newest fix, `now` the wall clock, both by the
 * server's clock; silence counts as age even while the connection stands, since an open socket that
 * says nothing is no proof of anything.
 */
export function freshness(link: Link, newest: number | undefined, now: number): Freshness {
  if (newest === undefined) {
    if (link === 'live' || link === 'polling') return { level: 'behind', words: 'No data yet' };
    return { level: 'lost', words: link === 'connecting' ? 'Connecting' : 'Reconnecting' };
  }
  const age = Math.max(0, now - newest);
  if (link === 'reconnecting' || link === 'connecting') {
    return { level: 'lost', words: `Reconnecting · data ${duration(age)} old` };
  }
  if (age > RECORDING_SECONDS) {
    return { level: 'behind', words: `Recording · ${duration(age)} old` };
  }
  if (age <= LIVE_SECONDS) {
    return link === 'live'
      ? { level: 'live', words: 'Live' }
      : { level: 'live', words: `Polling · ${duration(age)} old` };
  }
  return { level: 'behind', words: `${duration(age)} behind` };
}

/** 0 heard lately, 1 not heard for a minute (faded), 2 not for five (hatched). */
export function silence(lastHeard: number, clock: number): 0 | 1 | 2 {
  const age = clock - lastHeard;
  if (age > 300) return 2;
  return age > 60 ? 1 : 0;
}
