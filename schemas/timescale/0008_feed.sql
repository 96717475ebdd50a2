-- How far the feed to ClickHouse has come besides the log of batches (its place there is in
-- consumers). Advanced only once ClickHouse has acknowledged.

create table feed_cursors (
  stream text primary key constraint feed_cursors_stream_known check (stream in ('results', 'plans')),
  position bigint not null
);
comment on table feed_cursors is 'Per stream, what the feed has passed on to ClickHouse.';
comment on column feed_cursors.position is 'results: the last engine commit; plans: routes.changed below it are done';

-- The feed asks for judgements by commit, as it does for events and stop visits (0005).
create index fix_flags_by_commit on fix_flags (commit_no);
