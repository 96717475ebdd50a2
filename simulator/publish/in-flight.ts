import type { Settled } from './connection.ts';
import type { Publication } from './mqtt-packets.ts';

/** Publications have the identifiers up to here, subscriptions those above (MQTT 3.1.1 §2.3.1). */
export const PUBLICATION_IDS = 65_000;
const PLACES_MIN = 16;
const PLACES_MAX = 32_768;

type Sent = Publication | undefined;

/**
 * What awaits its PUBACK, by packet identifier, in a table that has twice the places needed. An
 * identifier stands at its remainder; one whose place is taken is passed over, as those of
 * acknowledgements that are long in coming are.
 *
 *   place   id (0: free)   publication   whom to tell
 */
export function openInFlight() {
  let places = PLACES_MIN;
  let ids = new Uint16Array(places);
  let publications: Sent[] = new Array(places).fill(undefined);
  let tell: (Settled<Publication> | undefined)[] = new Array(places).fill(undefined);
  let [lastId, size] = [0, 0];
  const grow = (): void => {
    const before = { ids, publications, tell };
    places *= 2;
    ids = new Uint16Array(places);
    publications = new Array(places).fill(undefined);
    tell = new Array(places).fill(undefined);
    for (const [from, id] of before.ids.entries()) {
      if (id === 0) continue;
      const to = id & (places - 1);
      ids[to] = id;
      publications[to] = before.publications[from];
      tell[to] = before.tell[from];
    }
  };
  /** Forgets the place of an identifier, and tells whom it concerns. */
  const settle = (place: number, error?: Error): void => {
    const [publication, settled] = [publications[place]!, tell[place]!];
    ids[place] = 0;
    publications[place] = undefined;
    tell[place] = undefined;
    size--;
    settled(publication, error);
  };
  /** In the order sent. */
  const all = (): number[] => {
    const age = (id: number): number => (lastId - id + PUBLICATION_IDS) % PUBLICATION_IDS;
    return [...ids].filter((id) => id > 0).sort((a, b) => age(b) - age(a));
  };
  return {
    size: (): number => size,
    isFull: (): boolean => size >= PLACES_MAX / 2,
    /** Returns the identifier. */
    put: <P extends Publication>(publication: P, settled: Settled<P>): number => {
      if (2 * (size + 1) > places) grow();
      let place = 0;
      do {
        lastId = lastId === PUBLICATION_IDS ? 1 : lastId + 1;
        place = lastId & (places - 1);
      } while (ids[place] !== 0);
      ids[place] = lastId;
      publications[place] = publication;
      tell[place] = settled as Settled<Publication>;
      size++;
      return lastId;
    },
    /** Its PUBACK is in; an identifier that nothing waits for is passed over. */
    acknowledged: (id: number): void => {
      const place = id & (places - 1);
      if (id !== 0 && ids[place] === id) settle(place);
    },
    each: (visit: (id: number, publication: Publication) => void): void => {
      for (const id of all()) visit(id, publications[id & (places - 1)]!);
    },
    /** None of them will be acknowledged any more. */
    fail: (error: Error): void => {
      for (const id of all()) settle(id & (places - 1), error);
    },
  };
}
