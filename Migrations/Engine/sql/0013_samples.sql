-- What the first page of operators shows of the last day: for each figure the highest of every quarter hour.
-- The tables of runs say how things stand now; how they stood this morning is on record nowhere else. Whoever
-- looks at a figure once a minute keeps it here, and what is older than two days is deleted on the way, so a
-- figure takes 192 rows and never more.
create table engine.sample (
    quarter timestamptz      not null,
    name    text             not null,
    value   double precision not null,
    primary key (quarter, name)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500,
        autovacuum_vacuum_cost_delay = 0);
comment on table engine.sample is 'The highest of a figure in each quarter hour of the last two days.';

alter table engine.sample owner to cartflux_owner;
grant select, insert, update, delete on engine.sample to cartflux_engine;
