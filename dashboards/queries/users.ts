import type { Me } from '../api.ts';
import type { Query } from '../server/query.ts';

export type Account = {
  readonly userId: number;
  readonly fleetId: number;
  readonly passwordHash: string;
};

/** Who has this e-mail address: the one question that is asked before any fleet is known. */
export async function accountByEmail(query: Query, email: string): Promise<Account | undefined> {
  const rows = await query<Account>(
    `select user_id as "userId", fleet_id as "fleetId", password_hash as "passwordHash"
     from user_by_email($1)`,
    [email],
  );
  return rows[0];
}

export async function userById(query: Query, userId: number): Promise<Me | undefined> {
  const rows = await query<Me>(
    `select u.user_id as "userId", u.email, u.name, u.role,
       json_build_object('id', f.fleet_id, 'name', f.name, 'timeZone', f.time_zone) as fleet
     from users u join fleets f using (fleet_id)
     where u.user_id = $1`,
    [userId],
  );
  return rows[0];
}
