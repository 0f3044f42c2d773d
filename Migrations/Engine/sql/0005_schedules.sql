-- Schedules, what became of each of their nominal times, and who leads which duty. A nominal time exists
-- once: the key of `schedule_firing` is the promise. Everything that a leader writes names its term and its
-- holder in the same statement or transaction, so that a leader that was paused or cut off changes nothing
-- once another one has taken over.
--
-- A firing is one call of `fire_schedule`: one round trip, so no leader can die or stop between its parts and
-- hold their locks. What to do is decided outside, by pure code, from a row that the call finds unchanged or
-- refuses.

create table engine.leader (
    duty    text        primary key,
    holder  uuid        not null,
    -- Rises with every change of holder and never falls.
    term    bigint      not null,
    expires timestamptz not null,
    -- Host and process, for people.
    host    text        not null,
    since   timestamptz not null default clock_timestamp()
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

create table engine.schedule (
    name          text        primary key,
    workflow      text        not null,
    tenant        text        not null default '',
    -- The version of the workflow that its runs start with.
    version       integer     not null,
    queue         text        not null,
    priority      smallint    not null default 0 check (priority between -100 and 100),
    source        text        not null check (source in ('declared', 'by_hand')),
    -- The input of every run, for a schedule made by hand; a declared one computes its own.
    input         jsonb       check (source = 'declared' or input is not null),
    rule          text        not null,
    zone          text        not null,
    gap           text        not null,
    repeated      text        not null,
    overlap       text        not null,
    catch_up      text        not null,
    jitter_ms     bigint      not null default 0,
    -- The local times are what is meant; the instants are what the zone data made of them.
    last_nominal  timestamptz,
    next_local    text,
    next_nominal  timestamptz,
    fire_at       timestamptz,
    zone_data     text        not null,
    -- Rises with every change, so that a decision about an older row is refused.
    revision      bigint      not null default 0,
    paused_at     timestamptz,
    paused_by     text,
    paused_reason text,
    -- The code declares it no more.
    retired_at    timestamptz,
    created_at    timestamptz not null default clock_timestamp(),
    changed_at    timestamptz not null default clock_timestamp(),
    check ((next_nominal is null) = (fire_at is null) and (next_nominal is null) = (next_local is null))
);
create index schedule_due on engine.schedule (fire_at) where paused_at is null and retired_at is null;

create table engine.schedule_firing (
    schedule text        not null,
    nominal  timestamptz not null,
    kind     text        not null check (kind in ('due', 'backfill', 'now')),
    outcome  text        not null check (outcome in ('started', 'queued', 'skipped')),
    reason   text,
    run      uuid,
    -- Its run may still be alive, or it waits for one to end.
    is_open  boolean     not null,
    actor    text,
    term     bigint,
    at       timestamptz not null default clock_timestamp(),
    primary key (schedule, nominal),
    check ((outcome = 'started') = (run is not null))
);
create index schedule_firing_open on engine.schedule_firing (schedule) where is_open;
create index schedule_firing_age on engine.schedule_firing (nominal);

-- Whether a leader still leads. Holds its row until the commit, so that nobody takes over before that.
create function engine.still_leads(of_duty text, by_holder uuid, under_term bigint) returns boolean
language plpgsql as $$
begin
    perform 1 from engine.leader l
        where l.duty = of_duty and l.holder = by_holder and l.term = under_term
          and l.expires > clock_timestamp() for share;
    return found;
end $$;

-- Records one nominal time and, where it is to start, starts its run. Answers whether this call started it.
-- A time that is recorded already starts only if it was queued, or was skipped and somebody fills it in.
create function engine.record_firing(
    plan engine.schedule, at_nominal timestamptz, of_kind text, with_outcome text, with_reason text,
    new_run uuid, of_version integer, with_input jsonb, with_key text, with_priority integer, by_actor text,
    under_term bigint)
returns boolean language plpgsql as $$
begin
    insert into engine.schedule_firing as f (schedule, nominal, kind, outcome, reason, run, is_open, actor,
        term)
        values (plan.name, at_nominal, of_kind, with_outcome, with_reason,
            case when with_outcome = 'started' then new_run end, with_outcome <> 'skipped', by_actor,
            under_term)
        on conflict (schedule, nominal) do update set outcome = 'started', run = excluded.run, is_open = true,
            kind = case when f.outcome = 'queued' then f.kind else excluded.kind end,
            reason = excluded.reason, actor = excluded.actor, term = excluded.term, at = clock_timestamp()
        where excluded.outcome = 'started'
          and (f.outcome = 'queued' or f.outcome = 'skipped' and excluded.kind = 'backfill');
    if not found or with_outcome <> 'started' then return false; end if;
    insert into engine.run_key (tenant, workflow, key, run)
        values (plan.tenant, plan.workflow, with_key, new_run) on conflict do nothing;
    if not found then
        -- Started under this key before, by hand or before this schedule was made anew.
        update engine.schedule_firing f set run = k.run, reason = 'known' from engine.run_key k
            where f.schedule = plan.name and f.nominal = at_nominal and k.tenant = plan.tenant
              and k.workflow = plan.workflow and k.key = with_key;
        return false;
    end if;
    insert into engine.run (id, tenant, workflow, version, queue, priority, input, labels)
        values (new_run, plan.tenant, plan.workflow, of_version, plan.queue, with_priority, with_input,
            jsonb_build_object('schedule', plan.name));
    return true;
end $$;

-- Asks the live runs of a schedule to end, undoing what they did: one that a worker has is told with its next
-- step, the others are taken up for it at once. Answers those that are ready.
create function engine.cancel_scheduled(of_schedule text, with_reason text) returns setof uuid
language plpgsql as $$
begin
    perform 1 from engine.run r
        where r.id in (select f.run from engine.schedule_firing f where f.schedule = of_schedule
            and f.is_open and f.run is not null)
        order by r.id for no key update;
    return query
        with live as (
            select r.id from engine.run r join engine.schedule_firing f on f.run = r.id
            where f.schedule = of_schedule and f.is_open and r.cancel_reason is null),
        asked as (
            update engine.run r set cancel_reason = with_reason,
                status = case when r.status = 'running' then r.status else 'pending' end,
                epoch = case when r.status = 'running' then r.epoch else r.epoch + 1 end,
                wake_at = case when r.status = 'running' then r.wake_at end,
                wait_reason = case when r.status = 'running' then r.wait_reason end,
                waiting_for = case when r.status = 'running' then r.waiting_for end,
                ready_at = case when r.status = 'running' then r.ready_at else clock_timestamp() end
            from live l where l.id = r.id returning r.id, r.status)
        select id from asked where status = 'pending';
end $$;

-- Carries out a decision about the nominal times that are owed: all of it or nothing. Answers 'not_leader',
-- 'changed' where the row is not what the decision was made from, or 'fired' with the runs that are ready.
create function engine.fire_schedule(
    by_holder uuid, under_term bigint, of_name text, at_revision bigint, cancels text, of_version integer,
    nominals timestamptz[], outcomes text[], reasons text[], runs uuid[], inputs jsonb[], keys text[],
    last timestamptz, following_local text, following timestamptz, following_fire timestamptz)
returns table (verdict text, ready uuid) language plpgsql as $$
declare
    plan engine.schedule;
begin
    if not engine.still_leads('schedules', by_holder, under_term) then
        return query select 'not_leader', null::uuid;
        return;
    end if;
    select * into plan from engine.schedule s
        where s.name = of_name and s.revision = at_revision and s.paused_at is null and s.retired_at is null
        for update;
    if not found then
        return query select 'changed', null::uuid;
        return;
    end if;
    return query select 'fired', null::uuid;
    update engine.schedule_firing f set is_open = false
        where f.schedule = of_name and f.is_open and f.run is not null
          and not exists (select 1 from engine.run r where r.id = f.run);
    if cancels is not null then
        return query select 'fired', c from engine.cancel_scheduled(of_name, cancels) c;
    end if;
    for n in 1..coalesce(cardinality(nominals), 0) loop
        if engine.record_firing(plan, nominals[n], 'due', outcomes[n], reasons[n], runs[n], of_version,
            inputs[n], keys[n], plan.priority, null, under_term) then
            return query select 'fired', runs[n];
        end if;
    end loop;
    update engine.schedule s set revision = s.revision + 1,
        last_nominal = coalesce(last, s.last_nominal),
        next_local = case when last is null then s.next_local else following_local end,
        next_nominal = case when last is null then s.next_nominal else following end,
        fire_at = case when last is null then s.fire_at else following_fire end
        where s.name = of_name;
end $$;

-- A firing beside the series, by a person: runs that were missed, or one run now. The series goes on as it
-- was.
create function engine.fire_by_hand(
    of_name text, of_kind text, of_version integer, with_priority integer, by_actor text, with_reason text,
    nominals timestamptz[], runs uuid[], inputs jsonb[], keys text[])
returns setof uuid language plpgsql as $$
declare
    plan engine.schedule;
begin
    select * into plan from engine.schedule s where s.name = of_name for update;
    if not found then return; end if;
    for n in 1..cardinality(nominals) loop
        if engine.record_firing(plan, nominals[n], of_kind, 'started', with_reason, runs[n], of_version,
            inputs[n], keys[n], coalesce(with_priority, plan.priority), by_actor, null) then
            return next runs[n];
        end if;
    end loop;
end $$;

do $$
declare
    thing text;
begin
    foreach thing in array array['leader', 'schedule', 'schedule_firing'] loop
        execute format('alter table engine.%I owner to cartflux_owner', thing);
        execute format('grant select, insert, update, delete on engine.%I to cartflux_engine', thing);
    end loop;
end $$;
alter function engine.still_leads owner to cartflux_owner;
alter function engine.record_firing owner to cartflux_owner;
alter function engine.cancel_scheduled owner to cartflux_owner;
alter function engine.fire_schedule owner to cartflux_owner;
alter function engine.fire_by_hand owner to cartflux_owner;
revoke all on function engine.still_leads, engine.record_firing, engine.cancel_scheduled,
    engine.fire_schedule, engine.fire_by_hand from public;
grant execute on function engine.still_leads, engine.record_firing, engine.cancel_scheduled,
    engine.fire_schedule, engine.fire_by_hand to cartflux_engine;
