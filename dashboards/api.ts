import Type, { type Static } from 'typebox';
import { type BehaviourKind, behaviourKinds } from '../schemas/behaviour.ts';
import { RescueDetail } from '../schemas/rescue.ts';

/**
 * What the API says, in one place: the server validates and documents with these schemas, the page
 * imports the types. Instants are seconds since the epoch, everything else SI; `null` is "none".
 */
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const roles = ['viewer', 'analyst', 'dispatcher', 'admin'] as const;
export const Role = Type.Union(roles.map((role) => Type.Literal(role)));
export type Role = (typeof roles)[number];

/** POST /api/login */
export const Login = Type.Object({
  email: Type.String({ maxLength: 320 }),
  password: Type.String({ maxLength: 1024 }),
});

/** GET /api/me, and the answer to a log-in. The session is an httpOnly cookie. */
export const Me = Type.Object({
  userId: Type.Integer(),
  email: Type.String(),
  name: Type.String(),
  role: Role,
  fleet: Type.Object({ id: Type.Integer(), name: Type.String(), timeZone: Type.String() }),
});
export type Me = Static<typeof Me>;

/** Every error: a sentence for a person and a code for a program. */
export const Problem = Type.Object({
  statusCode: Type.Integer(),
  code: Type.String(),
  message: Type.String(),
});
export type Problem = Static<typeof Problem>;

/** GET /api/vehicles: every vehicle with its newest good fix. */
export const VehicleRow = Type.Object({
  vehicleId: Type.Integer(),
  name: Type.String(),
  routeId: nullable(Type.Integer()),
  route: nullable(Type.String()),
  depot: nullable(Type.String()),
  at: nullable(Type.Number()),
  lng: nullable(Type.Number()),
  lat: nullable(Type.Number()),
  speed: nullable(Type.Number()),
  heading: nullable(Type.Number()),
});
export type VehicleRow = Static<typeof VehicleRow>;

export const paceStatusSchema = Type.Union([
  Type.Literal('not_started'),
  Type.Literal('on_pace'),
  Type.Literal('behind'),
  Type.Literal('at_risk'),
  Type.Literal('ahead'),
  Type.Literal('finished'),
]);

/** GET /api/pace: one row per route of the day, worst first. */
export const PaceRow = Type.Object({
  routeId: Type.Integer(),
  route: Type.String(),
  depot: Type.String(),
  vehicleId: Type.Integer(),
  vehicle: Type.String(),
  driver: nullable(Type.String()),
  at: Type.Number({ description: 'instant this standing was computed for' }),
  status: paceStatusSchema,
  stopsTotal: Type.Integer(),
  stopsDone: Type.Integer(),
  stopsExpected: Type.Number(),
  stopsBehind: Type.Number(),
  secondsBehind: Type.Number(),
  rate: Type.Number({ description: 'stops per hour so far' }),
  rateNeeded: Type.Number(),
  finishPlanned: Type.Number(),
  finishP50: Type.Number(),
  finishP90: Type.Number(),
  lateProbability: Type.Number(),
  nextStopId: nullable(Type.Integer()),
  lastSeen: nullable(Type.Number({ description: 'instant of the newest fix' })),
});
export type PaceRow = Static<typeof PaceRow>;

const factor = (description: string) => Type.Number({ description });

/** GET /api/pace/learned: what past days taught, and from how much. */
export const PaceLearned = Type.Object({
  version: Type.Integer({ description: 'days taken in' }),
  serviceDate: Type.String({ description: 'the newest of them' }),
  learnedAt: Type.Number(),
  routeCount: Type.Integer({ description: 'routes of that day' }),
  visitCount: Type.Integer({ description: 'stop visits of that day' }),
  drivers: Type.Integer({ description: 'drivers with a pace of their own' }),
  driverSpread: nullable(factor('how drivers differ at the door: σ of the logarithm')),
  driverForm: factor('how a driver differs from day to day: σ of the logarithm'),
  hours: Type.Array(
    Type.Object({
      hour: Type.Integer({ description: 'of the day, UTC' }),
      travel: factor('legs take this much of what the plan and the fleet’s day say'),
      service: factor('services, likewise'),
      services: Type.Number({ description: 'visits it was learned from, older ones counting less' }),
      legSeconds: Type.Number({ description: 'seconds of legs it was learned from, likewise' }),
    }),
  ),
  areas: Type.Array(
    Type.Object({
      lng: Type.Number(),
      lat: Type.Number(),
      travel: factor('legs into this area take this much of what was expected'),
      legSeconds: Type.Number({
        description: 'seconds of legs it was learned from, older ones counting less',
      }),
    }),
    { description: 'the middle of each; those of which most was seen' },
  ),
});
export type PaceLearned = Static<typeof PaceLearned>;

/** GET /api/routes/{routeId} */
export const RouteDetail = Type.Object({
  routeId: Type.Integer(),
  route: Type.String(),
  serviceDate: Type.String(),
  depot: Type.Object({ name: Type.String(), lng: Type.Number(), lat: Type.Number() }),
  vehicleId: Type.Integer(),
  vehicle: Type.String(),
  driver: nullable(Type.String()),
  version: Type.Integer(),
  plannedDeparture: Type.Number(),
  plannedReturn: Type.Number(),
  pace: nullable(PaceRow),
  stops: Type.Array(
    Type.Object({
      stopId: Type.Integer(),
      code: Type.String(),
      sequence: Type.Integer(),
      lng: Type.Number(),
      lat: Type.Number(),
      packages: Type.Integer(),
      plannedArrival: Type.Number(),
      plannedService: Type.Number(),
      windowFrom: nullable(Type.Number()),
      windowUntil: nullable(Type.Number()),
      arrivedAt: nullable(Type.Number()),
      departedAt: nullable(Type.Number()),
      outcome: nullable(Type.String()),
      confidence: nullable(Type.Number()),
    }),
  ),
  /** Newest track of the vehicle since planned departure: [lng, lat, at], good fixes, oldest first. */
  track: Type.Array(Type.Tuple([Type.Number(), Type.Number(), Type.Number()])),
});
export type RouteDetail = Static<typeof RouteDetail>;

/** GET /api/alerts?open=true; POST /api/alerts/{alertId}/acknowledge (dispatcher). */
export const AlertRow = Type.Object({
  alertId: Type.Integer(),
  kind: Type.String(),
  severity: Type.String(),
  vehicleId: nullable(Type.Integer()),
  vehicle: nullable(Type.String()),
  routeId: nullable(Type.Integer()),
  route: nullable(Type.String()),
  message: Type.String(),
  rule: Type.String(),
  raisedAt: Type.Number(),
  acknowledgedAt: nullable(Type.Number()),
  acknowledgedBy: nullable(Type.String()),
  resolvedAt: nullable(Type.Number()),
});
export type AlertRow = Static<typeof AlertRow>;

/**
 * GET /api/proposals?open=true; POST /api/proposals/{proposalId}/accept and …/dismiss {reason}
 * (dispatcher). Accepting writes the new order, a new route version, and the audit log.
 */
export const ProposalRow = Type.Object({
  proposalId: Type.Integer(),
  routeId: Type.Integer(),
  route: Type.String(),
  vehicle: Type.String(),
  fromVersion: Type.Integer(),
  createdAt: Type.Number(),
  stopIds: Type.Array(Type.Integer()),
  costBefore: Type.Number(),
  costAfter: Type.Number(),
  explanation: Type.String(),
  state: Type.String({ description: 'open, accepted, dismissed, superseded or undone' }),
  kind: Type.Optional(Type.String({ description: 'order (of one route) or rescue (stops for another van)' })),
  detail: Type.Optional(Type.Union([RescueDetail, Type.Null()])),
  choice: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
  handovers: Type.Optional(
    Type.Array(Type.Object({ code: Type.String(), state: Type.String(), meetAt: Type.Number() })),
  ),
});
export type ProposalRow = Static<typeof ProposalRow>;

/** GET /api/events?limit=: newest geofence crossings and stop visits. */
export const EventRow = Type.Object({
  at: Type.Number(),
  kind: Type.String({ description: 'enter, exit, pass or visit' }),
  vehicleId: Type.Integer(),
  vehicle: Type.String(),
  place: Type.String({ description: 'name of the fence, or code of the stop' }),
});
export type EventRow = Static<typeof EventRow>;

/** GET /api/analytics/route-days?from=YYYY-MM-DD&until=YYYY-MM-DD[&format=csv], from ClickHouse. */
export const RouteDayRow = Type.Object({
  serviceDate: Type.String(),
  depot: Type.String(),
  route: Type.String(),
  vehicle: Type.String(),
  stopsPlanned: Type.Integer(),
  stopsDone: Type.Integer(),
  plannedSeconds: nullable(Type.Number()),
  actualSeconds: nullable(Type.Number()),
  arrivalDelayMean: nullable(Type.Number()),
  arrivalDelayP90: nullable(Type.Number()),
  serviceMeanPlanned: nullable(Type.Number()),
  serviceMeanActual: nullable(Type.Number()),
  onTimeShare: nullable(Type.Number({ description: 'share of served stops no more than 15 min late' })),
});
export type RouteDayRow = Static<typeof RouteDayRow>;

/** Something a driver did: the evidence of a deduction. Its fixes are those of the vehicle from startedAt to endedAt. */
export const DrivingEvent = Type.Object({
  kind: Type.Unsafe<BehaviourKind>(Type.String({ enum: [...behaviourKinds] })),
  vehicleId: Type.Integer(),
  vehicle: Type.String(),
  route: nullable(Type.String()),
  driver: nullable(Type.String()),
  startedAt: Type.Number(),
  endedAt: Type.Number(),
  value: nullable(Type.Number({ description: 'the worst: g, m/s or seconds' })),
  limit: Type.Number({ description: 'what it was held against, in the same unit' }),
  distance: Type.Number({ description: 'metres driven meanwhile' }),
  source: Type.String({ description: 'device or fixes' }),
  policyVersion: Type.Integer(),
});
export type DrivingEvent = Static<typeof DrivingEvent>;

/** GET /api/scores?from=&until=&by=driver|vehicle|route&profile=: worst first. */
export const ScoreRow = Type.Object({
  subject: Type.String({ description: 'code of the driver, name of the van, or route and day' }),
  distance: Type.Number({ description: 'metres driven' }),
  routeDays: Type.Integer(),
  profile: Type.String(),
  profileVersion: Type.Integer(),
  score: Type.Number({ minimum: 0, maximum: 100 }),
  band: Type.String(),
  deductions: Type.Array(
    Type.Object({ rule: Type.String(), points: Type.Number(), evidence: Type.Array(DrivingEvent) }),
  ),
});
export type ScoreRow = Static<typeof ScoreRow>;

/** GET /api/dashboards; GET /api/dashboards/{uid} is the Grafana Classic JSON itself. */
export const DashboardListing = Type.Object({
  uid: Type.String(),
  title: Type.String(),
  description: Type.String(),
});
export type DashboardListing = Static<typeof DashboardListing>;

/**
 * POST /api/dashboards/{uid}/panels/{panelId}/query {from, until, variables}: the panel's own SQL,
 * expanded on the server; the browser never sends SQL. One frame per target.
 */
export const PanelFrame = Type.Object({
  refId: Type.String(),
  columns: Type.Array(
    Type.Object({
      name: Type.String(),
      kind: Type.Union([Type.Literal('time'), Type.Literal('number'), Type.Literal('text')]),
    }),
  ),
  /** Row-major; time is seconds since the epoch. */
  rows: Type.Array(Type.Array(nullable(Type.Union([Type.Number(), Type.String()])))),
});
export type PanelFrame = Static<typeof PanelFrame>;

/** GET /api/depots */
export const DepotRow = Type.Object({
  depotId: Type.Integer(),
  name: Type.String(),
  lng: Type.Number(),
  lat: Type.Number(),
  radius: Type.Number({ description: 'metres' }),
});
export type DepotRow = Static<typeof DepotRow>;

/** GET /api/ingest/devices?limit=: those with losses first. */
export const DeviceHealthRow = Type.Object({
  device: Type.String(),
  vehicle: nullable(Type.String()),
  accepted: Type.Integer(),
  duplicate: Type.Integer(),
  late: Type.Integer(),
  filtered: Type.Integer(),
  rejected: Type.Integer(),
  missing: Type.Integer({ description: 'gaps in seq: fixes that were counted and never came' }),
  lastAt: nullable(Type.Number()),
  lastReceived: nullable(Type.Number()),
  lastLatency: nullable(Type.Number({ description: 'seconds from the newest fix to its receipt' })),
});
export type DeviceHealthRow = Static<typeof DeviceHealthRow>;

/** GET /api/ingest/rejections?limit=: newest first. */
export const RejectionRow = Type.Object({
  rejectionId: Type.Integer(),
  received: Type.Number(),
  topic: Type.String(),
  reason: Type.String(),
  detail: Type.String(),
  times: Type.Integer(),
  device: nullable(Type.String()),
  payload: Type.String({ description: 'the first 512 bytes, octal escapes for what is no text' }),
});
export type RejectionRow = Static<typeof RejectionRow>;

/** GET /api/load-runs?limit=: the book of load runs, newest first. */
export const LoadRunRow = Type.Object({
  loadRunId: Type.Integer(),
  kind: Type.String({ description: 'simulate, demo, or k6 as http, live, mqtt' }),
  scenario: Type.String(),
  seed: Type.String(),
  vans: nullable(Type.Integer()),
  startedAt: Type.Number(),
  endedAt: nullable(Type.Number()),
  platformVersion: nullable(Type.String()),
  gitVersion: nullable(Type.String()),
  machine: Type.Record(Type.String(), Type.Union([Type.Number(), Type.String()])),
  figures: Type.Record(Type.String(), Type.Number(), {
    description: 'what was measured, by name, with the unit in the name',
  }),
});
export type LoadRunRow = Static<typeof LoadRunRow>;

/** GET /api/fences: a GeoJSON FeatureCollection; a circle is a polygon of 64 corners. */
export const FenceFeatures = Type.Object({
  type: Type.Literal('FeatureCollection'),
  features: Type.Array(
    Type.Object({
      type: Type.Literal('Feature'),
      properties: Type.Object({
        fenceId: Type.Integer(),
        set: Type.String(),
        name: Type.String(),
        kind: Type.String(),
      }),
      geometry: Type.Object({
        type: Type.Literal('MultiPolygon'),
        coordinates: Type.Array(Type.Array(Type.Array(Type.Array(Type.Number())))),
      }),
    }),
  ),
});
export type FenceFeatures = Static<typeof FenceFeatures>;

/** GET /api/health: also without a log-in, then without details. */
export const Health = Type.Object({
  status: Type.Union([Type.Literal('ok'), Type.Literal('degraded'), Type.Literal('down')]),
  parts: Type.Array(Type.Object({ name: Type.String(), status: Type.String(), detail: Type.String() })),
});
export type Health = Static<typeof Health>;

/**
 * WebSocket /live (session cookie). Binary messages are frames of schemas/live.ts (a key frame with
 * every van first, again after the server re-read the tables); text messages are `LiveText` as JSON.
 * The client sends nothing.
 *
 * `pace`: with `all`, the whole board (the first one is); without, the rows that changed, to be
 * merged by routeId. `alerts` and `proposals`: always all open ones. `events`: the newest 50.
 * `source`: where positions come from now; `tables` while the broker is away (every 2 s).
 */
export type LiveText =
  | { readonly type: 'pace'; readonly all: boolean; readonly rows: readonly PaceRow[] }
  | { readonly type: 'alerts'; readonly rows: readonly AlertRow[] }
  | { readonly type: 'events'; readonly rows: readonly EventRow[] }
  | { readonly type: 'proposals'; readonly rows: readonly ProposalRow[] }
  | { readonly type: 'source'; readonly from: 'broker' | 'tables' };

/*
 * Also: POST /api/logout; GET /api/basemap (GeoJSON lines, property class: motorway … residential,
 * and polygons with property kind: water or park; 404 when there is none); /docs (OpenAPI).
 */

/** GET /api/rescues: hand-overs that were agreed, and what came of them. */
export const RescueRow = Type.Object({
  proposalId: Type.Integer(),
  handover: Type.String({ description: 'code, as devices know it' }),
  state: Type.String({ description: 'agreed, done, failed or cancelled' }),
  acceptedAt: Type.Number(),
  acceptedBy: Type.String(),
  proposalState: Type.String({ description: 'accepted or undone' }),
  cause: Type.String({ description: 'at_risk, breakdown or out_of_service' }),
  routeId: Type.Integer(),
  route: Type.String(),
  vehicle: Type.String(),
  helperRouteId: Type.Integer(),
  helperRoute: Type.String(),
  helperVehicle: Type.String(),
  meetAt: Type.Number(),
  endedAt: Type.Union([Type.Number(), Type.Null()]),
  stopsMoved: Type.Integer(),
  stopsServed: Type.Integer(),
  stopsLate: Type.Integer({ description: 'served after their promised window' }),
  finishWithout: Type.Union([Type.Number(), Type.Null()]),
  finishExpected: Type.Union([Type.Number(), Type.Null()]),
  finishNow: Type.Union([Type.Number(), Type.Null()]),
  helperFinishNow: Type.Union([Type.Number(), Type.Null()]),
  helperFinishPlanned: Type.Union([Type.Number(), Type.Null()]),
});
export type RescueRow = Static<typeof RescueRow>;
