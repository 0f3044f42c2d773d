-- When a run that waits for many children wakes, and which starts the doors let in.

-- A run that waits for many children wakes when it has had so many signals in all, whatever their names: a
-- wake for each would replay all its records each time.
alter table engine.run add column wake_mail bigint;

-- Times of ids ------------------------------------------------------------------------------------------

-- A run's id says in which week its history goes. One that was made by a clock that is wrong by weeks would
-- be accepted, and fail at the first thing it records, so every door refuses it.

create function engine.time_of(any_id uuid) returns timestamptz language sql immutable parallel safe as $$
    select to_timestamp(('x' || substr(replace(any_id::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0)
$$;

-- Whether everything that is recorded of a run of that week has somewhere to go. The names are written out
-- because this is asked with every start; a test compares them with `history_tables`.
create function engine.has_week(of_week date) returns boolean language plpgsql stable as $$
declare
    suffix text := to_char(of_week, '_IYYY"w"IW');
begin
    return to_regclass('engine.run_history' || suffix) is not null
        and to_regclass('engine.step' || suffix) is not null
        and to_regclass('engine.step_detail' || suffix) is not null
        and to_regclass('engine.attempt' || suffix) is not null
        and to_regclass('engine.intent' || suffix) is not null;
end $$;

-- The ids with which a run may start: a week from now in either direction, in weeks that have partitions. The
-- first ids are made in place: calling `first_id` would take as long as all the rest.
create function engine.start_window() returns table (low uuid, high uuid) language plpgsql stable as $$
declare
    instant timestamptz := statement_timestamp();
    week    date := date_trunc('week', instant at time zone 'UTC')::date;
    millis  bigint := extract(epoch from instant) * 1000;
begin
    low := (lpad(to_hex(millis - 604800000), 12, '0') || repeat('0', 20))::uuid;
    high := (lpad(to_hex(millis + 604800000), 12, '0') || repeat('0', 20))::uuid;
    if not engine.has_week(week - 7) then low := engine.first_id(engine.week_start(week)); end if;
    if not engine.has_week(week + 7) then high := engine.first_id(engine.week_start(week + 7)); end if;
    if not engine.has_week(week) then high := low; end if;
    return next;
end $$;

create function engine.refuse_start(of_id uuid) returns void language plpgsql stable as $$
begin
    perform 1 from engine.start_window() w where of_id >= w.low and of_id < w.high;
    if not found then
        raise exception using errcode = 'CF002',
            message = format('run id %s is of %s: not within a week of now, or of a week without partitions',
                of_id, to_char(engine.time_of(of_id) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
            hint = 'Set the clock of the machine that made it, or create the partitions.';
    end if;
end $$;

create or replace function engine.start_run(
    new_id uuid, for_tenant text, of_workflow text, of_version integer, in_queue text, with_priority integer,
    with_input jsonb, once_key text, not_before timestamptz, with_labels jsonb, with_trace text)
returns uuid language plpgsql security definer set search_path = engine, pg_temp as $$
declare
    known uuid;
begin
    perform engine.refuse_tenant(for_tenant);
    if once_key is not null then
        insert into run_key (tenant, workflow, key, run) values (for_tenant, of_workflow, once_key, new_id)
            on conflict do nothing;
        if not found then
            select k.run into strict known from run_key k
                where k.tenant = for_tenant and k.workflow = of_workflow and k.key = once_key;
            return known;
        end if;
    end if;
    perform engine.refuse_start(new_id);
    insert into run (id, tenant, workflow, version, queue, priority, input, labels, trace, status, wake_at,
        wait_reason)
        values (new_id, for_tenant, of_workflow, of_version, in_queue, with_priority, with_input,
            with_labels, with_trace,
            case when not_before is null then 'pending' else 'waiting' end, not_before,
            case when not_before is not null then '{"kind": "timer", "step": "start"}'::jsonb end);
    return new_id;
end $$;

-- Starts that look at what is there, now also for runs about a person and from business transactions ------

create function engine.refuse_subject(key_id uuid, for_tenant text) returns void language plpgsql stable as $$
begin
    if key_id is not null and not exists (
        select 1 from engine.subject_key k where k.id = key_id and k.tenant = for_tenant) then
        raise insufficient_privilege using message = 'this is not the key of a person of the tenant';
    end if;
end $$;

drop function engine.start_single(uuid, text, text, integer, text, integer, jsonb, text, text);
drop function engine.start_debounced(uuid, text, text, integer, text, integer, jsonb, text, interval,
    interval, text);

-- Starts a run unless one with this key is live; answers with the live one otherwise.
create function engine.start_single(
    new_id uuid, for_tenant text, of_workflow text, of_version integer, in_queue text, with_priority integer,
    with_input jsonb, single_key text, with_trace text, about_key uuid default null)
returns table (run uuid, is_new boolean)
language plpgsql security definer set search_path = engine, pg_temp as $$
declare
    known uuid;
begin
    perform engine.refuse_tenant(for_tenant);
    perform engine.refuse_subject(about_key, for_tenant);
    insert into run_key as k (tenant, workflow, key, run)
        values (for_tenant, of_workflow, 'single:' || single_key, new_id) on conflict do nothing;
    if not found then
        -- Each statement sees what was committed before it: whoever held this lock has started its run.
        select k.run into strict known from run_key k
            where k.tenant = for_tenant and k.workflow = of_workflow and k.key = 'single:' || single_key
            for update;
        if exists (select 1 from run r where r.id = known) then
            return query select known, false;
            return;
        end if;
        update run_key k set run = new_id, expires_at = clock_timestamp() + interval '400 days'
            where k.tenant = for_tenant and k.workflow = of_workflow and k.key = 'single:' || single_key;
    end if;
    perform engine.refuse_start(new_id);
    insert into run (id, tenant, workflow, version, queue, priority, input, trace, subject_key)
        values (new_id, for_tenant, of_workflow, of_version, in_queue, with_priority, with_input, with_trace,
            about_key);
    return query select new_id, true;
end $$;

-- Starts a run after a quiet time. Another call before it begins replaces its input, and whom it is about,
-- and puts it off again, but never beyond `longest` after the first.
create function engine.start_debounced(
    new_id uuid, for_tenant text, of_workflow text, of_version integer, in_queue text, with_priority integer,
    with_input jsonb, debounce_key text, quiet interval, longest interval, with_trace text,
    about_key uuid default null)
returns table (run uuid, is_new boolean, begins_at timestamptz)
language plpgsql security definer set search_path = engine, pg_temp as $$
declare
    known  uuid;
    begins timestamptz := clock_timestamp() + quiet;
begin
    perform engine.refuse_tenant(for_tenant);
    perform engine.refuse_subject(about_key, for_tenant);
    insert into run_key as k (tenant, workflow, key, run)
        values (for_tenant, of_workflow, 'debounce:' || debounce_key, new_id) on conflict do nothing;
    if not found then
        select k.run into strict known from run_key k
            where k.tenant = for_tenant and k.workflow = of_workflow and k.key = 'debounce:' || debounce_key
            for update;
        update run r set input = with_input, subject_key = about_key,
            wake_at = least(begins, r.created_at + longest)
            where r.id = known and r.status = 'waiting' and r.epoch = 0
            returning r.wake_at into begins;
        if found then
            return query select known, false, begins;
            return;
        end if;
        begins := clock_timestamp() + quiet;
        update run_key k set run = new_id, expires_at = clock_timestamp() + interval '400 days'
            where k.tenant = for_tenant and k.workflow = of_workflow and k.key = 'debounce:' || debounce_key;
    end if;
    perform engine.refuse_start(new_id);
    insert into run (id, tenant, workflow, version, queue, priority, input, trace, subject_key, status,
        wake_at, wait_reason)
        values (new_id, for_tenant, of_workflow, of_version, in_queue, with_priority, with_input, with_trace,
            about_key, 'waiting', begins, '{"kind": "timer", "step": "start"}'::jsonb);
    return query select new_id, true, begins;
end $$;

-- Bursts ------------------------------------------------------------------------------------------------

-- A mark by number took what a Redis accepted after it fell back to an older state for drained already. The
-- runs themselves say now what has been drained.
drop table engine.burst_mark;

do $$
declare
    thing record;
begin
    for thing in
        select p.oid::regprocedure as signature from pg_proc p
        where p.pronamespace = 'engine'::regnamespace and p.proowner <> 'cartflux_owner'::regrole
    loop
        execute format('alter function %s owner to cartflux_owner', thing.signature);
    end loop;
end $$;
revoke all on function engine.has_week, engine.start_window, engine.refuse_start, engine.refuse_subject
    from public;
grant execute on function engine.has_week, engine.start_window, engine.refuse_start, engine.refuse_subject,
    engine.start_single, engine.start_debounced
    to cartflux_engine;
-- `start_single` and `start_debounced` stay open to everybody who may use this schema, as `bind_subject` is:
-- they ask `may_act_for` themselves, and reach nothing but runs of the tenant that it allows.
