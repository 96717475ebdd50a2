-- Driving behaviour for analysts: as `behaviours` of PostgreSQL, with names.

create table behaviours (
  fleet_id UInt32 comment 'the fleet' codec(ZSTD(1)),
  vehicle_id UInt32 comment 'the vehicle' codec(ZSTD(1)),
  vehicle LowCardinality(String) comment 'its name' codec(ZSTD(1)),
  kind LowCardinality(String) comment 'what was done: behaviourKinds of schemas/behaviour.ts' codec(ZSTD(1)),
  started_at DateTime64(3, 'UTC') comment 'from when on' codec(DoubleDelta, ZSTD(1)),
  ended_at DateTime64(3, 'UTC') comment 'until when' codec(DoubleDelta, ZSTD(1)),
  value Nullable(Float64) comment 'the worst: g, metres per second or seconds' codec(ZSTD(1)),
  limit_value Float64 comment 'what it was held against' codec(ZSTD(1)),
  distance Float64 comment 'metres driven meanwhile' codec(ZSTD(1)),
  source LowCardinality(String) comment 'device or fixes' codec(ZSTD(1)),
  policy_version UInt32 comment 'version of the fleet''s policy' codec(ZSTD(1)),
  fix_at DateTime64(3, 'UTC') comment 'instant of the fix that decided it' codec(DoubleDelta, ZSTD(1)),
  fix_key Int64 comment 'key of that fix' codec(ZSTD(1)),
  version UInt64 comment 'the engine commit that last changed it' codec(T64, ZSTD(1)),
  retracted UInt8 comment '1: disproved by later data' codec(ZSTD(1))
)
engine = ReplacingMergeTree(version, retracted)
partition by toYYYYMM(fix_at)
order by (fleet_id, vehicle_id, fix_at, fix_key, kind, started_at)
settings non_replicated_deduplication_window = 1000
comment 'What drivers did';

create view v_behaviour as
select fleet_id, vehicle_id, vehicle, kind, started_at, ended_at,
  (toUnixTimestamp64Milli(ended_at) - toUnixTimestamp64Milli(started_at)) / 1000 as seconds,
  value, limit_value, distance, source, policy_version, fix_at, fix_key
from behaviours final
comment 'What drivers did; evidence is v_fix of the vehicle from started_at to ended_at';
