-- What operators and plans decide about dispatch: weights, caps and pauses, and the version by which a mirror
-- of them in Redis knows that it is old. Only what differs from the defaults has a row: weight 1, no cap, not
-- paused. Batches and the mark of the burst buffer are here too, because they bound what is let in.

create table engine.control (
    only_row boolean primary key default true check (only_row),
    version  bigint  not null default 1
);
insert into engine.control default values;

create table engine.tenant_policy (
    tenant     text        primary key,
    weight     real        not null default 1 check (weight >= 0.01 and weight <= 1000),
    cap        integer     check (cap between 1 and 1000000),
    paused     boolean     not null default false,
    actor      text        not null,
    reason     text        not null,
    changed_at timestamptz not null default clock_timestamp()
);

create table engine.workflow_policy (
    workflow   text        primary key,
    cap        integer     check (cap between 1 and 1000000),
    paused     boolean     not null default false,
    actor      text        not null,
    reason     text        not null,
    changed_at timestamptz not null default clock_timestamp()
);

create table engine.queue_policy (
    queue      text        primary key,
    paused     boolean     not null default false,
    actor      text        not null,
    reason     text        not null,
    changed_at timestamptz not null default clock_timestamp()
);

-- However a policy is written, the mirrors hear of it.
create function engine.policy_changed() returns trigger
language plpgsql security definer set search_path = engine, pg_temp as $$
begin
    update control set version = version + 1;
    return null;
end $$;
create trigger tenant_policy_changed after insert or update or delete on engine.tenant_policy
    for each statement execute function engine.policy_changed();
create trigger workflow_policy_changed after insert or update or delete on engine.workflow_policy
    for each statement execute function engine.policy_changed();
create trigger queue_policy_changed after insert or update or delete on engine.queue_policy
    for each statement execute function engine.policy_changed();

-- A tenant's share, set together with the business rows that decide it, such as a change of plan.
create function engine.set_tenant_share(
    of_tenant text, new_weight real, new_cap integer, by_actor text, for_reason text)
returns void language plpgsql security definer set search_path = engine, pg_temp as $$
begin
    perform engine.refuse_tenant(of_tenant);
    insert into tenant_policy (tenant, weight, cap, actor, reason)
        values (of_tenant, new_weight, new_cap, by_actor, for_reason)
        on conflict (tenant) do update set weight = excluded.weight, cap = excluded.cap,
            actor = excluded.actor, reason = excluded.reason, changed_at = clock_timestamp();
end $$;

-- Runs that were started together. Each chunk of starts moves `started` on in its own transaction, so that a
-- caller that died goes on where it stopped. The runs carry the label `batch`.
create table engine.batch (
    id         uuid        primary key,
    tenant     text        not null,
    workflow   text        not null,
    key        text,
    total      integer     not null check (total >= 0),
    started    integer     not null default 0,
    created_at timestamptz not null default clock_timestamp(),
    unique (tenant, workflow, key)
);
create index run_history_batch on engine.run_history ((labels ->> 'batch')) where labels ? 'batch';

-- How far a burst buffer in Redis has been drained. A buffer that lost its data begins anew under another id.
create table engine.burst_mark (
    buffer     text        primary key,
    drained    bigint      not null default 0,
    changed_at timestamptz not null default clock_timestamp()
);

-- Starts a run unless one with this key is live; answers with the live one otherwise.
create function engine.start_single(
    new_id uuid, for_tenant text, of_workflow text, of_version integer, in_queue text, with_priority integer,
    with_input jsonb, single_key text, with_trace text)
returns table (run uuid, is_new boolean)
language plpgsql security definer set search_path = engine, pg_temp as $$
declare
    known uuid;
begin
    perform engine.refuse_tenant(for_tenant);
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
    insert into run (id, tenant, workflow, version, queue, priority, input, trace)
        values (new_id, for_tenant, of_workflow, of_version, in_queue, with_priority, with_input, with_trace);
    return query select new_id, true;
end $$;

-- Starts a run after a quiet time. Another call before it begins replaces its input and puts it off again,
-- but never beyond `longest` after the first.
create function engine.start_debounced(
    new_id uuid, for_tenant text, of_workflow text, of_version integer, in_queue text, with_priority integer,
    with_input jsonb, debounce_key text, quiet interval, longest interval, with_trace text)
returns table (run uuid, is_new boolean, begins_at timestamptz)
language plpgsql security definer set search_path = engine, pg_temp as $$
declare
    known  uuid;
    begins timestamptz := clock_timestamp() + quiet;
begin
    perform engine.refuse_tenant(for_tenant);
    insert into run_key as k (tenant, workflow, key, run)
        values (for_tenant, of_workflow, 'debounce:' || debounce_key, new_id) on conflict do nothing;
    if not found then
        select k.run into strict known from run_key k
            where k.tenant = for_tenant and k.workflow = of_workflow and k.key = 'debounce:' || debounce_key
            for update;
        update run r set input = with_input, wake_at = least(begins, r.created_at + longest)
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
    insert into run (id, tenant, workflow, version, queue, priority, input, trace, status, wake_at,
        wait_reason)
        values (new_id, for_tenant, of_workflow, of_version, in_queue, with_priority, with_input, with_trace,
            'waiting', begins, '{"kind": "timer", "step": "start"}'::jsonb);
    return query select new_id, true, begins;
end $$;

alter table engine.control owner to cartflux_owner;
alter table engine.tenant_policy owner to cartflux_owner;
alter table engine.workflow_policy owner to cartflux_owner;
alter table engine.queue_policy owner to cartflux_owner;
alter table engine.batch owner to cartflux_owner;
alter table engine.burst_mark owner to cartflux_owner;
alter function engine.policy_changed owner to cartflux_owner;
alter function engine.set_tenant_share owner to cartflux_owner;
alter function engine.start_single owner to cartflux_owner;
alter function engine.start_debounced owner to cartflux_owner;

revoke all on function engine.policy_changed, engine.set_tenant_share, engine.start_single,
    engine.start_debounced from public;
grant select, insert, update, delete on
    engine.control, engine.tenant_policy, engine.workflow_policy, engine.queue_policy, engine.batch,
    engine.burst_mark
    to cartflux_engine;
grant execute on function engine.policy_changed, engine.set_tenant_share, engine.start_single,
    engine.start_debounced to cartflux_engine;
