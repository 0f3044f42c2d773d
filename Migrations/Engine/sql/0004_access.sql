-- Who may touch the engine's tables: its own role, and nobody else but through the doors of 0003. Everything
-- belongs to an owner that cannot log in, so that the doors run with no more rights than these tables need.
-- Roles belong to the whole cluster; one that appears between our look and our create is as good as ours.
do $$
declare
    wanted record;
    thing  record;
begin
    for wanted in
        select * from (values ('cartflux_owner', 'nologin'), ('cartflux_engine', 'login')) as roles (name,
            entry)
    loop
        begin
            if not exists (select from pg_roles where rolname = wanted.name) then
                execute format('create role %I %s nosuperuser nobypassrls nocreatedb nocreaterole noinherit',
                    wanted.name, wanted.entry);
            end if;
        exception when duplicate_object or unique_violation then
            null;
        end;
    end loop;

    alter schema engine owner to cartflux_owner;
    for thing in
        select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'engine' and c.relkind in ('r', 'p') and c.relname <> 'migration'
    loop
        execute format('alter table engine.%I owner to cartflux_owner', thing.relname);
    end loop;
    for thing in
        select p.oid::regprocedure as signature from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'engine'
    loop
        execute format('alter function %s owner to cartflux_owner', thing.signature);
    end loop;
end $$;

grant usage on schema engine to cartflux_engine;
grant select, insert, update, delete on
    engine.run, engine.run_key, engine.signal, engine.worker, engine.run_history, engine.step, engine.attempt,
    engine.intent
    to cartflux_engine;
grant execute on all functions in schema engine to cartflux_engine;
