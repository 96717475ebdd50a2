import Type from 'typebox';
import { CommandRow, NewCommand } from '../../api-commands.ts';
import { writeAudit } from '../../queries/audit.ts';
import {
  cancelCommand,
  commandById,
  commandsOfDevice,
  insertCommand,
  unsettledCommands,
} from '../../queries/commands.ts';
import type { App, AppDeps } from '../deps.ts';
import { conflict, notFound, Problematic } from '../problems.ts';
import { whoAsks } from '../session.ts';
import { Id, Limited } from './inputs.ts';

const OfDevice = Type.Object({ deviceId: Id });
const OfCommand = Type.Object({ commandId: Id });
/** So many may wait for one device. */
const UNSETTLED_MAX = 50;
const EXPIRES_IN = 3600;

/** Orders to devices: asked for here, sent by ingest when the device is there. */
export function commandRoutes(app: App, { database }: AppDeps): void {
  app.get(
    '/api/devices/:deviceId/commands',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'Commands of a device with what became of them, newest first',
        params: OfDevice,
        querystring: Limited,
        response: { 200: Type.Array(CommandRow) },
      },
    },
    (request) => {
      const { deviceId } = request.params;
      return database.withFleet(whoAsks(request).fleet.id, async (query) => {
        if ((await unsettledCommands(query, deviceId)) === undefined) throw notFound('device');
        return commandsOfDevice(query, deviceId, request.query.limit ?? 100);
      });
    },
  );

  app.post(
    '/api/devices/:deviceId/commands',
    {
      config: { role: 'dispatcher' },
      schema: {
        summary: 'Order something of a device; `raw` needs the role admin',
        params: OfDevice,
        body: NewCommand,
        response: { 200: CommandRow },
      },
    },
    (request) => {
      const me = whoAsks(request);
      const { deviceId } = request.params;
      const { kind, expiresIn = EXPIRES_IN } = request.body;
      const body = 'body' in request.body ? request.body.body : undefined;
      if (kind === 'raw' && me.role !== 'admin') {
        throw new Problematic(403, 'session/role', `“raw” needs the role admin; yours is ${me.role}.`);
      }
      const order = async (query: Parameters<typeof insertCommand>[0]) => {
        const unsettled = await unsettledCommands(query, deviceId);
        if (unsettled === undefined) throw notFound('device');
        if (unsettled >= UNSETTLED_MAX) {
          throw conflict(
            `${unsettled} commands wait for this device already; cancel some, or let them expire.`,
          );
        }
        const fleetId = me.fleet.id;
        const commandId = await insertCommand(query, {
          fleetId,
          deviceId,
          kind,
          body,
          expiresIn,
          by: me.email,
        });
        const subject = `command ${commandId}`;
        await writeAudit(query, me, {
          action: 'command',
          subject,
          detail: { deviceId, kind, body, expiresIn },
        });
        const made = await commandById(query, commandId);
        if (made === undefined) throw notFound('command');
        return made;
      };
      return database.withFleet(me.fleet.id, order, { write: true });
    },
  );

  app.post(
    '/api/commands/:commandId/cancel',
    {
      config: { role: 'dispatcher' },
      schema: {
        summary: 'Take a command back that the device has not answered',
        params: OfCommand,
        response: { 200: CommandRow },
      },
    },
    (request) => {
      const me = whoAsks(request);
      const { commandId } = request.params;
      const cancel = async (query: Parameters<typeof insertCommand>[0]) => {
        const isCancelled = await cancelCommand(query, commandId);
        const command = await commandById(query, commandId);
        if (command === undefined) throw notFound('command');
        if (!isCancelled) throw conflict(`This command is ${command.state} already.`);
        await writeAudit(query, me, {
          action: 'command.cancel',
          subject: `command ${commandId}`,
          detail: { deviceId: command.deviceId, kind: command.kind },
        });
        return command;
      };
      return database.withFleet(me.fleet.id, cancel, { write: true });
    },
  );
}
