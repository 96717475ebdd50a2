import { foldVehicle, nothingFound } from '../../engine/fold.ts';
import { type FencePack, packFences } from '../../engine/geofence/fence-pack.ts';
import { emptyState, type Observation } from '../../engine/vehicle-state.ts';
import { ingestLimits } from '../../ingest/config.ts';
import { fixFrom } from '../../ingest/decode/own-fix.ts';
import { defaultBehaviourPolicy } from '../../schemas/behaviour.ts';
import type { Fix, OwnMessage } from '../../schemas/fix.ts';

const noFences: FencePack = packFences([]);

/** Flags of each report of one vehicle, as ingest and the engine judge it, in the order given. */
export function judged(
  reports: readonly { readonly message: OwnMessage; readonly received: number }[],
): number[] {
  const origin = { fleetId: 1, vehicleId: 1, deviceId: 1 };
  const fixes = reports.map(({ message, received }) => {
    const fix = fixFrom(message, origin, received, ingestLimits);
    if ('reason' in fix) throw new TypeError(`the bench made a report that is none: ${fix.detail}`);
    return fix;
  });
  const flags = flagsByNeighbours(fixes);
  return fixes.map((fix) => fix.flags | (flags.get(nameOf(fix)) ?? 0));
}

const nameOf = ({ at, key }: { readonly at: number; readonly key: number }): string => `${at} ${key}`;

/** What the engine flags of one vehicle's fixes, in whatever order; by instant and key. */
function flagsByNeighbours(fixes: readonly Fix[]): Map<string, number> {
  const found = nothingFound();
  const sorted = [...fixes].sort((a, b) => a.at - b.at || a.key - b.key);
  foldVehicle(
    { vehicleId: 1, fleetId: 1, state: emptyState },
    sorted.map(observed),
    { pack: noFences, depots: [], behaviour: defaultBehaviourPolicy },
    found,
  );
  return new Map(found.changes.judgements.map((judgement) => [nameOf(judgement), judgement.flags]));
}

function observed({
  at,
  key,
  deviceId,
  lng,
  lat,
  speed,
  heading,
  accuracy,
  ignition,
  flags,
}: Fix): Observation {
  const unknown = { door: undefined, belt: undefined, noticed: undefined };
  return { at, key, deviceId, lng, lat, speed, heading, accuracy, ignition, flags, ...unknown };
}
