import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrateClickHouse } from '../../ingest/feed/clickhouse-migrate.ts';
import { openTestHistory, type TestHistory } from '../../platform/testing/history.ts';
import { openRouteDays, type RouteDays } from './route-days.ts';

const opened = await openTestHistory();
const hasNoHistory = 'unavailable' in opened;

describe.skipIf(hasNoHistory)('route days', () => {
  let clickhouse: TestHistory;
  let client: ClickHouseClient;
  let routeDays: RouteDays;
  const which = { fleetId: 1, from: '2026-11-20', until: '2026-11-20' };

  beforeAll(() => {
    if ('unavailable' in opened) return;
    clickhouse = opened;
    client = createClient({ url: clickhouse.url });
    routeDays = openRouteDays({ url: clickhouse.url });
  });

  afterAll(async () => {
    await routeDays?.close();
    await client?.close();
    await clickhouse?.close();
  });

  test('says that nothing is there yet, before the feed has made its tables', async () => {
    await expect(routeDays.read(which)).rejects.toMatchObject({ statusCode: 503, code: 'analytics/empty' });
  });

  test('compares plan and day for the fleet and the days that were asked', async () => {
    await migrateClickHouse(client);
    // Whole numbers are milliseconds to a DateTime64(3).
    const visit = (fleetId: number, day: string, sequence: number, arrivedLate: number | null) => {
      const planned = Date.parse(`${day}T12:00:00Z`) + sequence * 600_000;
      const arrived = arrivedLate === null ? null : planned + arrivedLate * 1000;
      return {
        fleet_id: fleetId,
        service_date: day,
        depot: 'north',
        route_id: fleetId,
        route: `R${fleetId}`,
        vehicle_id: fleetId,
        vehicle: `van-${fleetId}`,
        planned_departure: Date.parse(`${day}T11:30:00Z`),
        planned_return: Date.parse(`${day}T13:30:00Z`),
        stop_id: sequence,
        stop: `S${sequence}`,
        sequence,
        planned_arrival: planned,
        planned_service: 60,
        arrived_at: arrived,
        departed_at: arrived === null ? null : arrived + 90_000,
        outcome: arrived === null ? null : 'served',
        version: 1,
        retracted: 0,
      };
    };
    await client.insert({
      table: 'stop_visits',
      format: 'JSONEachRow',
      values: [
        visit(1, '2026-11-20', 0, 0),
        visit(1, '2026-11-20', 1, 1200),
        visit(1, '2026-11-20', 2, null),
        visit(1, '2026-11-19', 0, 0),
        visit(2, '2026-11-20', 0, 0),
      ],
    });
    const rows = await routeDays.read(which);
    expect(rows).toEqual([
      {
        serviceDate: '2026-11-20',
        depot: 'north',
        route: 'R1',
        vehicle: 'van-1',
        stopsPlanned: 3,
        stopsDone: 2,
        plannedSeconds: 7200,
        actualSeconds: 1890,
        arrivalDelayMean: 600,
        arrivalDelayP90: 1080,
        serviceMeanPlanned: 60,
        serviceMeanActual: 90,
        onTimeShare: 0.5,
      },
    ]);
    expect(await routeDays.read({ ...which, fleetId: 3 })).toEqual([]);
  });
});
