-- The two doors through which a business transaction, under a role that may not touch these tables, starts a
-- run or records a step together with its own rows. Everything else is for the engine's role alone.

-- Whether the transaction may act for a tenant. The engine alone knows no tenants' rules and says yes; who
-- builds on it replaces this with its own rule.
create function engine.may_act_for(any_tenant text) returns boolean
language sql stable as $$ select true $$;

create function engine.refuse_tenant(any_tenant text) returns void language plpgsql as $$
begin
    if not coalesce(engine.may_act_for(any_tenant), false) then
        raise insufficient_privilege using message = 'this transaction may not act for the tenant of the run';
    end if;
end $$;

create function engine.start_run(
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
    insert into run (id, tenant, workflow, version, queue, priority, input, labels, trace, status, wake_at,
        wait_reason)
        values (new_id, for_tenant, of_workflow, of_version, in_queue, with_priority, with_input,
            with_labels, with_trace,
            case when not_before is null then 'pending' else 'waiting' end, not_before,
            case when not_before is not null then '{"kind": "timer", "step": "start"}'::jsonb end);
    return new_id;
end $$;

-- The recorded end of a step, if it has one.
create function engine.recorded_step(of_run uuid, step_name text, step_item text)
returns table (attempt integer, failed boolean, output jsonb, started_at timestamptz)
language sql stable security definer set search_path = engine, pg_temp as $$
    select s.attempt, s.failed, s.output, s.started_at from step s
    where s.run = of_run and s.name = step_name and s.item = step_item
      and exists (select 1 from run r where r.id = of_run and engine.may_act_for(r.tenant))
$$;

-- Records a step under the fence. The run's row is locked only from here to the commit.
create function engine.record_step(
    of_run uuid, under_epoch bigint, step_name text, step_item text, step_attempt integer, step_output jsonb,
    step_started_at timestamptz)
returns text language plpgsql security definer set search_path = engine, pg_temp as $$
begin
    perform 1 from run r where r.id = of_run and r.epoch = under_epoch and r.status = 'running' for no key
        update;
    if not found then return 'fenced'; end if;
    insert into step (run, name, item, epoch, attempt, failed, output, started_at)
        values (of_run, step_name, step_item, under_epoch, step_attempt, false, step_output, step_started_at)
        on conflict do nothing;
    if not found then return 'recorded'; end if;
    return 'committed';
end $$;

revoke all on function engine.start_run, engine.recorded_step, engine.record_step,
    engine.ensure_partitions from public;
