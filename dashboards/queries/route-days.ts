import { ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { RouteDayRow } from '../api.ts';
import { Problematic } from '../server/problems.ts';

export type ClickHouseConfig = {
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly database?: string | undefined;
};

/** The analysts' store, as far as the web process asks it. */
export type RouteDays = {
  readonly read: (which: {
    readonly fleetId: number;
    /** YYYY-MM-DD, both included. */
    readonly from: string;
    readonly until: string;
  }) => Promise<RouteDayRow[]>;
  readonly ping: () => Promise<boolean>;
  readonly close: () => Promise<void>;
};

/** ClickHouse knows no fleets of ours, so this statement is what keeps them apart. */
const statement = `
select
  toString(service_date) as serviceDate, depot, route, vehicle,
  toUInt32(stops_planned) as stopsPlanned, toUInt32(stops_done) as stopsDone,
  toFloat64(planned_seconds) as plannedSeconds, toFloat64(actual_seconds) as actualSeconds,
  toFloat64(arrival_delay_mean) as arrivalDelayMean, toFloat64(arrival_delay_p90) as arrivalDelayP90,
  toFloat64(service_mean_planned) as serviceMeanPlanned, toFloat64(service_mean_actual) as serviceMeanActual,
  toFloat64(on_time_share) as onTimeShare
from v_route_day
where fleet_id = {fleet:UInt32} and service_date between {from:Date} and {until:Date}
order by service_date, depot, route
limit 100000`;

export function openRouteDays(config: ClickHouseConfig): RouteDays {
  const client = createClient({
    url: config.url,
    ...(config.username === undefined ? {} : { username: config.username }),
    ...(config.password === undefined ? {} : { password: config.password }),
    ...(config.database === undefined ? {} : { database: config.database }),
    application: 'paceline web',
    request_timeout: 30_000,
    // What goes wrong is thrown, and said once by whoever answers the request.
    log: { level: ClickHouseLogLevel.OFF },
  });
  return {
    read: async ({ fleetId, from, until }) => {
      try {
        const answer = await client.query({
          query: statement,
          query_params: { fleet: fleetId, from, until },
          format: 'JSONEachRow',
        });
        return await answer.json<RouteDayRow>();
      } catch (cause) {
        if (isEmpty(cause)) {
          throw new Problematic(503, 'analytics/empty', 'The history holds nothing yet; try again shortly.');
        }
        if (await isThere(client)) throw cause;
        throw new Problematic(503, 'analytics/unreachable', 'ClickHouse does not answer; try again shortly.');
      }
    },
    ping: () => isThere(client),
    close: () => client.close(),
  };
}

async function isThere(client: ReturnType<typeof createClient>): Promise<boolean> {
  const answer = await client.ping().catch(() => ({ success: false }));
  return answer.success;
}

/** UNKNOWN_TABLE, UNKNOWN_DATABASE: the feed has not come so far as to make them. */
function isEmpty(cause: unknown): boolean {
  return cause instanceof ClickHouseError && ['60', '81'].includes(cause.code);
}
