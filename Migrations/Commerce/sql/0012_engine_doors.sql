-- The shop starts runs and records steps in its own transactions, through the engine's doors and in no
-- other way.
grant usage on schema engine to cartflux_app;
grant execute on function engine.start_run, engine.recorded_step, engine.record_step to cartflux_app;
