-- What arrived. About 100,000 vans at one fix per 10 s: 10,000 rows a second. The primary key is
-- the identity of a fix (vehicle, instant, key), so a repeated upload conflicts and changes nothing.
-- Whether `fixes` is a hypertable or partitioned is decided in 0004 by the feature probe.

create table sources (
  source_id smallint generated always as identity primary key,
  name text not null unique,
  last_batch bigint not null default 0,
  last_token uuid,
  counted_batch bigint not null default 0
);
comment on table sources is 'One row per ingest writer. last_batch is advanced in the transaction that stores the batch, so numbers have no gaps and appear in order.';

comment on column sources.last_token is 'the writer''s name for its last commit: after a lost connection it tells whether that commit took place, so that none is made twice';
comment on column sources.counted_batch is 'up to here device_counters and device_boots are counted; what came after is in the tally of its batch';

create table batches (
  source_id smallint not null references sources,
  batch bigint not null,
  committed timestamptz not null default now(),
  fix_count integer not null,
  report_count integer not null default 0,
  min_at timestamptz,
  max_at timestamptz,
  payload bytea not null,
  tally text,
  primary key (source_id, batch)
);
alter table batches alter column payload set storage external, alter column tally set storage external;
comment on column batches.tally is 'what this commit adds to the counters of devices, when it was too much to add at once; added, with that of other batches, within a second or at the next start';
comment on column batches.report_count is 'rows of stop_reports stored by the same commit';
comment on table batches is 'The log that engine and feed read: the new fixes of one commit, packed by schemas/batch.ts. Kept until every consumer is past it, and some hours more.';

create table consumers (
  consumer text not null,
  source_id smallint not null references sources,
  batch bigint not null default 0,
  primary key (consumer, source_id)
);
comment on table consumers is 'How far each reader of the log has come; advanced in the transaction that stores its results.';

create table stop_reports (
  fleet_id integer not null,
  vehicle_id integer not null,
  at timestamptz not null,
  stop_code text not null,
  kind text not null,
  reason text,
  received timestamptz not null,
  source_id smallint not null,
  batch bigint not null,
  primary key (vehicle_id, at, stop_code, kind)
);
create index stop_reports_by_batch on stop_reports (source_id, batch);
comment on table stop_reports is 'What driver apps said about stops.';

create table rejections (
  rejection_id bigint generated always as identity primary key,
  fleet_id integer,
  device_id integer,
  received timestamptz not null,
  topic text not null,
  reason text not null,
  detail text not null,
  payload bytea not null,
  payload_hash bytea not null,
  times integer not null default 1
);
create unique index rejections_once on rejections (topic, payload_hash);
create index rejections_by_time on rejections (fleet_id, received desc);
comment on table rejections is 'Payloads that are no fixes, with the code of schemas/reasons.ts. The same payload again only counts up.';

create table device_counters (
  device_id integer primary key references devices,
  fleet_id integer not null references fleets,
  accepted bigint not null default 0,
  duplicate bigint not null default 0,
  late bigint not null default 0,
  filtered bigint not null default 0,
  rejected bigint not null default 0,
  last_at timestamptz,
  last_received timestamptz
);
comment on column device_counters.late is 'fixes that arrived behind a newer one of their vehicle';

create table device_boots (
  device_id integer not null references devices,
  fleet_id integer not null references fleets,
  boot text not null,
  seq_min bigint not null,
  seq_max bigint not null,
  fix_count bigint not null,
  primary key (device_id, boot)
);
comment on table device_boots is 'Per boot of a device: missing fixes = seq_max - seq_min + 1 - fix_count.';

create table ingest_minutes (
  fleet_id integer not null references fleets,
  minute timestamptz not null,
  messages bigint not null default 0,
  accepted bigint not null default 0,
  duplicate bigint not null default 0,
  late bigint not null default 0,
  filtered bigint not null default 0,
  rejected bigint not null default 0,
  commit_ms_sum double precision not null default 0,
  commit_ms_max double precision not null default 0,
  commits bigint not null default 0,
  primary key (fleet_id, minute)
);
comment on table ingest_minutes is 'What ingest did per fleet and minute of receipt.';

create table fixes (
  fleet_id integer not null,
  vehicle_id integer not null,
  device_id integer not null,
  at timestamptz not null,
  key bigint not null,
  received timestamptz not null,
  lng double precision not null,
  lat double precision not null,
  speed real,
  heading real,
  accuracy real,
  altitude real,
  satellites smallint,
  ignition boolean,
  odometer double precision,
  fuel real,
  soc real,
  rpm real,
  door boolean,
  belt boolean,
  seq bigint,
  boot text,
  sent timestamptz,
  buffered boolean,
  events jsonb,
  source_id smallint not null,
  batch bigint not null,
  flags integer not null default 0,
  primary key (vehicle_id, at, key)
)@partitioned@;
comment on table fixes is 'One report of one vehicle. Identity: (vehicle_id, at, key).';
comment on column fixes.at is 'when the device says it was there, to the millisecond';
comment on column fixes.key is 'seq where the device sends one, else minus a hash of all measured values';
comment on column fixes.received is 'when the payload reached us';
comment on column fixes.speed is 'metres per second';
comment on column fixes.heading is 'degrees clockwise from north';
comment on column fixes.accuracy is 'metres, 68 % radius';
comment on column fixes.odometer is 'metres the vehicle says it has ever driven';
comment on column fixes.fuel is 'share of the tank, 0-1';
comment on column fixes.soc is 'state of charge, 0-1';
comment on column fixes.door is 'true when a door is open';
comment on column fixes.belt is 'true when the driver is belted';
comment on column fixes.batch is 'the commit that stored it, in the numbering of its source';
comment on column fixes.flags is 'bits of fixFlags (schemas/reasons.ts); 0 is a good fix';

-- Ingest holds fleets, devices and gateways in memory; whoever changes them tells it.
create function notify_directory() returns trigger
  language plpgsql as $$
begin
  perform pg_notify('paceline_directory', tg_table_name);
  return null;
end $$;

create trigger fleets_told after insert or update or delete on fleets
  for each statement execute function notify_directory();
create trigger devices_told after insert or update or delete on devices
  for each statement execute function notify_directory();
create trigger gateways_told after insert or update or delete on gateways
  for each statement execute function notify_directory();
