-- The shop starts runs and records steps in its own transactions, through the engine's doors and in no
-- other way.
grant usage on schema engine to cartflux_app;
grant execute on function engine.start_run, engine.recorded_step, engine.record_step to cartflux_app;

-- And only for the store that the transaction is about: no setting means no run.
create or replace function engine.may_act_for(any_tenant text) returns boolean
language sql stable as $$
    select lower(any_tenant) = lower(nullif(current_setting('cartflux.tenant', true), ''))
$$;
