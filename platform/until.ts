/** Settles when `signal` aborts; the loser of a race leaves nothing behind that matters. */
export function until(signal: AbortSignal): Promise<undefined> {
  return new Promise((done) => {
    if (signal.aborted) done(undefined);
    else signal.addEventListener('abort', () => done(undefined), { once: true });
  });
}
