import { readFileSync } from 'node:fs';
import { foldVehicle, nothingFound } from '../../engine/fold.ts';
import { packFences } from '../../engine/geofence/fence-pack.ts';
import { startKey } from '../../engine/rederive.ts';
import { emptyState } from '../../engine/vehicle-state.ts';
import type { Halt } from '../../schemas/event.ts';
import { frame } from '../../schemas/position.ts';
import { readZip } from './zip.ts';

export type WalkAgreement = {
  readonly files: number;
  readonly fixes: number;
  /** Share of fixes that are within a halt just when they are labelled as on foot. */
  readonly agreement: number;
  /** Of the fixes within halts, those on foot; of those on foot, the ones within halts. */
  readonly precision: number;
  readonly recall: number;
};

type Labelled = { readonly at: number; readonly x: number; readonly y: number; readonly isOnFoot: boolean };

/** Anywhere: the recordings say metres from a place they do not name. */
const plane = frame({ lng: -100, lat: 40 });

/**
 * How the halt detector agrees with the labels of couriers' recordings (a zip of CSV files: timestamp, x, y
 * in metres, Driving or OnFoot): position alone, one person's phone, in the hand as often as in the van.
 */
export function labelledWalks(file: string): WalkAgreement {
  let [files, both, onFootOnly, haltOnly, neither] = [0, 0, 0, 0, 0];
  for (const { name, bytes } of readZip(readFileSync(file))) {
    if (!name.endsWith('.csv')) continue;
    files++;
    const rows = rowsOf(bytes.toString('utf8'));
    const halts = haltsOf(rows);
    for (const { at, isOnFoot } of rows) {
      const isHalt = halts.some((halt) => at >= halt.startedAt && at <= (halt.endedAt ?? at));
      if (isOnFoot && isHalt) both++;
      else if (isOnFoot) onFootOnly++;
      else if (isHalt) haltOnly++;
      else neither++;
    }
  }
  const fixes = both + onFootOnly + haltOnly + neither;
  return {
    ...{ files, fixes },
    agreement: (both + neither) / Math.max(1, fixes),
    precision: both / Math.max(1, both + haltOnly),
    recall: both / Math.max(1, both + onFootOnly),
  };
}

function rowsOf(text: string): Labelled[] {
  const [, ...lines] = text.trimEnd().split(/\r?\n/);
  return lines.map((line) => {
    const [instant = '', x, y, label] = line.split(',');
    const at = Date.parse(`${instant.slice(0, 23).replace(' ', 'T')}Z`) / 1000;
    return { at, x: Number(x), y: Number(y), isOnFoot: label === 'OnFoot' };
  });
}

function haltsOf(rows: readonly Labelled[]): Halt[] {
  const found = nothingFound();
  const fixes = rows.map(({ at, x, y }, key) => ({
    ...{ at, key, deviceId: 1, ...plane.position(x, y), flags: 0 },
    ...{ speed: undefined, heading: undefined, accuracy: undefined, ignition: undefined },
  }));
  const world = { pack: packFences([]), depots: [] };
  foldVehicle({ vehicleId: 1, fleetId: 1, state: emptyState }, fixes, world, found);
  return [...new Map(found.changes.halts.map((halt) => [startKey(halt), halt])).values()];
}
