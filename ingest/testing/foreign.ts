import type { Fix } from '../../schemas/fix.ts';
import { ingestLimits } from '../config.ts';
import type { Rejection } from '../decode/decoded.ts';
import { Assemblies } from '../formats/assemblies.ts';
import { understand } from '../formats/decode-foreign.ts';
import { FormatRegistry } from '../formats/registry.ts';

export const origin = { fleetId: 1, vehicleId: 2, deviceId: 3 };
export const received = 1_790_000_010;

export type Heard = {
  /** The fields of each fix that are known, without who and when it was received. */
  readonly fixes: readonly Partial<Fix>[];
  readonly rejections: readonly Pick<Rejection, 'reason' | 'detail'>[];
  readonly notes: readonly string[];
};

/** What a payload on a topic says, by the formats on their customary topics or those given. */
export function hear(
  topic: string,
  payload: unknown,
  { registry = new FormatRegistry(), assemblies = new Assemblies(), at = received } = {},
): Heard {
  const found = registry.find(topic);
  if (found === undefined) throw new Error(`no format has ${topic}`);
  const bytes =
    payload instanceof Uint8Array
      ? payload
      : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
  const message = { payload: bytes, received: at, origin, limits: ingestLimits };
  const all = understand(message, found.route, assemblies);
  return {
    fixes: all.flatMap((one) => (one.kind === 'fix' ? [known(one.fix)] : [])),
    rejections: all.flatMap((one) =>
      one.kind === 'rejection' ? [{ reason: one.rejection.reason, detail: one.rejection.detail }] : [],
    ),
    notes: all.flatMap((one) =>
      one.kind === 'note' ? [one.text] : one.kind === 'answer' ? ['the answer to a command'] : [],
    ),
  };
}

function known(fix: Fix): Partial<Fix> {
  const { fleetId, vehicleId, deviceId, key, received: _, ...rest } = fix;
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
}
