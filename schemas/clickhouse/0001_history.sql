-- What analysts read. ingest/feed copies committed rows and their corrections here; PostgreSQL stays
-- the truth, and this whole database can be filled from it again. Delivery is at least once, so every
-- table is a ReplacingMergeTree whose key is the row's identity: a copy that comes twice is one row,
-- and of two versions of a row the larger wins. Read the views: they merge versions (`final`).
-- Nothing expires; where a fleet's rules ask for it, add a TTL on `at` or `service_date`.
--
-- 100,000 vans at a fix per 10 s are 26 billion fixes a month, so a fix is kept as small integers
-- near their neighbours in time: columns of fixed-point numbers, a codec each for how it moves.

create table fixes (
  fleet_id UInt32 comment 'the fleet; first in the key, so one fleet''s question reads one fleet' codec(ZSTD(1)),
  vehicle_id UInt32 comment 'the vehicle' codec(ZSTD(1)),
  vehicle LowCardinality(String) comment 'its name when the fix was copied' codec(ZSTD(1)),
  device_id UInt32 comment 'the device that spoke for it' codec(ZSTD(1)),
  at DateTime64(3, 'UTC') comment 'when the device says it was there' codec(DoubleDelta, ZSTD(1)),
  key Int64 comment 'seq where the device sends one, else minus a hash of all measured values' codec(DoubleDelta, ZSTD(1)),
  delay_ms Int64 comment 'milliseconds from `at` to when the payload reached us' codec(T64, ZSTD(1)),
  lng_e7 Int32 comment 'longitude in 1e-7 degrees (11 mm)' codec(Delta, ZSTD(1)),
  lat_e7 Int32 comment 'latitude in 1e-7 degrees' codec(Delta, ZSTD(1)),
  speed_cms Nullable(UInt32) comment 'speed, centimetres per second' codec(T64, ZSTD(1)),
  heading_cdeg Nullable(UInt16) comment 'heading, hundredths of a degree clockwise from north' codec(T64, ZSTD(1)),
  accuracy_dm Nullable(UInt32) comment '68 % radius, decimetres' codec(T64, ZSTD(1)),
  altitude_dm Nullable(Int32) comment 'metres above the ellipsoid, tenths' codec(Delta, ZSTD(1)),
  satellites Nullable(UInt8) comment 'satellites in use' codec(T64, ZSTD(1)),
  ignition Nullable(Bool) comment 'whether the engine is on' codec(ZSTD(1)),
  odometer_dm Nullable(Int64) comment 'what the vehicle says it has ever driven, decimetres' codec(Delta, ZSTD(1)),
  fuel_e4 Nullable(Int32) comment 'share of the tank, ten-thousandths' codec(Delta, ZSTD(1)),
  soc_e4 Nullable(Int32) comment 'state of charge, ten-thousandths' codec(Delta, ZSTD(1)),
  rpm Nullable(UInt32) comment 'engine speed, turns per minute' codec(T64, ZSTD(1)),
  door Nullable(Bool) comment 'true when a door is open' codec(ZSTD(1)),
  belt Nullable(Bool) comment 'true when the driver is belted' codec(ZSTD(1)),
  buffered Nullable(Bool) comment 'kept on the device before it was sent' codec(ZSTD(1)),
  flags UInt32 comment 'bits of fixFlags, of the fix alone and of its neighbours; 0 is a good fix' codec(T64, ZSTD(1)),
  version UInt64 comment 'the engine commit that judged it by its neighbours; 0 while none has' codec(T64, ZSTD(1))
)
engine = ReplacingMergeTree(version)
partition by toYYYYMM(at)
order by (fleet_id, vehicle_id, at, key)
settings non_replicated_deduplication_window = 1000
comment 'One report of one vehicle. Fixed-point columns; v_fix has them in SI units';

create table stop_visits (
  fleet_id UInt32 comment 'the fleet' codec(ZSTD(1)),
  service_date Date comment 'day of the shift, in the depot''s time zone' codec(ZSTD(1)),
  depot LowCardinality(String) comment 'where the route starts' codec(ZSTD(1)),
  route_id UInt32 comment 'the route' codec(ZSTD(1)),
  route String comment 'its code' codec(ZSTD(1)),
  vehicle_id UInt32 comment 'the vehicle planned for it' codec(ZSTD(1)),
  vehicle LowCardinality(String) comment 'its name' codec(ZSTD(1)),
  driver LowCardinality(Nullable(String)) comment 'code of the driver planned for it' codec(ZSTD(1)),
  planned_departure DateTime64(3, 'UTC') comment 'planned departure of the route from its depot' codec(ZSTD(1)),
  planned_return DateTime64(3, 'UTC') comment 'planned return of the route to its depot' codec(ZSTD(1)),
  stop_id UInt64 comment 'the planned stop' codec(Delta, ZSTD(1)),
  stop String comment 'its code' codec(ZSTD(1)),
  sequence UInt32 comment 'place in the running order, from 0' codec(T64, ZSTD(1)),
  lng Float64 comment 'degrees east' codec(Gorilla, ZSTD(1)),
  lat Float64 comment 'degrees north' codec(Gorilla, ZSTD(1)),
  packages UInt32 comment 'packages to deliver' codec(T64, ZSTD(1)),
  planned_arrival DateTime64(3, 'UTC') comment 'planned start of service' codec(Delta, ZSTD(1)),
  planned_service Float32 comment 'planned seconds at the stop' codec(ZSTD(1)),
  window_from Nullable(DateTime64(3, 'UTC')) comment 'earliest promised start of service' codec(ZSTD(1)),
  window_until Nullable(DateTime64(3, 'UTC')) comment 'latest promised start of service' codec(ZSTD(1)),
  arrived_at Nullable(DateTime64(3, 'UTC')) comment 'when the vehicle came; null until it is served' codec(Delta, ZSTD(1)),
  departed_at Nullable(DateTime64(3, 'UTC')) comment 'when it left; null while it is there' codec(Delta, ZSTD(1)),
  outcome LowCardinality(Nullable(String)) comment 'served or failed; null until it is visited' codec(ZSTD(1)),
  evidence LowCardinality(Nullable(String)) comment 'what the visit rests on: halt or app' codec(ZSTD(1)),
  confidence Nullable(Float32) comment 'of the match between visit and stop, 0-1' codec(ZSTD(1)),
  out_of_sequence Nullable(Bool) comment 'visited before a stop that was planned earlier' codec(ZSTD(1)),
  version UInt64 comment 'grows with every change of plan or visit' codec(T64, ZSTD(1)),
  retracted UInt8 comment '1: no longer in the plan' codec(ZSTD(1))
)
engine = ReplacingMergeTree(version, retracted)
partition by toYYYYMM(service_date)
order by (fleet_id, service_date, route_id, stop_id)
settings non_replicated_deduplication_window = 1000
comment 'Every planned stop with what happened there, also those not served yet. Names are those of the time of writing';

create table crossings (
  fleet_id UInt32 comment 'the fleet' codec(ZSTD(1)),
  vehicle_id UInt32 comment 'the vehicle' codec(ZSTD(1)),
  vehicle LowCardinality(String) comment 'its name' codec(ZSTD(1)),
  at DateTime64(3, 'UTC') comment 'first fix on the new side; the later fix for a pass' codec(DoubleDelta, ZSTD(1)),
  fence_id UInt32 comment 'the geofence' codec(T64, ZSTD(1)),
  fence_set LowCardinality(String) comment 'the set it was imported with' codec(ZSTD(1)),
  fence LowCardinality(String) comment 'its name' codec(ZSTD(1)),
  fence_kind LowCardinality(String) comment 'area or depot' codec(ZSTD(1)),
  kind LowCardinality(String) comment 'enter, exit or pass' codec(ZSTD(1)),
  dwell Nullable(Float64) comment 'seconds inside, on an exit' codec(ZSTD(1)),
  version UInt64 comment 'the engine commit that last changed it' codec(T64, ZSTD(1)),
  retracted UInt8 comment '1: disproved by later data' codec(ZSTD(1))
)
engine = ReplacingMergeTree(version, retracted)
partition by toYYYYMM(at)
order by (fleet_id, vehicle_id, at, fence_id, kind)
settings non_replicated_deduplication_window = 1000
comment 'Vehicles entering, leaving and passing geofences';

create view v_fix as
select
  fleet_id,
  vehicle_id,
  vehicle,
  device_id,
  at,
  key,
  addMilliseconds(at, delay_ms) as received,
  lng_e7 / 1e7 as lng,
  lat_e7 / 1e7 as lat,
  speed_cms / 100 as speed,
  heading_cdeg / 100 as heading,
  accuracy_dm / 10 as accuracy,
  altitude_dm / 10 as altitude,
  satellites,
  ignition,
  odometer_dm / 10 as odometer,
  fuel_e4 / 1e4 as fuel,
  soc_e4 / 1e4 as soc,
  rpm,
  door,
  belt,
  if(key >= 0, key, null) as seq,
  buffered,
  flags
from fixes final
comment 'Every stored fix in SI units; flags = 0 is a good one. Filter by fleet_id';

create view v_stop_visit as
select
  fleet_id,
  service_date,
  depot,
  route_id,
  route,
  stop_id,
  stop,
  sequence,
  vehicle_id,
  vehicle,
  driver,
  lng,
  lat,
  packages,
  planned_departure,
  planned_return,
  planned_arrival,
  planned_service,
  window_from,
  window_until,
  arrived_at,
  departed_at,
  dateDiff('millisecond', arrived_at, departed_at) / 1000 as actual_service,
  dateDiff('millisecond', planned_arrival, arrived_at) / 1000 as arrival_delay,
  confidence,
  evidence,
  outcome,
  out_of_sequence
from stop_visits final
comment 'Every planned stop with what happened there; arrived_at is null until it is served. Seconds. Filter by fleet_id';

create view v_route_day as
select
  fleet_id,
  service_date,
  depot,
  route_id,
  route,
  vehicle,
  driver,
  count() as stops_planned,
  count(arrived_at) as stops_done,
  countIf(outcome = 'failed') as stops_failed,
  dateDiff('millisecond', min(planned_departure), max(planned_return)) / 1000 as planned_seconds,
  dateDiff('millisecond', min(arrived_at), max(departed_at)) / 1000 as actual_seconds,
  avg(arrival_delay) as arrival_delay_mean,
  if(stops_done = 0, null, quantileExactInclusive(0.9)(arrival_delay)) as arrival_delay_p90,
  avg(planned_service) as service_mean_planned,
  avg(actual_service) as service_mean_actual,
  if(stops_done = 0, null, countIf(arrival_delay <= 900) / stops_done) as on_time_share
from v_stop_visit
group by fleet_id, service_date, depot, route_id, route, vehicle, driver
comment 'Planned against actual per route and day. Done counts visits of any outcome; on_time_share is the share of them no more than 15 minutes late; p90 interpolates as percentile_cont does. Seconds. Filter by fleet_id';

create view v_geofence_event as
select
  fleet_id,
  at,
  kind,
  dwell,
  fence_set,
  fence,
  fence_kind,
  fence_id,
  vehicle_id,
  vehicle
from crossings final
comment 'Crossings that stand. Filter by fleet_id';
