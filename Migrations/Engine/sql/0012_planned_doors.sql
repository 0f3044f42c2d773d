-- The door that every transaction step goes through first, with a plan that a session keeps. A function in
-- plain SQL that runs as its owner cannot be inlined, and is planned anew each time it is called; that was a
-- fifth of what a busy database had to do.

create or replace function engine.recorded_step(of_run uuid, step_name text, step_item text)
returns table (attempt integer, failed boolean, output jsonb, started_at timestamptz)
language plpgsql stable security definer set search_path = engine, pg_temp as $$
#variable_conflict use_column
begin
    return query
        select s.attempt, s.failed, s.output, s.started_at from step s
        where s.run = of_run and s.name = step_name and s.item = step_item
            and exists (select 1 from run r where r.id = of_run and engine.may_act_for(r.tenant));
end $$;

-- Records a step as `record_step` does, and fails where it does not stand afterwards, so that it can travel
-- with the commit: what follows it in the same round trip is not carried out then.
create function engine.keep_step(
    of_run uuid, under_epoch bigint, step_name text, step_item text, step_attempt integer, step_output jsonb,
    step_started_at timestamptz)
returns void language plpgsql set search_path = engine, pg_temp as $$
declare
    verdict text := engine.record_step(
        of_run, under_epoch, step_name, step_item, step_attempt, step_output, step_started_at);
begin
    if verdict <> 'committed' then
        raise exception using errcode = 'CF003',
            message = format('step %s was not kept: %s', step_name, verdict);
    end if;
end $$;
revoke all on function engine.keep_step from public;
grant execute on function engine.keep_step to cartflux_engine;
