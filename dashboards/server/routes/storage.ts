import { Fault } from '../../../schemas/fault.ts';
import { Forget, Forgotten, NewStorageRule, StorageRule } from '../../api-storage.ts';
import { setStorageRule, storageRule } from '../../queries/storage.ts';
import type { App, AppDeps } from '../deps.ts';
import { Problematic } from '../problems.ts';
import { whoAsks } from '../session.ts';

/** How long things are kept, and what is removed because a person asks for it. */
export function storageRoutes(app: App, { database, eraser }: AppDeps): void {
  app.get(
    '/api/storage',
    {
      config: { role: 'admin' },
      schema: { summary: 'How long the fleet keeps what', response: { 200: StorageRule } },
    },
    (request) => database.withFleet(whoAsks(request).fleet.id, storageRule),
  );

  app.post(
    '/api/storage',
    {
      config: { role: 'admin' },
      schema: {
        summary: 'Say how long; what is older is removed within minutes, and its hours stay',
        body: NewStorageRule,
        response: { 200: StorageRule },
      },
    },
    (request) => {
      const me = whoAsks(request);
      return database.withFleet(me.fleet.id, (query) => setStorageRule(query, me, request.body), {
        write: true,
      });
    },
  );

  app.post(
    '/api/personal-data/forget',
    {
      config: { role: 'admin' },
      schema: {
        summary:
          'Remove the personal data of a vehicle or driver for good; a dry run, which counts, unless told otherwise',
        body: Forget,
        response: { 200: Forgotten },
      },
    },
    async (request) => {
      const me = whoAsks(request);
      const { vehicle, driver, dryRun = true } = request.body;
      if ((vehicle === undefined) === (driver === undefined)) {
        throw new Problematic(400, 'request/invalid', 'Name either a vehicle or a driver.');
      }
      if (eraser === undefined)
        throw new Problematic(503, 'eraser/missing', 'This installation forgets by command only.');
      const subject =
        vehicle !== undefined
          ? ({ kind: 'vehicle', name: vehicle } as const)
          : ({ kind: 'driver', code: driver ?? '' } as const);
      try {
        const erased = await eraser({ fleetId: me.fleet.id, subject, actor: me.email, isDry: dryRun });
        return { dryRun, rows: { ...erased.rows }, history: erased.history };
      } catch (thrown) {
        if (thrown instanceof Fault && thrown.code === 'input/invalid') {
          throw new Problematic(404, 'request/not-found', `There is no such ${subject.kind}.`);
        }
        throw thrown;
      }
    },
  );
}
