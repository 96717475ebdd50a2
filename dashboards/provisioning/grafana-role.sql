-- A log-in for Grafana that reads the views of one fleet and nothing else:
--
--   psql "$DATABASE_URL" -v role=grafana_demo -v fleet=demo -v password=... -f dashboards/provisioning/grafana-role.sql
--
-- Run it again after an upgrade: new views are granted then. The fleet is a setting of the role, and
-- who writes SQL can change a setting. Grafana lets everyone who may see a data source send it SQL, so
-- give its log-ins only to people who may see every fleet of this database.

select format('create role %I login', :'role') where not exists (select from pg_roles where rolname = :'role') \gexec
select format('alter role %I with password %L', :'role', :'password') \gexec
select format('alter role %I set paceline.fleet_id = %L', :'role', fleet_id) from fleets where name = :'fleet' \gexec
select format('alter role %I set default_transaction_read_only = on', :'role') \gexec
select format('alter role %I set statement_timeout = %L', :'role', '15s') \gexec
select format('grant select on %I to %I', viewname, :'role') from pg_views where schemaname = 'public' and viewname like 'v\_%' \gexec
