import { setTimeout as wait } from 'node:timers/promises';
import { asError } from '../../schemas/fault.ts';
import type { Log } from '../../schemas/program.ts';
import { type Batch, batchOf } from '../batch.ts';
import type { Delivery } from '../broker/delivery.ts';
import { failureOf } from '../failure.ts';

export type CommitContext = {
  readonly write: (batch: Batch) => Promise<void>;
  readonly log: Log;
  readonly signal: AbortSignal;
};

const WAIT_FIRST_MS = 50;
const WAIT_MAX_MS = 5_000;

/**
 * Writes a batch until it is stored. When the world is wrong (connection lost, disk full, server
 * restarting) the same batch is tried for as long as it takes: nothing is acknowledged meanwhile, so
 * nothing is lost. When the data is wrong the batch is halved until the offender stands alone; that
 * one is kept as a rejection and the rest is stored. Ends early only when `signal` aborts.
 */
export async function commit(batch: Batch, context: CommitContext): Promise<void> {
  const pending = [batch];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const error = await writeWhenPossible(next, context);
    if (error !== undefined) pending.push(...smaller(next, error, context.log).reverse());
  }
}

/** Resolves when the batch is stored, or to the error that says that it can never be. */
async function writeWhenPossible(
  batch: Batch,
  { write, log, signal }: CommitContext,
): Promise<Error | undefined> {
  let outage = '';
  for (let tries = 0; ; tries++) {
    try {
      await write(batch);
      if (outage !== '') log.info({ tries }, 'storing again');
      return undefined;
    } catch (thrown) {
      const error = asError(thrown);
      const failure = failureOf(error);
      if (failure === 'bug') throw error;
      if (failure === 'data') return error;
      // Once per reason, not once per try.
      if (error.message !== outage) {
        log.warn({ reason: error.message, messages: batch.deliveries.length }, 'cannot store; trying again');
      }
      outage = error.message;
      await wait(Math.min(WAIT_MAX_MS, WAIT_FIRST_MS * 2 ** Math.min(tries, 20)), undefined, { signal });
    }
  }
}

/** What to write in place of a batch that holds something the database refuses. */
function smaller(batch: Batch, error: Error, log: Log): Batch[] {
  const [only, ...others] = batch.deliveries;
  if (only === undefined) return [];
  if (others.length > 0) {
    const middle = batch.deliveries.length >> 1;
    return [batchOf(batch.deliveries.slice(0, middle)), batchOf(batch.deliveries.slice(middle))];
  }
  const pieces = piecesOf(only);
  if (pieces.length > 1) return pieces.map((piece) => batchOf([piece]));
  const rejection = refused(only, error);
  if (rejection === undefined) {
    log.error(
      { topic: only.topic, reason: error.message },
      'a message can neither be stored nor kept as a rejection',
    );
    return [];
  }
  return [batchOf([rejection])];
}

/** A delivery as deliveries of one element each. */
function piecesOf(delivery: Delivery): Delivery[] {
  const bare: Delivery = {
    ...delivery,
    fixes: [],
    reports: [],
    rejections: [],
    answers: [],
    knock: undefined,
    messages: undefined,
    topics: undefined,
  };
  return [
    ...delivery.fixes.map((fix, i) => ({
      ...{ ...bare, topic: delivery.topics?.[i] ?? delivery.topic, deviceId: fix.deviceId, fixes: [fix] },
    })),
    ...delivery.reports.map((report) => ({ ...bare, reports: [report] })),
    ...delivery.rejections.map((rejection) => ({ ...bare, rejections: [rejection] })),
    ...(delivery.answers ?? []).map((answer) => ({ ...bare, answers: [answer] })),
    ...(delivery.knock === undefined ? [] : [{ ...bare, knock: delivery.knock }]),
  ];
}

/**
 * The one element that the database refuses, as a rejection. If that is refused too, its device or
 * fleet may have been removed meanwhile: it is kept without them. After that there is nothing to try.
 */
function refused(delivery: Delivery, error: Error): Delivery | undefined {
  const bare = {
    ...delivery,
    ...{ fixes: [], reports: [], answers: [], knock: undefined, deviceId: undefined },
  };
  const element = delivery.fixes[0] ?? delivery.reports[0] ?? delivery.answers?.[0] ?? delivery.knock;
  if (element !== undefined) {
    const payload = Buffer.from(JSON.stringify(element));
    return {
      ...bare,
      rejections: [{ reason: 'range', detail: `the database refuses it: ${error.message}`, payload }],
    };
  }
  return delivery.fleetId === undefined ? undefined : { ...bare, fleetId: undefined };
}
