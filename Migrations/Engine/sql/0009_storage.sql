-- Storage for years: how long history is kept, how whole weeks of it go, whose payloads are sealed under
-- which key, and what the invariant scanner has found.
--
-- A week of history is never deleted from row by row: that would leave dead rows in the largest tables.
-- Where every run of a week is past its policy, the week's partitions are dropped. Where policies differ, or
-- a run of that week is still alive, what must stay is copied into new partitions which then take the place
-- of the old ones, and the old ones are dropped: the cost is one sequential pass, nothing is left to vacuum,
-- and a live run's records move with it. Keys per tenant and week were considered, so that a shorter policy
-- could be honoured by destroying a key, and rejected: every payload would have to be encrypted, and ids,
-- labels and times would stay. The locks are plain ones, taken for a moment and given up at once if others
-- are busy: `detach concurrently` cannot run inside a function, and only the owner may detach at all.

alter table engine.run add column subject_key uuid;
alter table engine.run_history add column subject_key uuid;

-- Keys of people ----------------------------------------------------------------------------------------

-- One key per person and tenant, itself sealed by a master key that only processes know: `sealed` reads
-- master:base64. Erasing a person empties the row, and everything sealed under the key is noise from then
-- on. The empty row stays, so that a reader can tell "erased" from "lost". Vacuumed after any change,
-- because the old version of an erased row must not stay in the table.
create table engine.subject_key (
    id         uuid        primary key,
    tenant     text        not null,
    subject    text,
    sealed     text,
    master     text        generated always as (split_part(sealed, ':', 1)) stored,
    created_at timestamptz not null default clock_timestamp(),
    rotated_at timestamptz,
    erased_at  timestamptz,
    erased_by  text,
    reason     text,
    constraint subject_key_subject unique (tenant, subject),
    check ((sealed is null) = (erased_at is not null)),
    check ((subject is null) = (erased_at is not null))
) with (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
create index subject_key_master on engine.subject_key (master, id) where sealed is not null;

-- Ties a run that this very transaction has started to its subject's key. Anybody may call it, because it
-- touches no other run and asks the same question as the door that started it.
create function engine.bind_subject(of_run uuid, to_key uuid) returns void
language plpgsql security definer set search_path = engine, pg_temp as $$
begin
    update run r set subject_key = to_key
    where r.id = of_run and r.subject_key is null and r.epoch = 0
      and r.xmin = pg_current_xact_id()::xid and engine.may_act_for(r.tenant)
      and exists (select 1 from subject_key k where k.id = to_key and k.tenant = r.tenant);
    if not found then
        raise insufficient_privilege using message = 'only the transaction that starts a run may bind it';
    end if;
end $$;

-- Destroys the key of a person. Every live run of that person loses its owner in the same moment, so that
-- no worker which still holds the key can record anything more; whoever claims it next finds no key and
-- ends it.
create function engine.erase_subject(of_tenant text, of_subject text, by_actor text, with_reason text)
returns table (key uuid, run uuid, queue text, priority smallint)
language plpgsql set search_path = engine, pg_temp as $$
declare
    gone uuid;
begin
    if coalesce(by_actor, '') = '' or coalesce(with_reason, '') = '' then
        raise exception 'an erasure needs an actor and a reason';
    end if;
    update subject_key k set subject = null, sealed = null, erased_at = clock_timestamp(),
        erased_by = by_actor, reason = with_reason
        where k.tenant = of_tenant and k.subject = of_subject returning k.id into gone;
    if gone is null then return; end if;
    return query select gone, null::uuid, null::text, null::smallint;
    perform 1 from run r where r.subject_key = gone order by r.id for no key update;
    return query
        update run r set status = 'pending', epoch = r.epoch + 1, worker = null, claimed_at = null,
            wake_at = null, waiting_for = null, ready_at = clock_timestamp()
        where r.subject_key = gone
        returning gone, r.id, r.queue, r.priority;
end $$;

-- Policies ----------------------------------------------------------------------------------------------

-- How many weeks a run is kept after the week in which it ended. An empty tenant or workflow stands for all;
-- the row that names more wins, the tenant before the workflow. A hold on any matching row keeps everything.
create table engine.retention (
    tenant     text        not null default '',
    workflow   text        not null default '',
    keep_weeks integer     check (keep_weeks between 1 and 5200),
    held       boolean     not null default false,
    set_by     text        not null,
    reason     text        not null,
    set_at     timestamptz not null default clock_timestamp(),
    primary key (tenant, workflow),
    check (held or keep_weeks is not null)
);
insert into engine.retention (keep_weeks, set_by, reason) values (104, 'migration', 'two years by default');

-- Null means for ever: under a hold, or where no row matches.
create function engine.kept_weeks(of_tenant text, of_workflow text) returns integer
language sql stable set search_path = engine, pg_temp as $$
    select case when not bool_or(held) then
        (array_agg(keep_weeks order by (tenant <> '') desc, (workflow <> '') desc)
            filter (where keep_weeks is not null))[1] end
    from retention where tenant in ('', of_tenant) and workflow in ('', of_workflow)
$$;

-- What retention knows about each week. `revivals` counts how often ended runs of that week were brought
-- back to life or rewritten: a sweep that saw one number and then another starts over.
create table engine.history_week (
    week         date        primary key,
    due_at       timestamptz,
    looked_at    timestamptz,
    runs         bigint,
    expired      bigint,
    revivals     bigint      not null default 0,
    rewritten_at timestamptz,
    dropped_at   timestamptz,
    note         text        not null default ''
);

create function engine.set_retention(
    of_tenant text, of_workflow text, weeks integer, hold boolean, by_actor text, with_reason text)
returns void language plpgsql set search_path = engine, pg_temp as $$
begin
    if coalesce(by_actor, '') = '' or coalesce(with_reason, '') = '' then
        raise exception 'a change of retention needs an actor and a reason';
    end if;
    if weeks is null and not hold then
        if of_tenant = '' and of_workflow = '' then
            raise exception 'the default cannot be removed; set another number of weeks';
        end if;
        delete from retention where tenant = of_tenant and workflow = of_workflow;
    else
        insert into retention (tenant, workflow, keep_weeks, held, set_by, reason)
            values (of_tenant, of_workflow, weeks, hold, by_actor, with_reason)
            on conflict (tenant, workflow) do update set keep_weeks = excluded.keep_weeks,
                held = excluded.held, set_by = excluded.set_by, reason = excluded.reason,
                set_at = clock_timestamp();
    end if;
    update history_week set due_at = null;
end $$;

-- Weeks -------------------------------------------------------------------------------------------------

create function engine.week_start(of_week date) returns timestamptz language sql immutable as $$
    select date_trunc('week', of_week::timestamp) at time zone 'UTC'
$$;

-- The tables that are partitioned by the week of the run, with the column that holds the run's id.
create function engine.history_tables() returns table (name text, key text)
language sql stable set search_path = engine, pg_temp as $$
    select c.relname::text, a.attname::text
    from pg_partitioned_table p
    join pg_class c on c.oid = p.partrelid and c.relnamespace = 'engine'::regnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum = p.partattrs[0]
    where p.partstrat = 'r' and p.partnatts = 1 and a.atttypid = 'uuid'::regtype
    order by c.relname <> 'run_history', c.relname
$$;

create function engine.week_table(parent text, of_week date) returns text language sql immutable as $$
    select parent || '_' || to_char(of_week, 'IYYY"w"IW')
$$;

-- Makes a table that will become a partition: it promises its bounds, so that attaching it reads nothing.
create function engine.make_week_table(parent text, key text, child text, of_week date) returns void
language plpgsql set search_path = engine, pg_temp as $$
begin
    execute format('create table engine.%I (like engine.%I including all)', child, parent);
    execute format('alter table engine.%I add constraint bounds check (%I >= %L and %I < %L)', child, key,
        engine.first_id(engine.week_start(of_week)), key,
        engine.first_id(engine.week_start(of_week + 7)));
end $$;

create function engine.attach_week_table(parent text, child text, of_week date) returns void
language plpgsql set search_path = engine, pg_temp as $$
begin
    execute format('alter table engine.%I attach partition engine.%I for values from (%L) to (%L)', parent,
        child, engine.first_id(engine.week_start(of_week)),
        engine.first_id(engine.week_start(of_week + 7)));
    execute format('alter table engine.%I drop constraint bounds', child);
end $$;

-- Creates what is missing of one week. Attaching locks the parent against other changes of shape alone;
-- `create table ... partition of` would lock it against reading and writing.
create function engine.create_week(of_week date) returns integer
language plpgsql security definer set search_path = engine, pg_temp as $$
declare
    history record;
    child   text;
    made    integer := 0;
begin
    of_week := date_trunc('week', of_week::timestamp)::date;
    for history in select * from engine.history_tables() loop
        child := engine.week_table(history.name, of_week);
        continue when to_regclass('engine.' || child) is not null;
        perform engine.make_week_table(history.name, history.key, child, of_week);
        perform engine.attach_week_table(history.name, child, of_week);
        made := made + 1;
    end loop;
    return made;
end $$;

create or replace function engine.ensure_partitions(ahead integer) returns integer
language plpgsql security definer set search_path = engine, pg_temp as $$
declare
    this_week date := date_trunc('week', clock_timestamp() at time zone 'UTC')::date;
    made      integer := 0;
begin
    perform pg_advisory_xact_lock(hashtext('engine.ensure_partitions'));
    for n in -1..ahead loop
        made := made + engine.create_week(this_week + 7 * n);
    end loop;
    return made;
end $$;

-- The weeks that have partitions, with how many of the history tables have one.
create function engine.history_weeks() returns table (week date, tables integer, bytes bigint)
language sql stable set search_path = engine, pg_temp as $$
    select to_date(right(c.relname, 7), 'IYYY"w"IW'), count(*)::integer,
        sum(pg_total_relation_size(c.oid))::bigint
    from engine.history_tables() t
    join pg_inherits i on i.inhparent = ('engine.' || t.name)::regclass
    join pg_class c on c.oid = i.inhrelid and c.relname ~ '_[0-9]{4}w[0-9]{2}$'
    group by 1 order by 1
$$;

-- How many whole weeks after this one can be written to, counted up to the first gap.
create function engine.weeks_ahead(as_of timestamptz) returns integer
language sql stable set search_path = engine, pg_temp as $$
    select count(*)::integer from (
        select bool_and(coalesce(w.tables, 0) = (select count(*) from engine.history_tables()))
            over (order by n) as whole
        from generate_series(1, 60) n
        left join engine.history_weeks() w
            on w.week = date_trunc('week', as_of at time zone 'UTC')::date + 7 * n::integer) as following
    where whole
$$;

-- Retention ---------------------------------------------------------------------------------------------

-- Ended runs that were brought back to life, or changed, in a week that retention may be copying just now.
create function engine.note_revival() returns trigger
language plpgsql security definer set search_path = engine, pg_temp as $$
begin
    insert into history_week as w (week, revivals)
        select distinct date_trunc('week', to_timestamp(
            ('x' || substr(replace(o.id::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0)
            at time zone 'UTC')::date, 1
        from old_rows o
        order by 1
        on conflict (week) do update set revivals = w.revivals + 1;
    return null;
end $$;
create trigger revived after delete on engine.run_history
    referencing old table as old_rows for each statement execute function engine.note_revival();
create trigger amended after update on engine.run_history
    referencing old table as old_rows for each statement execute function engine.note_revival();

-- The instant from which a run of that tenant and workflow which ended in that week may go.
create function engine.kept_until(ended_week date, weeks integer) returns timestamptz
language sql immutable as $$
    select coalesce(engine.week_start(ended_week + 7 * (weeks + 1)), 'infinity')
$$;

-- Looks at one week: how much of it is there, how much is past its policy, since when, and what goes next.
create function engine.inspect_week(of_week date, as_of timestamptz)
returns table (runs bigint, expired bigint, expired_since timestamptz, next_expiry timestamptz, live bigint)
language plpgsql security definer set search_path = engine, pg_temp as $$
begin
    -- Written here, in a transaction of its own, so that nobody ever waits for the one that shrinks the
    -- week.
    insert into history_week (week) select of_week
        where not exists (select 1 from history_week where week = of_week) on conflict do nothing;
    return query execute format($query$
        with kinds as materialized (
            select tenant, workflow, date_trunc('week', ended_at at time zone 'UTC')::date as ended,
                count(*) as many
            from engine.%I group by 1, 2, 3),
        judged as materialized (
            select many, engine.kept_until(ended, engine.kept_weeks(tenant, workflow)) as until from kinds)
        select coalesce(sum(many), 0)::bigint, coalesce(sum(many) filter (where until <= $1), 0)::bigint,
            min(until) filter (where until <= $1), min(until) filter (where until > $1),
            (select count(*) from engine.run
                where id >= engine.first_id(engine.week_start($2))
                  and id < engine.first_id(engine.week_start($2 + 7)))
        from judged $query$, engine.week_table('run_history', of_week))
    using as_of, of_week;
end $$;

-- Lets go of everything in a week that is past its policy. Whatever must stay is first copied beside,
-- without a lock; then, under a lock that is given up after `patience` milliseconds if others use the
-- tables, what live runs have written meanwhile is copied too and the tables change places. Answers
-- dropped, rewritten, busy (could not get the lock, try later), revived (a run came back meanwhile, start
-- over) or crowded (more live runs than can be moved while others wait).
create function engine.shrink_week(
    of_week date, as_of timestamptz, patience integer, tries integer, live_limit integer)
returns text language plpgsql security definer set search_path = engine, pg_temp as $$
declare
    low      uuid := engine.first_id(engine.week_start(of_week));
    high     uuid := engine.first_id(engine.week_start(of_week + 7));
    -- Whatever began later than this may also have ended before the lock. Clocks may differ a little.
    recent   uuid := greatest(low, engine.first_id(clock_timestamp() - interval '10 minutes'));
    history  record;
    seen     bigint;
    alive    uuid[];
    moving   uuid[];
    is_empty boolean;
    parents  text;
begin
    if engine.week_start(of_week + 7) > as_of then
        raise exception 'week % is not over', of_week;
    end if;
    perform pg_advisory_xact_lock(hashtext('engine.shrink_week'));
    select revivals into strict seen from history_week where week = of_week;
    alive := array(select id from run where id >= low and id < high);
    if cardinality(alive) > live_limit then return 'crowded'; end if;

    for history in select * from engine.history_tables() loop
        perform engine.copy_kept(history.name, history.key, of_week, as_of);
    end loop;
    select string_agg(format('engine.%I', name), ', ') into parents from engine.history_tables();

    for n in 1..tries loop
        begin
            perform set_config('lock_timeout', patience || 'ms', true);
            execute format('lock table only %s in access exclusive mode', parents);
            if (select revivals from history_week where week = of_week) <> seen then
                raise exception using errcode = 'CF001', message = 'revived';
            end if;
            moving := alive || array(select id from run where id >= low and id < high)
                || array(select id from run_history where id >= recent and id < high);
            if cardinality(moving) > 2 * live_limit then
                raise exception using errcode = 'CF001', message = 'crowded';
            end if;
            is_empty := true;
            for history in select * from engine.history_tables() loop
                if engine.copy_moving(history.name, history.key, of_week, moving) then
                    is_empty := false;
                end if;
            end loop;
            is_empty := is_empty and not exists (select 1 from run where id >= low and id < high);
            for history in select * from engine.history_tables() loop
                perform engine.swap_week(history.name, of_week, is_empty);
            end loop;
            -- Few rows, in no partition: what a rerun set aside goes with the run that it belonged to.
            delete from set_aside a where a.run >= low and a.run < high
                and not exists (select 1 from run_history h where h.id = a.run)
                and not exists (select 1 from run r where r.id = a.run);
            update history_week set revivals = revivals + 1, due_at = null,
                rewritten_at = case when is_empty then rewritten_at else clock_timestamp() end,
                dropped_at = case when is_empty then clock_timestamp() end
                where week = of_week;
            return case when is_empty then 'dropped' else 'rewritten' end;
        exception
            when lock_not_available or deadlock_detected then
                -- Those who waited behind this request go first, for longer each time.
                perform pg_sleep(0.1 * n);
        end;
    end loop;
    raise exception using errcode = 'CF001', message = 'busy';
exception when sqlstate 'CF001' then
    -- With everything that was copied undone.
    return sqlerrm;
end $$;

create function engine.copy_kept(parent text, key text, of_week date, as_of timestamptz) returns void
language plpgsql set search_path = engine, pg_temp as $$
declare
    child text := engine.week_table(parent, of_week);
begin
    if to_regclass('engine.' || child) is null then return; end if;
    perform engine.make_week_table(parent, key, child || '_kept', of_week);
    if parent = 'run_history' then
        execute format($query$
            with kinds as materialized (
                select distinct tenant, workflow,
                    date_trunc('week', ended_at at time zone 'UTC')::date as ended
                from engine.%I),
            kept as materialized (
                select * from kinds
                where engine.kept_until(ended, engine.kept_weeks(tenant, workflow)) > $1)
            insert into engine.%I select h.* from engine.%I h join kept k on k.tenant = h.tenant
                and k.workflow = h.workflow
                and k.ended = date_trunc('week', h.ended_at at time zone 'UTC')::date $query$,
            child, child || '_kept', child) using as_of;
    else
        execute format('insert into engine.%I select s.* from engine.%I s
            where exists (select 1 from engine.%I h where h.id = s.%I)', child || '_kept', child,
            engine.week_table('run_history', of_week) || '_kept', key);
    end if;
    execute format('analyze engine.%I', child || '_kept');
end $$;

-- Copies the records of runs that were or are alive. Answers whether the new table holds anything.
create function engine.copy_moving(parent text, key text, of_week date, moving uuid[]) returns boolean
language plpgsql set search_path = engine, pg_temp as $$
declare
    child  text := engine.week_table(parent, of_week);
    filled boolean;
begin
    if to_regclass('engine.' || child) is null then return false; end if;
    if cardinality(moving) > 0 then
        execute format('insert into engine.%I select * from engine.%I where %I = any($1)
            on conflict do nothing', child || '_kept', child, key) using moving;
    end if;
    execute format('select exists (select 1 from engine.%I)', child || '_kept') into filled;
    return filled;
end $$;

create function engine.swap_week(parent text, of_week date, is_empty boolean) returns void
language plpgsql set search_path = engine, pg_temp as $$
declare
    child text := engine.week_table(parent, of_week);
begin
    if to_regclass('engine.' || child) is null then return; end if;
    execute format('alter table engine.%I detach partition engine.%I', parent, child);
    execute format('drop table engine.%I', child);
    if is_empty then
        execute format('drop table engine.%I', child || '_kept');
    else
        execute format('alter table engine.%I rename to %I', child || '_kept', child);
        perform engine.attach_week_table(parent, child, of_week);
    end if;
end $$;

-- Forgets keys whose time has come, a few at a time. A key whose run still lives is kept for another month,
-- or the same order could be started twice.
create function engine.expire_keys(batch integer) returns table (gone integer, looked integer)
language sql set search_path = engine, pg_temp as $$
    with due as materialized (
        select k.tenant, k.workflow, k.key, exists (select 1 from run r where r.id = k.run) as is_live
        from run_key k where k.expires_at < clock_timestamp()
        order by k.expires_at limit batch for update skip locked),
    spared as (
        update run_key k set expires_at = clock_timestamp() + interval '30 days' from due d
        where d.is_live and k.tenant = d.tenant and k.workflow = d.workflow and k.key = d.key),
    forgotten as (
        delete from run_key k using due d
        where not d.is_live and k.tenant = d.tenant and k.workflow = d.workflow and k.key = d.key)
    select count(*) filter (where not is_live)::integer, count(*)::integer from due
$$;

-- Findings ----------------------------------------------------------------------------------------------

-- Live runs that were found to be nowhere, or in two places, twice in a row.
create table engine.finding (
    run         uuid        not null,
    kind        text        not null,
    detail      text        not null,
    first_seen  timestamptz not null default clock_timestamp(),
    last_seen   timestamptz not null default clock_timestamp(),
    resolved_at timestamptz,
    primary key (run, kind)
);
create index finding_open on engine.finding (last_seen) where resolved_at is null;

-- The keys and the mailbox are written as often as the runs themselves.
alter table engine.run_key set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0);
alter table engine.signal set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
alter table engine.worker set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200,
    autovacuum_vacuum_cost_delay = 0);

do $$
declare
    thing record;
begin
    for thing in select unnest(array['subject_key', 'retention', 'history_week', 'finding']) as name loop
        execute format('alter table engine.%I owner to cartflux_owner', thing.name);
        execute format('grant select, insert, update, delete on engine.%I to cartflux_engine', thing.name);
    end loop;
    for thing in
        select p.oid::regprocedure as signature from pg_proc p
        where p.pronamespace = 'engine'::regnamespace and p.proowner <> 'cartflux_owner'::regrole
    loop
        execute format('alter function %s owner to cartflux_owner', thing.signature);
    end loop;
    -- Whatever made partitions before this migration, they belong to the one who will replace them.
    for thing in
        select c.relname as name from pg_class c
        where c.relnamespace = 'engine'::regnamespace and c.relispartition and c.relkind = 'r'
          and c.relowner <> 'cartflux_owner'::regrole
    loop
        execute format('alter table engine.%I owner to cartflux_owner', thing.name);
    end loop;
end $$;
revoke all on function engine.erase_subject, engine.set_retention, engine.create_week,
    engine.ensure_partitions, engine.inspect_week, engine.shrink_week, engine.expire_keys,
    engine.note_revival from public;
grant execute on function engine.erase_subject, engine.set_retention, engine.create_week,
    engine.ensure_partitions, engine.inspect_week, engine.shrink_week, engine.expire_keys, engine.bind_subject
    to cartflux_engine;
