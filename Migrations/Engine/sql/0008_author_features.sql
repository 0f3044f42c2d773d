-- What a long step last said of itself (the row it has reached, the page it has read), so that its next
-- attempt goes on from there. One row per step, overwritten in place: a growing list would cost a run more
-- with every heartbeat. Partitioned like the steps that it belongs to and dropped with them.
create table engine.step_detail (
    run     uuid        not null,
    name    text        not null,
    item    text        not null,
    attempt integer     not null,
    detail  jsonb       not null,
    at      timestamptz not null default clock_timestamp(),
    primary key (run, name, item)
) partition by range (run);

-- Runs that began weeks ago may be alive: every week that steps have a partition for needs one here.
do $$
declare
    part record;
begin
    for part in
        select c.relname, pg_get_expr(c.relpartbound, c.oid) as bounds
        from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'engine.step'::regclass
    loop
        execute format('create table engine.%I partition of engine.step_detail %s',
            replace(part.relname, 'step_', 'step_detail_'), part.bounds);
        execute format('alter table engine.%I owner to cartflux_owner',
            replace(part.relname, 'step_', 'step_detail_'));
    end loop;
end $$;

alter table engine.step_detail owner to cartflux_owner;
grant select, insert, update, delete on engine.step_detail to cartflux_engine;

-- As before, for every partitioned table of the engine, so that none can be forgotten.
create or replace function engine.ensure_partitions(ahead integer) returns integer
language plpgsql security definer set search_path = engine, pg_temp as $$
declare
    week   timestamptz := date_trunc('week', clock_timestamp() at time zone 'UTC') at time zone 'UTC';
    parent text;
    child  text;
    made   integer := 0;
begin
    perform pg_advisory_xact_lock(hashtext('engine.ensure_partitions'));
    for n in -1..ahead loop
        for parent in
            select c.relname
            from pg_catalog.pg_partitioned_table p join pg_catalog.pg_class c on c.oid = p.partrelid
            where c.relnamespace = 'engine'::regnamespace order by c.relname
        loop
            child := parent || '_' || to_char((week + n * interval '7 days') at time zone 'UTC', 'IYYY"w"IW');
            if to_regclass('engine.' || child) is null then
                execute format('create table engine.%I partition of engine.%I for values from (%L) to (%L)',
                    child, parent,
                    engine.first_id(week + n * interval '7 days'),
                    engine.first_id(week + (n + 1) * interval '7 days'));
                made := made + 1;
            end if;
        end loop;
    end loop;
    return made;
end $$;
