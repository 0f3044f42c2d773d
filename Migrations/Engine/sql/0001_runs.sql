-- The hot side of the engine: live runs and what moves them. `run` holds live runs only, so it stays small
-- however long the history grows, and sweeps may scan it. No index touches status, worker or progress, so
-- that claims and hand-backs stay heap-only updates; the one index on time covers sleeping runs alone.
create schema if not exists engine;

create table engine.run (
    id          uuid        primary key,
    tenant      text        not null,
    workflow    text        not null,
    version     integer     not null,
    queue       text        not null default 'default',
    priority    smallint    not null default 0 check (priority between -100 and 100),
    status      text        not null default 'pending' check (status in ('pending', 'running', 'waiting')),
    -- Rises with every change of owner and never falls: the fence against writers that lost the run.
    epoch       bigint      not null default 0,
    worker      uuid,
    claimed_at  timestamptz,
    wake_at     timestamptz,
    waiting_for text[],
    wait_reason jsonb,
    -- Signals received so far. A run that goes to sleep says how many it has seen; if there are more, it
    -- stays awake.
    mail        bigint      not null default 0,
    -- Unclean ends of workers under this run without a new step in between; three set it aside.
    takeovers   smallint    not null default 0,
    steps_seen  integer     not null default 0,
    parent      uuid,
    reply       text,
    labels      jsonb,
    trace       text,
    progress    jsonb,
    cancel_reason text,
    ready_at    timestamptz not null default clock_timestamp(),
    created_at  timestamptz not null default clock_timestamp(),
    input       jsonb       not null
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
        autovacuum_vacuum_cost_delay = 0);
create index run_wake on engine.run (wake_at) where wake_at is not null;
comment on table engine.run is 'Live runs. A run that ended is in run_history.';

-- Which key started which run, so that starting twice starts once, also after the run has ended.
create table engine.run_key (
    tenant     text        not null,
    workflow   text        not null,
    key        text        not null,
    run        uuid        not null,
    expires_at timestamptz not null default clock_timestamp() + interval '400 days',
    primary key (tenant, workflow, key)
);
create index run_key_expiry on engine.run_key (expires_at);

-- The mailbox of live runs. Taken signals stay until the run ends, so that a repeated send is still
-- recognised.
create table engine.signal (
    run      uuid        not null,
    id       bigint      generated always as identity,
    name     text        not null,
    once     text        not null,
    payload  jsonb       not null,
    taken_at timestamptz,
    sent_at  timestamptz not null default clock_timestamp(),
    primary key (run, id),
    constraint signal_once unique (run, name, once)
);

-- One row per worker process: its heartbeat is the lease on everything it holds.
create table engine.worker (
    id          uuid        primary key,
    host        text        not null,
    process     integer     not null,
    queue       text        not null,
    workflows   text[]      not null,
    slots       integer     not null,
    started_at  timestamptz not null default clock_timestamp(),
    lease_until timestamptz not null,
    draining    boolean     not null default false,
    build       text        not null default ''
) with (fillfactor = 50);
