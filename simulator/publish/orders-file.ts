import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { asError, Fault } from '../../schemas/fault.ts';
import type { Order } from '../van/orders.ts';

/**
 * What was sent down on a shift, a JSON line each with the simulated instant it took effect, beside
 * the ledger: a simulator that goes on after a kill drives what the one before had been told.
 */
export type OrdersFile = { readonly append: (order: Order) => void; readonly close: () => void };

export const ordersFileOf = (ledgerFile: string): string => `${ledgerFile}.orders`;

export function openOrdersFile(path: string, isResumed: boolean): OrdersFile {
  try {
    const file = openSync(path, isResumed ? 'a' : 'w');
    return {
      append: (order) => writeSync(file, `${JSON.stringify(order)}\n`),
      close: () => closeSync(file),
    };
  } catch (thrown) {
    throw new Fault('data/unusable', `cannot write the orders to ${path}: ${asError(thrown).message}`);
  }
}

export function readOrders(path: string): Order[] {
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  // The last line may be half written when the process was killed: it had not been heard then.
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return lines.filter((line) => line !== '').map((line): Order => JSON.parse(line));
}
