-- The door by which a business transaction records a step asks, like the other doors, for whom the
-- transaction may act: without that, anyone who learnt a run's id could write into another tenant's run.
create or replace function engine.record_step(
    of_run uuid, under_epoch bigint, step_name text, step_item text, step_attempt integer, step_output jsonb,
    step_started_at timestamptz)
returns text language plpgsql security definer set search_path = engine, pg_temp as $$
begin
    perform 1 from run r
        where r.id = of_run and r.epoch = under_epoch and r.status = 'running'
            and engine.may_act_for(r.tenant)
        for no key update;
    if not found then return 'fenced'; end if;
    insert into step (run, name, item, epoch, attempt, failed, output, started_at)
        values (of_run, step_name, step_item, under_epoch, step_attempt, false, step_output, step_started_at)
        on conflict do nothing;
    if not found then return 'recorded'; end if;
    return 'committed';
end $$;
