import { expect, test } from 'vitest';
import type { LedgerContents } from '../publish/ledger-reading.ts';
import { acceptanceReport, type FleetTables } from './report.ts';
import type { TruthRecord } from './truth.ts';

const ledger: LedgerContents = {
  header: undefined,
  offered: 5,
  acknowledged: 4,
  keysByDevice: new Map([['v', new Set(['1000:0', '2000:1', '3000:2', '4000:-'])]]),
  reportsByDevice: new Map(),
  lastByDevice: new Map([['v', 2000]]),
  latencyMs: { p50: 1, p95: 2, p99: 3 },
  backlogLatencyMs: undefined,
};

const crossing = (at: number, isSure = true): TruthRecord => ({
  type: 'crossing',
  vehicle: 'v',
  set: 's',
  fence: 'f',
  kind: 'enter',
  at,
  isSure,
});
const found = (at: number) => ({ vehicle: 'v', set: 's', fence: 'f', kind: 'enter', at });

const tables = (changes: Partial<FleetTables>): FleetTables => ({
  storedByDevice: new Map(),
  crossings: [],
  visits: [],
  trips: [],
  late: 0,
  rejected: 0,
  countersByDevice: new Map(),
  ...changes,
});

test('acceptanceReport() names what is lost and what is doubled, by device', () => {
  const stored = new Map([
    ['1000:0', 1],
    ['2000:1', 2],
    ['4000:-', 1],
  ]);
  const report = acceptanceReport({ ledger, tables: tables({ storedByDevice: new Map([['v', stored]]) }) });
  expect(report).toMatchObject({
    offered: 5,
    acknowledged: 4,
    distinct: 4,
    stored: 3,
    lost: 1,
    duplicated: 1,
  });
  expect(report.devices).toEqual({ v: { lost: 1, duplicated: 1, repeated: 0, late: 0, rejected: 0 } });
});

test('acceptanceReport() counts a crossing neither way, when it is doubtful or not yet concluded', () => {
  const truth = [crossing(100), crossing(500), crossing(900, false), crossing(1990)];
  const report = acceptanceReport({
    ledger,
    truth,
    // Right; invented; answers the doubtful one; answers the one that is still open.
    tables: tables({ crossings: [found(104), found(700), found(903), found(1995)] }),
  });
  expect(report.crossings).toEqual({
    truth: 2,
    found: 2,
    matched: 1,
    precision: 0.5,
    recall: 0.5,
    undecided: 2,
  });
});

test('acceptanceReport() pairs visits by stop, when they overlap or begin within a minute', () => {
  const visit = (stop: string, arrivedAt: number, departedAt: number): TruthRecord => ({
    type: 'visit',
    vehicle: 'v',
    route: 'R',
    stop,
    arrivedAt,
    departedAt,
    outcome: 'served',
  });
  const truth = [visit('A', 100, 200), visit('B', 300, 400), visit('C', 1950, 1999)];
  const visits = [
    { vehicle: 'v', stop: 'A', arrivedAt: 190, departedAt: 260 },
    { vehicle: 'v', stop: 'B', arrivedAt: 500, departedAt: 600 },
  ];
  const report = acceptanceReport({ ledger, truth, tables: tables({ visits }) });
  expect(report.stopVisits).toMatchObject({ truth: 2, found: 2, matched: 1, precision: 0.5, recall: 0.5 });
});
