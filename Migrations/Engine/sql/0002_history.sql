-- The cold side: everything that is written once, partitioned by the week in which its run began (ids are
-- version 7 UUIDs, so the week is a range of ids), dropped whole by retention. No default partition: a
-- missing one is an alarm.
create table engine.run_history (
    id         uuid        not null,
    tenant     text        not null,
    workflow   text        not null,
    version    integer     not null,
    status     text        not null check (status in ('succeeded', 'failed', 'cancelled', 'needs_attention',
        'poisoned')),
    epoch      bigint      not null,
    parent     uuid,
    labels     jsonb,
    trace      text,
    progress   jsonb,
    input      jsonb       not null,
    output     jsonb,
    error      jsonb,
    created_at timestamptz not null,
    ended_at   timestamptz not null default clock_timestamp(),
    primary key (id)
) partition by range (id);

create table engine.step (
    run        uuid        not null,
    name       text        not null,
    item       text        not null,
    epoch      bigint      not null,
    attempt    integer     not null,
    failed     boolean     not null,
    output     jsonb       not null,
    started_at timestamptz not null,
    ended_at   timestamptz not null default clock_timestamp(),
    primary key (run, name, item)
) partition by range (run);

create table engine.attempt (
    run        uuid        not null,
    name       text        not null,
    item       text        not null,
    number     integer     not null,
    counts     boolean     not null,
    error      jsonb       not null,
    started_at timestamptz not null,
    next_at    timestamptz not null,
    primary key (run, name, item, started_at)
) partition by range (run);

create table engine.intent (
    run     uuid        not null,
    name    text        not null,
    item    text        not null,
    attempt integer     not null,
    at      timestamptz not null default clock_timestamp(),
    primary key (run, name, item, attempt)
) partition by range (run);

create index run_history_tenant on engine.run_history (tenant, id desc);
create index run_history_status on engine.run_history (status, id desc) where status <> 'succeeded';
create index run_history_parent on engine.run_history (parent) where parent is not null;

-- The smallest version 7 UUID of an instant.
create function engine.first_id(at timestamptz) returns uuid language sql immutable parallel safe as $$
    select (substr(t, 1, 8) || '-' || substr(t, 9, 4) || '-0000-0000-000000000000')::uuid
    from (select lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') as t) as hex
$$;

-- Creates the partitions of this week and of `ahead` more. Returns how many were made.
create function engine.ensure_partitions(ahead integer) returns integer
language plpgsql security definer set search_path = engine, pg_temp as $$
declare
    week   timestamptz := date_trunc('week', clock_timestamp() at time zone 'UTC') at time zone 'UTC';
    parent text;
    child  text;
    made   integer := 0;
begin
    perform pg_advisory_xact_lock(hashtext('engine.ensure_partitions'));
    for n in -1..ahead loop
        foreach parent in array array['run_history', 'step', 'attempt', 'intent'] loop
            child := parent || '_' || to_char((week + n * interval '7 days') at time zone 'UTC', 'IYYY"w"IW');
            if to_regclass('engine.' || child) is null then
                execute format('create table engine.%I partition of engine.%I for values from (%L) to (%L)',
                    child, parent,
                    engine.first_id(week + n * interval '7 days'),
                    engine.first_id(week + (n + 1) * interval '7 days'));
                made := made + 1;
            end if;
        end loop;
    end loop;
    return made;
end $$;

select engine.ensure_partitions(4);
