import { expect, test } from 'vitest';
import type { RouteHandover, RouteMessage, RouteStop } from '../schemas/down.ts';
import { cityOf } from './city/road-file.ts';
import { type DayOrder, openDay, type VanResult } from './day.ts';
import { uploadsOf } from './device/radio.ts';
import { openFleet } from './fleet.ts';
import type { StopPlan } from './plan.ts';
import { encode } from './publish/outlet.ts';
import { type Scenario, scenarios } from './scenario/scenario.ts';
import { learnedTravel } from './van/learned-travel.ts';

const scenario: Scenario = { ...scenarios.demo!, vans: 3, stopsPerRoute: [30, 30] };
const city = cityOf(scenario);
const seed = 'orders';
const { plan } = openDay(scenario, seed, { city });
const open = () => openDay(scenario, seed, { city, plan });
const hour = (hours: number): number => plan.shiftStart + hours * 3600;
const planned = open().result().vans;

const item = ({ code, position, service, packages }: StopPlan): RouteStop => ({
  kind: 'stop',
  code,
  ...position,
  service,
  packages,
});

function route(index: number, items: RouteMessage['items'], version = 1): DayOrder {
  const { code, vehicle } = plan.routes[index]!;
  const { serviceDate } = plan.document.routes[index]!;
  const payload = { route: code, version, vehicle, serviceDate, ts: plan.shiftStart * 1000, items };
  return { vehicle, channel: 'route', payload };
}

const served = ({ visits }: VanResult): string[] => visits.map(({ stop }) => stop);
const stopsOf = (index: number): RouteStop[] => plan.routes[index]!.stops.map(item);

test('a van asked for in small steps, or sent its own plan, drives the same day', () => {
  const day = open();
  for (let at = hour(0); at < hour(4); at += 97) day.runUntil(at);
  expect(day.give(route(0, stopsOf(0)), hour(2))?.state).toBe('received');
  const { answers: _answers, ...own } = day.result().vans[0]!;
  const { answers: _none, ...asPlanned } = planned[0]!;
  expect(own).toEqual(asPlanned);
});

test('a new order is driven once the stop under way is finished; what a stop takes stays what it is', () => {
  const day = open();
  const [{ visits, current, ahead }] = day.at(hour(1.5)) as [ReturnType<typeof day.at>[number]];
  const done = new Set([...visits.map(({ stop }) => stop), current!.code]);
  const left = stopsOf(0).filter(({ code }) => !done.has(code));
  expect(left.map(({ code }) => code).sort()).toEqual(ahead.toSorted());
  // The first of them is taken out, the others are driven from the last to the first.
  const wanted = left.slice(1).reverse();
  day.give(route(0, [...stopsOf(0).filter(({ code }) => done.has(code)), ...wanted]), hour(1.5));
  const [mine, second] = day.result().vans;
  const after = served(mine!).slice(done.size);
  expect(after.toSorted()).toEqual(wanted.map(({ code }) => code).sort());
  // Neighbours are swapped now and then, as always.
  expect(after.filter((code, i) => code === wanted[i]!.code).length).toBeGreaterThan(wanted.length - 3);
  const seconds = ({ visits }: VanResult) =>
    new Map(visits.map(({ stop, arrivedAt, departedAt }) => [stop, departedAt - arrivedAt]));
  const before = seconds(planned[0]!);
  for (const [stop, spent] of seconds(mine!)) expect(spent).toBeCloseTo(before.get(stop)!, 3);
  expect(second).toEqual(planned[1]);
});

test('learnedTravel() takes as long, and as far, as the streets it was learned from', () => {
  const many: Scenario = { ...scenario, vans: 6, stopsPerRoute: [40, 40] };
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [road, learned] = [{ city }, { city, travel: learnedTravel(city, many) }].map((options) => {
    const { vans } = openDay(many, seed, options).result();
    return {
      seconds: mean(vans.map(({ leftAt, returnedAt }) => returnedAt - leftAt)),
      metres: mean(vans.map(({ driven }) => driven)),
    };
  });
  expect(learned!.seconds / road!.seconds).toBeCloseTo(1, 1);
  expect(Math.abs(learned!.metres / road!.metres - 1)).toBeLessThan(0.08);
});

/** The last ten stops of the first van go to the second one, who has its own first ten left to do. */
function rescue(options: { readonly giverComes: boolean }) {
  const day = open();
  const at = hour(1);
  day.runUntil(at);
  const moved = stopsOf(0).slice(-10);
  const taken = moved.map((stop) => ({ ...stop, code: `R001/${stop.code}` }));
  const place = stopsOf(0)[12]!;
  const meeting: Omit<RouteHandover, 'role' | 'with'> = {
    kind: 'handover',
    code: 'H1',
    lat: place.lat,
    lng: place.lng,
    stops: taken.map(({ code }) => code),
    at: (at + 1800) * 1000,
    until: (at + 3 * 3600) * 1000,
    service: 120,
  };
  const [give, take] = [
    { ...meeting, role: 'give', with: 'van-002' } as const,
    { ...meeting, role: 'take', with: 'van-001' } as const,
  ];
  const own = stopsOf(0);
  if (options.giverComes) day.give(route(0, [...own.slice(0, 12), give, ...own.slice(12, -10)]), at);
  day.give(route(1, [...stopsOf(1).slice(0, 12), take, ...taken, ...stopsOf(1).slice(12)]), at);
  return { taken: taken.map(({ code }) => code), moved, ...day.result() };
}

test('at a hand-over both vans stand at one place, then the taker serves what the giver no longer has', () => {
  const { taken, moved, vans, handovers } = rescue({ giverComes: true });
  const [{ from, until, stops }] = handovers as [(typeof handovers)[number]];
  expect(handovers).toMatchObject([{ handover: 'H1', giver: 'van-001', taker: 'van-002' }]);
  expect([...stops].sort()).toEqual(taken.toSorted());
  expect(until - from).toBeGreaterThan(60);
  const [giver, taker] = vans as [VanResult, VanResult];
  expect(served(giver).some((code) => moved.some((stop) => stop.code === code))).toBe(false);
  expect(served(giver)).toHaveLength(20);
  expect(served(taker).toSorted()).toEqual([...stopsOf(1).map(({ code }) => code), ...taken].sort());
  const first = taker.visits.find(({ stop }) => taken.includes(stop))!;
  expect(first.arrivedAt).toBeGreaterThan(until);
  for (const { answers } of [giver, taker]) {
    expect(answers.filter(({ handover }) => handover === 'H1').map(({ state }) => state)).toEqual(['done']);
  }
});

test('without its hand-over a taker waits until the time is over, and drives past what it has not got', () => {
  const { taken, vans, handovers } = rescue({ giverComes: false });
  const [giver, taker] = vans as [VanResult, VanResult];
  expect(handovers).toEqual([]);
  expect(served(giver)).toHaveLength(30);
  expect(served(taker)).toHaveLength(30);
  expect(taker.skipped.map(({ stop }) => stop).sort()).toEqual(taken.toSorted());
  const [answer] = taker.answers.filter(({ handover }) => handover === 'H1');
  expect(answer).toMatchObject({ state: 'failed', reason: 'van-001 did not come' });
  expect(answer!.ts).toBeGreaterThanOrEqual(hour(4) * 1000);
});

test('a van that broke down hands out its parcels where it stands, is repaired, and goes home without them', () => {
  const disruptions = [{ kind: 'breakdown' as const, vans: ['van-001'], after: 60, lasts: 400 }];
  const broken: Scenario = { ...scenario, disruptions };
  const day = openDay(broken, seed, { city, plan });
  const asPlanned = openDay(broken, seed, { city, plan }).result().vans[0]!;
  const at = hour(1.5);
  const [giver] = day.at(at) as [ReturnType<typeof day.at>[number]];
  expect(giver.phase).toBe('stranded');
  const moved = stopsOf(0).filter(({ code }) => giver.ahead.includes(code) || giver.current?.code === code);
  expect(moved.length).toBeGreaterThan(5);
  const taken = moved.map((stop) => ({ ...stop, code: `R001/${stop.code}` }));
  const meeting: Omit<RouteHandover, 'role' | 'with'> = {
    ...{ kind: 'handover', code: 'H1', lat: giver.lat, lng: giver.lng, service: 120 },
    ...{ stops: taken.map(({ code }) => code), at: (at + 1800) * 1000, until: (at + 3 * 3600) * 1000 },
  };
  const gone = new Set(moved.map(({ code }) => code));
  const kept = stopsOf(0).filter(({ code }) => !gone.has(code));
  const stands = (change: Partial<RouteHandover> = {}, version = 1) =>
    day.give(route(0, [...kept, { ...meeting, ...change, role: 'give', with: 'van-002' }], version), at);
  // What is to be elsewhere is no business of a van that cannot drive; the newest version is.
  expect(stands({ lat: giver.lat + 0.01 })?.state).toBe('received');
  expect(stands({}, 2)?.state).toBe('received');
  const own = stopsOf(1);
  const take = { ...meeting, role: 'take', with: 'van-001' } as const;
  day.give(route(1, [...own.slice(0, 14), take, ...taken, ...own.slice(14)]), at);
  const { vans, handovers } = day.result();
  const [first, taker] = vans as [VanResult, VanResult];
  expect(handovers).toMatchObject([{ giver: 'van-001', taker: 'van-002' }]);
  expect(handovers[0]!.from).toBeLessThan(hour(7));
  expect(served(taker)).toHaveLength(own.length + taken.length);
  expect(served(first)).toHaveLength(30 - taken.length);
  expect(first.returnedAt).toBeGreaterThan(hour(7.5));
  expect(first.returnedAt).toBeLessThan(asPlanned.returnedAt);
});

const nonsense: [string, (order: DayOrder) => unknown, RegExp][] = [
  ['another route', ({ payload }) => ({ ...(payload as RouteMessage), route: 'R999' }), /not known here/],
  ['a lower version', ({ payload }) => ({ ...(payload as RouteMessage), version: 1 }), /not higher than 2/],
  ['another day', ({ payload }) => ({ ...(payload as RouteMessage), serviceDate: '2001-01-01' }), /today is/],
  ['a stop at 0, 0', () => route(0, [{ ...stopsOf(0)[0]!, lat: 0, lng: 0 }], 3).payload, /no coordinates/],
  ['a stop nowhere', () => route(0, [{ ...stopsOf(0)[0]!, lat: undefined }] as never, 3).payload, /lat/],
  ['text', () => 'go left', /not a route/],
];

test.each(nonsense)(
  'a route with %s is refused with the reason, and nothing changes',
  (_, change, reason) => {
    const day = open();
    const order = route(0, stopsOf(0), 2);
    day.give(order, hour(1));
    const answer = day.give({ ...order, payload: change(order) }, hour(1.2));
    expect(answer).toMatchObject({ state: 'refused', reason: expect.stringMatching(reason) });
    expect(served(day.result().vans[0]!)).toEqual(served(planned[0]!));
  },
);

test('the same orders at the same instants give the same bytes, given on the way or known before', () => {
  const shift = { scenario: { ...scenario, seed }, city, plan };
  const live = openFleet(shift);
  const command = (kind: string, body?: unknown) => ({
    ...{ vehicle: 'van-001', channel: 'command' as const },
    payload: { id: kind, kind, ts: hour(1) * 1000, expires: hour(9) * 1000, body },
  });
  const orders = [command('message'), command('locate'), command('interval', { seconds: 30 })];
  const odd = [command('fly'), command('interval', { seconds: 0 })];
  const stream = uploadsOf(live.van(0), shift.scenario);
  const lines: string[] = [];
  let isTold = false;
  for (const upload of stream) {
    lines.push(`${upload.channel} ${encode(upload, upload.due)}`);
    if (isTold || upload.due < hour(1)) continue;
    isTold = true;
    const turned = route(0, stopsOf(0).toReversed());
    for (const order of [turned, ...orders, ...odd]) live.give({ ...order, at: upload.due });
  }
  const again = openFleet(shift, live.given());
  const same = [...uploadsOf(again.van(0), shift.scenario)];
  expect(same.map((upload) => `${upload.channel} ${encode(upload, upload.due)}`)).toEqual(lines);
  const answers = same.flatMap((upload) => (upload.channel === 'answers' ? upload.answers : []));
  const told = answers.map(({ id, route: name, state }) => `${id ?? name} ${state}`);
  expect(told.toSorted()).toEqual(
    [
      ...['R001 received', 'message received', 'message done', 'locate received', 'locate done'],
      ...['interval received', 'interval done', 'fly refused', 'interval refused'],
    ].sort(),
  );
});
