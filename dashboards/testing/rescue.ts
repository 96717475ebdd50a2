import type pg from 'pg';
import type { RescueDetail } from '../../schemas/rescue.ts';
import type { SeededFleet } from './seed.ts';

/** The route of who would help, and its two stops. */
export type SeededHelper = { readonly routeId: number; readonly stopIds: readonly number[] };

/** Makes the seeded proposal a rescue: another route of today would take the last stop of the seeded one. */
export async function seedRescue(owner: pg.Client, fleet: SeededFleet, at: number): Promise<SeededHelper> {
  const helper = await addHelper(owner, fleet, at);
  await owner.query('delete from handovers where fleet_id = $1', [fleet.fleetId]);
  await owner.query(
    `update proposals set kind = 'rescue', helper_route_id = $2, helper_version = 1, detail = $3
     where proposal_id = $1`,
    [fleet.proposalId, helper.routeId, JSON.stringify(detailOf(fleet, helper, at))],
  );
  return helper;
}

/** Another route of today, with two stops; one has a code that the late route has too. */
async function addHelper(owner: pg.Client, fleet: SeededFleet, at: number): Promise<SeededHelper> {
  const base = fleet.fleetId;
  const routeId = base + 7;
  await owner.query(
    `insert into routes (route_id, fleet_id, code, service_date, depot_id, vehicle_id, planned_departure, planned_return)
     overriding system value values ($1::int + 7, $1, 'HELP', to_timestamp($2)::date, $1, $1::int + 1,
       to_timestamp($2 - 3600), to_timestamp($2 + 7200))`,
    [base, at],
  );
  const { rows } = await owner.query('select code from stops where stop_id = $1', [fleet.stopIds[3]]);
  const stopIds = [base * 10 + 8, base * 10 + 9];
  for (const [sequence, stopId] of stopIds.entries()) {
    await owner.query(
      `insert into stops (stop_id, fleet_id, route_id, code, sequence, lng, lat, planned_arrival, service)
       overriding system value values ($1, $2, $3, $4, $5, -122, 45, to_timestamp($6), 60)`,
      [stopId, base, routeId, sequence === 0 ? rows[0].code : 'other', sequence, at + 600 * sequence],
    );
  }
  return { routeId, stopIds };
}

function detailOf(fleet: SeededFleet, helper: SeededHelper, at: number): RescueDetail {
  const [s0, s1, s2, s3] = fleet.stopIds as [number, number, number, number];
  const [h0, h1] = helper.stopIds as [number, number];
  const effect = {
    ...{ finishBefore: at + 9000, finishAfter: at + 7000, lateBefore: 0.9, lateAfter: 0.1 },
    ...{ lateStopsBefore: 2, lateStopsAfter: 0, kmMore: 1 },
  };
  const part: RescueDetail['choices'][number]['parts'][number] = {
    ...{ helperRouteId: helper.routeId, helperVersion: 1, helperRoute: 'HELP', helperVehicle: 'van' },
    ...{ stopIds: [s3], packages: 1, lng: -122.1, lat: 45.1, meetAt: at + 900, waitUntil: at + 2700 },
    ...{ service: 124, giverAfterStopId: s2, helperAfterStopId: h0 },
    ...{
      helperOrder: [h0, s3, h1],
      helperTimes: [at, at + 300, at + 900],
      helperPath: [
        [-122.1, 45.1],
        [-122, 45],
      ],
      helper: effect,
    },
  };
  return {
    cause: 'at_risk',
    left: [],
    choices: [
      {
        ...{ parts: [part], gain: 900, giverOrder: [s0, s1, s2], giverTimes: [at, at + 60, at + 120] },
        ...{
          giverPath: [
            [-122, 45],
            [-122.1, 45.1],
          ],
          giver: effect,
          explanation: 'one stop for HELP',
        },
      },
    ],
  };
}
