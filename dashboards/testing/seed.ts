import { randomBytes, scryptSync } from 'node:crypto';
import pg from 'pg';
import type { Role } from '../api.ts';

/** What `seedFleet` made, so that tests can ask for it, and look for it where it must not be. */
export type SeededFleet = {
  readonly fleetId: number;
  readonly name: string;
  readonly timeZone: string;
  readonly depotId: number;
  readonly driverId: number;
  readonly vehicleIds: readonly number[];
  readonly deviceId: number;
  readonly fenceId: number;
  readonly routeId: number;
  readonly stopIds: readonly number[];
  readonly alertId: number;
  readonly proposalId: number;
  /** E-mail address of the person with this role. */
  readonly email: (role: Role) => string;
};

export const password = 'correct horse battery staple';

/** Cheap on purpose: what it costs to guess is not what is tested. */
export function hashForTests(text: string): string {
  const salt = randomBytes(16);
  const hash = scryptSync(text, salt, 32, { N: 1024, r: 8, p: 1 });
  return `scrypt$1024$8$1$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

/**
 * A fleet with a row in every table that a reader can come near, every text of it containing the
 * fleet's name. `base` moves its identifiers away from those of other fleets; `at` is its newest fix.
 */
export async function seedFleet(
  databaseUrl: string,
  { name, base, at }: { readonly name: string; readonly base: number; readonly at: number },
): Promise<SeededFleet> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return await writeFleet(client, name, base, at);
  } finally {
    await client.end();
  }
}

async function writeFleet(client: pg.Client, name: string, base: number, at: number): Promise<SeededFleet> {
  const roles: Role[] = ['viewer', 'analyst', 'dispatcher', 'admin'];
  const email = (role: Role) => `${role}@${name}.test`;
  const run = (text: string, values: unknown[] = []) => client.query(text, values);
  await run('begin');
  await run(`insert into fleets (fleet_id, name) overriding system value values ($1, $2)`, [base, name]);
  const hash = hashForTests(password);
  for (const [i, role] of roles.entries()) {
    await run(
      `insert into users (user_id, fleet_id, email, name, role, password_hash) overriding system value
       values ($1, $2, $3, $4, $5, $6)`,
      [base + i, base, email(role), `${name} ${role}`, role, hash],
    );
  }
  await run(
    `insert into depots (depot_id, fleet_id, name, lng, lat, radius) overriding system value
     values ($1, $1, $2, -122.6, 45.5, 150)`,
    [base, `${name}-depot`],
  );
  await run(
    `insert into drivers (driver_id, fleet_id, code, name) overriding system value values ($1, $1, $2, $3)`,
    [base, `${name}-D1`, `${name} driver`],
  );
  for (const i of [0, 1]) {
    await run(
      'insert into vehicles (vehicle_id, fleet_id, name) overriding system value values ($1, $2, $3)',
      [base + i, base, `${name}-van-${i}`],
    );
  }
  await run(
    `insert into devices (device_id, fleet_id, name, vehicle_id, secret_hash) overriding system value
     values ($1, $1, $2, $1, $3)`,
    [base, `${name}-device`, `${name}-secret`],
  );
  await run(
    `insert into gateways (gateway_id, fleet_id, name, secret_hash) overriding system value values ($1, $1, $2, $3)`,
    [base, `${name}-gateway`, `${name}-secret`],
  );
  await run(
    `insert into unknown_devices (fleet_id, name, first_seen, last_seen) values ($1, $2, now(), now())`,
    [base, `${name}-stranger`],
  );
  await run(
    `insert into geofences (fence_id, fleet_id, fence_set, name, kind, shape, policy) overriding system value
     values ($1, $1, $2, $3, 'area', $4, '{}')`,
    [base, `${name}-set`, `${name}-former-fence`, { kind: 'circle', centre: [-122.6, 45.5], radius: 100 }],
  );
  await run('update geofences set name = $2 where fence_id = $1', [base, `${name}-fence`]);
  await run(
    `insert into device_assignments (fleet_id, device_id, from_at, vehicle_id, assigned_by)
     values ($1, $1, '-infinity', $1, $2)`,
    [base, `${name}-person`],
  );
  await run(
    `insert into device_reasons (device_id, fleet_id, kind, reason, times, last_received)
     values ($1, $1, 'rejected', 'json', 1, to_timestamp($2)), ($1, $1, 'filtered', 'zero', 3, to_timestamp($2))`,
    [base, at],
  );
  await run('insert into fleet_storage (fleet_id, fixes_days, changed_by) values ($1, 4000, $2)', [
    base,
    `${name}-person`,
  ]);
  await run(
    `insert into out_of_service (vehicle_id, fleet_id, since, reason, marked_by)
     values ($1::int + 1, $1, to_timestamp($2), $3, $3)`,
    [base, at, `${name}-person`],
  );
  await run(
    `insert into pace_learned (fleet_id, service_date, version, learned_at, route_count, visit_count, data)
     values ($1, current_date - 1, 3, now(), 2, 250, jsonb_build_object('told', $2::text))`,
    [base, name],
  );
  await run(`insert into audit_log (fleet_id, actor, action, subject) values ($1, $2, 'seed', 'fleet')`, [
    base,
    `${name}-actor`,
  ]);
  const stopIds = await writePlan(client, name, base, at);
  await writeFixes(client, name, base, at);
  await writeDown(client, name, base, at);
  const ids = await writeConclusions(client, name, base, at, stopIds);
  await run('commit');
  return {
    fleetId: base,
    name,
    timeZone: 'UTC',
    depotId: base,
    driverId: base,
    vehicleIds: [base, base + 1],
    deviceId: base,
    fenceId: base,
    routeId: base,
    stopIds,
    ...ids,
    email,
  };
}

/** What goes down to devices, and what they say of it. */
async function writeDown(client: pg.Client, name: string, base: number, at: number): Promise<void> {
  const run = (text: string, values: unknown[]) => client.query(text, values);
  await run(
    `insert into commands (command_id, fleet_id, device_id, kind, created_by, expires_at) overriding system value
     values ($1::int, $1::int, $1::int, 'locate', $2, to_timestamp($3))`,
    [base, `${name}-person`, at],
  );
  await run(
    `insert into route_answers (fleet_id, vehicle_id, route_id, version, state, at)
     values ($1::int, $1::int, $1::int, 1, 'received', to_timestamp($2))`,
    [base, at],
  );
  await run(
    `insert into routes (route_id, fleet_id, code, service_date, depot_id, vehicle_id, planned_departure, planned_return)
     overriding system value
     values ($1::int + 1, $1::int, $2, (to_timestamp($3) at time zone 'UTC')::date - 30, $1::int, $1::int + 1,
       to_timestamp($3 - 2592000), to_timestamp($3 - 2588400))`,
    [base, `${name}-route-of-old`, at],
  );
  await run(
    `insert into handovers (fleet_id, from_route_id, to_route_id, lng, lat, meet_at, wait_until, service, stop_ids)
     values ($1::int, $1::int, $1::int + 1, -122, 45, to_timestamp($2), to_timestamp($2), 300, '{}')`,
    [base, at],
  );
}

/** One route of four stops, an hour under way at `at`. */
async function writePlan(client: pg.Client, name: string, base: number, at: number): Promise<number[]> {
  await client.query(
    `insert into routes (route_id, fleet_id, code, service_date, depot_id, vehicle_id, driver_id,
       planned_departure, planned_return) overriding system value
     values ($1, $1, $2, (to_timestamp($3) at time zone 'UTC')::date, $1, $1, $1,
       to_timestamp($3 - 3600), to_timestamp($3 + 7200))`,
    [base, `${name}-route`, at],
  );
  const stopIds = [0, 1, 2, 3].map((i) => base * 10 + i);
  for (const [i, stopId] of stopIds.entries()) {
    await client.query(
      `insert into stops (stop_id, fleet_id, route_id, code, sequence, lng, lat, planned_arrival, service,
         window_from, window_until) overriding system value
       values ($1, $2::int, $2::int, $3, $4, -122.6, 45.5, to_timestamp($5), 60, to_timestamp($5 - 600), to_timestamp($5 + 600))`,
      [stopId, base, `${name}-stop-${i}`, i, at - 1800 + i * 900],
    );
  }
  return stopIds;
}

/** Ten good fixes of the first vehicle up to `at`, and one newer that is flagged. */
async function writeFixes(client: pg.Client, name: string, base: number, at: number): Promise<void> {
  await client.query(`insert into sources (source_id, name) overriding system value values ($1::int, $2)`, [
    base % 30_000,
    `${name}-source`,
  ]);
  await client.query(`select ensure_fix_partitions(array[to_timestamp($1::int), to_timestamp($2)])`, [
    at - 600,
    at + 30,
  ]);
  for (let i = 0; i <= 10; i++) {
    const isFlagged = i === 10;
    await client.query(
      `insert into fixes (fleet_id, vehicle_id, device_id, at, key, received, lng, lat, speed, heading, seq,
         source_id, batch, flags)
       values ($1::int, $1::int, $1::int, to_timestamp($2), $3::int, to_timestamp($2), -122.6, 45.5 + $3::int * 0.001, 10, 90, $3::int, $4, 1, $5)`,
      [base, isFlagged ? at + 30 : at - (9 - i) * 60, i, base % 30_000, isFlagged ? 1 : 0],
    );
  }
  await client.query(
    `insert into device_counters (device_id, fleet_id, accepted, duplicate, last_at, last_received)
     values ($1::int, $1::int, 11, 2, to_timestamp($2), to_timestamp($2))`,
    [base, at],
  );
  await client.query(
    `insert into device_boots (device_id, fleet_id, boot, seq_min, seq_max, fix_count) values ($1::int, $1::int, $2, 0, 12, 11)`,
    [base, `${name}-boot`],
  );
  await client.query(
    `insert into rejections (fleet_id, device_id, received, topic, reason, detail, payload, payload_hash)
     values ($1::int, $1::int, to_timestamp($2), $3, 'json', $4, $5, $5)`,
    [
      base,
      at,
      `fleet/${name}/device/${name}-device/telemetry`,
      `${name} detail`,
      Buffer.from(`${name} \\ payload`),
    ],
  );
  await client.query(
    `insert into ingest_minutes (fleet_id, minute, messages, accepted, duplicate, rejected, commits, commit_ms_sum, commit_ms_max)
     values ($1::int, date_trunc('minute', to_timestamp($2)), 12, 11, 2, 1, 3, 12, 6)`,
    [base, at],
  );
}

async function writeConclusions(
  client: pg.Client,
  name: string,
  base: number,
  at: number,
  stopIds: readonly number[],
): Promise<{ alertId: number; proposalId: number }> {
  const run = (text: string, values: unknown[]) => client.query(text, values);
  await run(
    `insert into events (fleet_id, vehicle_id, fence_id, at, kind, dwell, commit_no)
     values ($1::int, $1::int, $1::int, to_timestamp($2 - 300), 'enter', null, 1), ($1::int, $1::int, $1::int, to_timestamp($2 - 200), 'exit', 100, 1)`,
    [base, at],
  );
  await client.query(
    `insert into behaviour_policies (fleet_id, version, policy, created_by) values ($1, 2, '{"brakingG": 0.45}', $2)`,
    [base, `${name}-person`],
  );
  await client.query(
    `insert into pace_learned (fleet_id, service_date, version, learned_at, route_count, visit_count, data)
     values ($1, '2026-01-02', 1, to_timestamp($2), 1, 3, '{}')`,
    [base, at],
  );
  await client.query(
    `insert into behaviours (fleet_id, vehicle_id, fix_at, fix_key, kind, started_at, ended_at, value, limit_value,
       distance, source, policy_version, commit_no)
     select $1::int, $1::int, to_timestamp($2) - interval '2 minutes', 1, kind, to_timestamp($2) - interval '3 minutes',
       to_timestamp($2) - interval '2 minutes', 0.5, 0.41, 0, 'device', 1, 1
     from unnest(array['harsh_braking', 'speeding', 'unbelted', 'idling', 'parking_sequence']) as kind`,
    [base, at],
  );
  await run(
    `insert into trips (fleet_id, vehicle_id, started_at, start_lng, start_lat, end_lng, end_lat, distance, halt_count, commit_no)
     values ($1::int, $1::int, to_timestamp($2 - 3000), -122.6, 45.5, -122.6, 45.51, 1000, 1, 1)`,
    [base, at],
  );
  await run(
    `insert into stop_visits (fleet_id, stop_id, route_id, vehicle_id, arrived_at, departed_at, confidence,
       evidence, outcome, out_of_sequence, commit_no)
     values ($1::int, $2, $1::int, $1::int, to_timestamp($3 - 400), to_timestamp($3 - 300), 0.9, 'halt', 'served', false, 1)`,
    [base, stopIds[0], at],
  );
  for (const [age, behind] of [
    [120, 0.5],
    [60, 1.5],
  ] as const) {
    await run(
      `insert into pace (fleet_id, route_id, vehicle_id, at, status, stops_total, stops_done, stops_expected,
         stops_behind, seconds_behind, rate, rate_needed, finish_planned, finish_p50, finish_p90, late_probability, next_stop_id)
       values ($1::int, $1::int, $1::int, to_timestamp($2), 'behind', 4, 1, 2.5, $3, 900, 1, 2, to_timestamp($2 + 7200),
         to_timestamp($2 + 8000), to_timestamp($2 + 9000), 0.4, $4)`,
      [base, at - age, behind, stopIds[1]],
    );
  }
  await run(
    `insert into alerts (alert_id, fleet_id, cause, kind, severity, vehicle_id, route_id, message, rule, raised_at)
     overriding system value values ($1::int, $1::int, $2, 'at_risk', 'warning', $1::int, $1::int, $3, $4, to_timestamp($5 - 100))`,
    [base, `${name}-cause`, `${name} message`, `${name} rule`, at],
  );
  await run(
    `insert into proposals (proposal_id, fleet_id, route_id, from_version, created_at, stop_ids, cost_before, cost_after, explanation)
     overriding system value values ($1::int, $1::int, $1::int, 1, to_timestamp($2 - 50), $3, 100, 80, $4)`,
    [base, at, [stopIds[3], stopIds[1], stopIds[2]], `${name} explanation`],
  );
  await run(
    `insert into load_runs (load_run_id, fleet_id, scenario, seed, vans, started_at, machine, figures)
       overriding system value
     values ($1::int, $1::int, $2, $2, 4, to_timestamp($3 - 60), $4, '{"offered": 50, "fixes_per_second": 5, "lost": 0, "latency_p99_ms": 20}'),
       ($1::int + 1, $1::int, $2, $2, 4, to_timestamp($3), $4, '{"offered": 100, "fixes_per_second": 9, "lost": 0, "latency_p99_ms": 10}')`,
    [base, `${name}-scenario`, at, JSON.stringify({ cpus: 2, node: `${name} node` })],
  );
  return { alertId: base, proposalId: base };
}
