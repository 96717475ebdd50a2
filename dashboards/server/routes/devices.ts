import Type from 'typebox';
import {
  DeviceHealth,
  DevicePage,
  type DeviceTrouble,
  deviceOrders,
  deviceTroubles,
  UnknownRow,
} from '../../api-devices.ts';
import {
  assignmentsOf,
  commandsOf,
  deviceById,
  devicePage,
  deviceRejections,
  neighbourReasons,
  reasonsOf,
  unknownDevices,
} from '../../queries/devices.ts';
import { topicOf, usernameOf } from '../../queries/provisioning.ts';
import type { App, AppDeps } from '../deps.ts';
import { notFound } from '../problems.ts';
import { flagWords, rejectionWords } from '../remedies.ts';
import { whoAsks } from '../session.ts';
import { Id, Limited } from './inputs.ts';

const oneOf = <T extends string>(words: readonly T[]) => Type.Union(words.map((word) => Type.Literal(word)));

const Search = Type.Object({
  search: Type.Optional(Type.String({ maxLength: 128 })),
  trouble: Type.Optional(oneOf<DeviceTrouble>(deviceTroubles)),
  sort: Type.Optional(oneOf(deviceOrders)),
  descending: Type.Optional(Type.Boolean()),
  offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
});

/** Which devices there are, and how each of them is. */
export function deviceRoutes(app: App, { database, now }: AppDeps): void {
  app.get(
    '/api/devices',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'Devices with their counters and troubles; searched, sorted and in stretches',
        querystring: Search,
        response: { 200: DevicePage },
      },
    },
    (request) => {
      const { search = '', trouble, sort = 'trouble', descending, offset = 0, limit = 200 } = request.query;
      const asked = {
        search,
        trouble,
        sort,
        offset,
        limit,
        now: now(),
        descending: descending ?? sort === 'trouble',
      };
      return database.withFleet(whoAsks(request).fleet.id, (query) => devicePage(query, asked));
    },
  );

  app.get(
    '/api/devices/unknown',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'Devices that knocked and are not known: a list to claim from, not data',
        querystring: Limited,
        response: { 200: Type.Array(UnknownRow) },
      },
    },
    (request) =>
      database.withFleet(whoAsks(request).fleet.id, (query) =>
        unknownDevices(query, request.query.limit ?? 500),
      ),
  );

  app.get(
    '/api/devices/:deviceId/health',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'What became of everything a device sent, and what to do about it',
        params: Type.Object({ deviceId: Id }),
        response: { 200: DeviceHealth },
      },
    },
    (request) => {
      const { fleet } = whoAsks(request);
      return database.withFleet(fleet.id, async (query): Promise<DeviceHealth> => {
        const { deviceId } = request.params;
        const at = now();
        const device = await deviceById(query, deviceId, at);
        if (device === undefined) throw notFound('device');
        const flagged = await reasonsOf(query, deviceId, 'filtered');
        const neighbours = await neighbourReasons(query, deviceId);
        const rejected = await reasonsOf(query, deviceId, 'rejected');
        const rejections = await deviceRejections(query, deviceId, 20);
        return {
          at,
          device,
          username: usernameOf('device', { fleet }, device.device),
          topic: topicOf({ fleet }, device.device),
          filtered: flagged.map((row) => ({ ...row, ...flagWords(row.reason) })),
          filteredByNeighbours: neighbours.map((row) => ({ ...row, ...flagWords(row.reason) })),
          rejected: rejected.map((row) => ({ ...row, ...rejectionWords(row.reason) })),
          rejections: rejections.map((row) => ({ ...row, remedy: rejectionWords(row.reason).remedy })),
          assignments: await assignmentsOf(query, deviceId),
          commands: await commandsOf(query, deviceId),
        };
      });
    },
  );
}
