import type { CommandRow } from '../api-commands.ts';
import type { Query } from '../server/query.ts';

const seconds = (column: string) => `extract(epoch from ${column})::float8`;
const columns = `c.command_id as "commandId", c.device_id as "deviceId", d.name as device, c.kind, c.body, c.state,
  c.attempts, ${seconds('c.created_at')} as "createdAt", c.created_by as "createdBy",
  ${seconds('c.expires_at')} as "expiresAt", ${seconds('c.sent_at')} as "sentAt",
  ${seconds('c.answered_at')} as "answeredAt", c.answer`;

/** The commands of a device, newest first. */
export function commandsOfDevice(query: Query, deviceId: number, limit: number): Promise<CommandRow[]> {
  return query<CommandRow>(
    `select ${columns} from commands c join devices d using (device_id)
     where c.device_id = $1 order by c.created_at desc, c.command_id desc limit $2`,
    [deviceId, limit],
  );
}

export async function commandById(query: Query, commandId: number): Promise<CommandRow | undefined> {
  const rows = await query<CommandRow>(
    `select ${columns} from commands c join devices d using (device_id) where c.command_id = $1`,
    [commandId],
  );
  return rows[0];
}

/** How many commands of a device are not settled; undefined when there is no such device. */
export async function unsettledCommands(query: Query, deviceId: number): Promise<number | undefined> {
  const rows = await query<{ count: number }>(
    `select (select count(*) from commands c where c.device_id = d.device_id and c.state in ('waiting', 'sent')) as count
     from devices d where d.device_id = $1`,
    [deviceId],
  );
  return rows[0]?.count;
}

/** Its number. Whoever sends to devices is woken by the transaction. */
export async function insertCommand(
  query: Query,
  command: {
    readonly fleetId: number;
    readonly deviceId: number;
    readonly kind: string;
    readonly body: object | undefined;
    readonly by: string;
    readonly expiresIn: number;
  },
): Promise<number> {
  const { fleetId, deviceId, kind, body, by, expiresIn } = command;
  const rows = await query<{ id: number }>(
    `insert into commands (fleet_id, device_id, kind, body, created_by, expires_at)
     values ($1, $2, $3, $4, $5, now() + $6 * interval '1 second') returning command_id as id`,
    [fleetId, deviceId, kind, body === undefined ? null : JSON.stringify(body), by, expiresIn],
  );
  return rows[0]!.id;
}

/** Whether the device had not said what became of the command, and it is cancelled now. */
export async function cancelCommand(query: Query, commandId: number): Promise<boolean> {
  const rows = await query(
    `update commands set state = 'cancelled' where command_id = $1 and state in ('waiting', 'sent')
     returning command_id`,
    [commandId],
  );
  return rows.length > 0;
}
