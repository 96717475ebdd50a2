import type { ClientBase } from 'pg';
import { rawMembership } from '../../engine/geofence/membership.ts';
import { Fault } from '../../schemas/fault.ts';
import type { Fence, FencePolicy, FenceShape } from '../../schemas/fence.ts';

/** One transition, by names. */
export type Membership = {
  readonly vehicle: string;
  readonly at: number;
  readonly event: 'enter' | 'exit';
  readonly fence: string;
};

export type MembershipQuestion = {
  readonly fleetId: number;
  readonly set: string;
  /** Instants; fixes in [from, until). */
  readonly from?: number | undefined;
  readonly until?: number | undefined;
};

export type MembershipCounts = {
  readonly vehicles: number;
  readonly fixes: number;
  readonly enters: number;
  readonly exits: number;
};

/** Fixes held at once. */
const FIXES_PER_FETCH = 10_000;

/**
 * Hands out the transitions in order of vehicle (name), time, event and fence, some at a time. Fixes
 * are read vehicle by vehicle along the primary key, all in one snapshot, and never held for longer
 * than a page; the order in which they arrived is nowhere to be seen.
 */
export async function membershipOf(
  client: ClientBase,
  question: MembershipQuestion,
  emit: (lines: readonly Membership[]) => void,
): Promise<MembershipCounts> {
  await client.query('begin isolation level repeatable read read only');
  try {
    const fences = await fencesOf(client, question);
    const { rows: vehicles } = await client.query<{ vehicle_id: number; name: string }>(
      'select vehicle_id, name from vehicles where fleet_id = $1 order by name collate "C"',
      [question.fleetId],
    );
    const counts = { vehicles: 0, fixes: 0, enters: 0, exits: 0 };
    for (const { vehicle_id, name } of vehicles) {
      const fixes = await transitionsOf(
        client,
        question,
        { vehicleId: vehicle_id, name },
        fences,
        (lines) => {
          for (const { event } of lines) event === 'enter' ? counts.enters++ : counts.exits++;
          emit(lines);
        },
      );
      counts.fixes += fixes;
      if (fixes > 0) counts.vehicles++;
    }
    return counts;
  } finally {
    await client.query('rollback');
  }
}

type Step = ReturnType<typeof rawMembership>;

async function transitionsOf(
  client: ClientBase,
  { from, until }: MembershipQuestion,
  { vehicleId, name }: { readonly vehicleId: number; readonly name: string },
  step: Step,
  emit: (lines: readonly Membership[]) => void,
): Promise<number> {
  // `declare` takes no parameters; these are numbers of ours.
  const since = from === undefined ? '' : ` and at >= to_timestamp(${from})`;
  const before = until === undefined ? '' : ` and at < to_timestamp(${until})`;
  await client.query(
    `declare sightings no scroll cursor for
     select extract(epoch from at)::float8 as at, lng, lat from fixes
     where vehicle_id = ${vehicleId}${since}${before}
     order by at, key`,
  );
  let fixes = 0;
  /** Transitions of one instant, which the next page may still add to. */
  let pending: Membership[] = [];
  for (;;) {
    const { rows } = await client.query<{ at: number; lng: number; lat: number }>(
      `fetch ${FIXES_PER_FETCH} from sightings`,
    );
    if (rows.length === 0) break;
    fixes += rows.length;
    const found = rows.flatMap(({ at, lng, lat }) => step({ vehicleId, at, lng, lat }));
    const lines = found.map(({ at, event, fence }) => ({ vehicle: name, at, event, fence: fence.name }));
    const last = rows.at(-1)?.at;
    const all = [...pending, ...lines];
    pending = all.filter(({ at }) => at === last);
    emit(all.filter(({ at }) => at !== last).sort(inOrder));
  }
  emit(pending.sort(inOrder));
  await client.query('close sightings');
  return fixes;
}

function inOrder(a: Membership, b: Membership): number {
  return a.at - b.at || compare(a.event, b.event) || compare(a.fence, b.fence);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

async function fencesOf(client: ClientBase, { fleetId, set }: MembershipQuestion): Promise<Step> {
  const { rows } = await client.query<{
    fence_id: number;
    name: string;
    kind: Fence['kind'];
    shape: FenceShape;
    policy: FencePolicy;
  }>(
    `select fence_id, name, kind, shape, policy from geofences
     where fleet_id = $1 and fence_set = $2 and deleted_at is null order by fence_id`,
    [fleetId, set],
  );
  if (rows.length === 0) {
    throw new Fault(
      'input/invalid',
      `the fleet has no fences of the set “${set}”; \`npm run fences -- list\` names its sets`,
    );
  }
  return rawMembership(
    rows.map(({ fence_id, name, kind, shape, policy }) => ({
      id: fence_id,
      fleetId,
      set,
      name,
      kind,
      shape,
      policy,
    })),
  );
}
