import Type from 'typebox';
import { ProposalRow, RescueRow } from '../../api.ts';
import { writeAudit } from '../../queries/audit.ts';
import { bringBack, rescues, takeOut } from '../../queries/rescues.ts';
import type { App, AppDeps } from '../deps.ts';
import { conflict, notFound } from '../problems.ts';
import { undoRescue } from '../rescue-writes.ts';
import { whoAsks } from '../session.ts';
import { Id, Limited } from './inputs.ts';

const Reason = Type.Object({ reason: Type.String({ minLength: 1, maxLength: 500 }) });
const Vehicle = Type.Object({ vehicleId: Id });
const Marked = Type.Object({ vehicleId: Id, outOfService: Type.Boolean() });

/** Rescues that were agreed, taking them back, and vans that cannot go on. */
export function rescueRoutes(app: App, { database, live }: AppDeps): void {
  app.get(
    '/api/rescues',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'Hand-overs that were agreed and what came of them, newest first',
        querystring: Limited,
        response: { 200: Type.Array(RescueRow) },
      },
    },
    (request) =>
      database.withFleet(whoAsks(request).fleet.id, (query) => rescues(query, request.query.limit ?? 1000)),
  );

  app.post(
    '/api/proposals/:proposalId/undo',
    {
      config: { role: 'dispatcher' },
      schema: {
        summary: 'Take an accepted rescue back, while the hand-over has not happened',
        params: Type.Object({ proposalId: Id }),
        body: Reason,
        response: { 200: ProposalRow },
      },
    },
    async (request) => {
      const me = whoAsks(request);
      const { proposalId } = request.params;
      const undone = await database.withFleet(
        me.fleet.id,
        (query) => undoRescue(query, me, proposalId, request.body.reason),
        { write: true },
      );
      live.changed(me.fleet.name, 'proposals');
      return undone;
    },
  );

  app.post(
    '/api/vehicles/:vehicleId/out-of-service',
    {
      config: { role: 'dispatcher' },
      schema: {
        summary: 'The van cannot go on (breakdown, driver called out): rescues for its stops are proposed',
        params: Vehicle,
        body: Reason,
        response: { 200: Marked },
      },
    },
    async (request) => {
      const me = whoAsks(request);
      const { vehicleId } = request.params;
      const { reason } = request.body;
      await database.withFleet(
        me.fleet.id,
        async (query) => {
          const known = await query('select from vehicles where vehicle_id = $1', [vehicleId]);
          if (known.length === 0) throw notFound('vehicle');
          if (!(await takeOut(query, { vehicleId, reason, by: me.email }))) {
            throw conflict('This van is out of service already.');
          }
          await writeAudit(query, me, {
            action: 'take out of service',
            subject: `vehicle ${vehicleId}`,
            detail: { reason },
          });
        },
        { write: true },
      );
      return { vehicleId, outOfService: true };
    },
  );

  app.post(
    '/api/vehicles/:vehicleId/back-in-service',
    {
      config: { role: 'dispatcher' },
      schema: {
        summary: 'The van is back in service',
        params: Vehicle,
        response: { 200: Marked },
      },
    },
    async (request) => {
      const me = whoAsks(request);
      const { vehicleId } = request.params;
      await database.withFleet(
        me.fleet.id,
        async (query) => {
          if (!(await bringBack(query, vehicleId))) throw notFound('van out of service');
          await writeAudit(query, me, {
            action: 'bring back into service',
            subject: `vehicle ${vehicleId}`,
            detail: {},
          });
        },
        { write: true },
      );
      return { vehicleId, outOfService: false };
    },
  );
}
