-- What operators do to runs. A run that ended without success keeps what it needs to go on: its queue, whom
-- it answers, its mailbox. What a rerun sets aside stays readable under its old epoch. Everything an operator
-- does is a link of one hash chain, which nobody may change.

alter table engine.run_history
    add column queue         text,
    add column priority      smallint,
    add column reply         text,
    add column cancel_reason text,
    -- The signals of a run that did not succeed, taken ones too, so that a repeated send is still recognised.
    add column mailbox       jsonb;

-- Stable, so that it sees what the statement that ends the run saw when it began: the mailbox still full.
create function engine.mailbox_of(of_run uuid) returns jsonb language sql stable as $$
    select jsonb_agg(jsonb_build_object('name', s.name, 'once', s.once, 'payload', s.payload,
        'taken_at', s.taken_at, 'sent_at', s.sent_at) order by s.id)
    from engine.signal s where s.run = of_run
$$;

-- Operators search the past by workflow, by what went wrong and by label.
create index run_history_workflow on engine.run_history (workflow, id desc);
create index run_history_fingerprint on engine.run_history ((error ->> 'fingerprint'), id desc)
    where error is not null;
create index run_history_labels on engine.run_history using gin (labels jsonb_path_ops)
    where labels is not null;
create index run_parent on engine.run (parent) where parent is not null;
create index run_key_text on engine.run_key (key text_pattern_ops);

-- Which versions a worker runs, in the order of its workflows, so that a run can say that nobody runs its
-- own.
alter table engine.worker
    add column lowest  integer[] not null default '{}',
    add column highest integer[] not null default '{}';

-- Steps and attempts that a verb took out of a run's journal, as they were. Few, so not partitioned.
create table engine.set_aside (
    run       uuid        not null,
    kind      text        not null check (kind in ('step', 'attempt', 'detail')),
    name      text        not null,
    item      text        not null,
    -- The epoch of the run when it was set aside; the record holds the one it was written under.
    epoch     bigint      not null,
    verb      text        not null,
    record    jsonb       not null,
    at        timestamptz not null default clock_timestamp()
);
create index set_aside_run on engine.set_aside (run, at);

-- One row per act of an operator. `before` and `after` are json, not jsonb: the hash covers their very text.
create table engine.audit (
    number   bigint      primary key,
    at       timestamptz not null,
    actor    text        not null check (actor <> ''),
    verb     text        not null,
    subject  text        not null,
    reason   text        not null check (reason <> ''),
    before   json,
    after    json,
    previous bytea       not null check (length(previous) = 32),
    hash     bytea       not null check (length(hash) = 32)
);
create index audit_subject on engine.audit (subject, number);

-- Where the chain ends: the lock that keeps it one chain, and the proof that its end was not cut off.
create table engine.audit_head (
    only_row boolean primary key default true check (only_row),
    number bigint  not null,
    hash   bytea   not null
);
insert into engine.audit_head (number, hash) values (0, decode(repeat('00', 32), 'hex'));

create function engine.refuse_audit_change() returns trigger language plpgsql as $$
begin
    raise insufficient_privilege using message = 'the audit is written once: no row is changed or deleted';
end $$;
create trigger audit_is_append_only before update or delete or truncate on engine.audit
    for each statement execute function engine.refuse_audit_change();

create function engine.advance_audit() returns trigger language plpgsql as $$
begin
    if new.number <> old.number + 1 or not exists (
        select from engine.audit a where a.number = new.number and a.hash = new.hash) then
        raise insufficient_privilege using message = 'the end of the audit moves on by one written row';
    end if;
    return new;
end $$;
create trigger audit_head_advances before update on engine.audit_head
    for each row execute function engine.advance_audit();
create trigger audit_head_stays before delete or truncate on engine.audit_head
    for each statement execute function engine.refuse_audit_change();

-- One verb over many runs: worked off in the order of ids by whoever comes by, one run per transaction, with
-- the cursor in that transaction. It survives its caller.
create table engine.operation_batch (
    id         uuid        primary key,
    verb       text        not null,
    filter     jsonb       not null,
    arguments  jsonb       not null,
    actor      text        not null,
    reason     text        not null,
    per_second integer     not null check (per_second between 1 and 1000),
    status     text        not null default 'open' check (status in ('open', 'done', 'aborted')),
    -- Runs up to here existed when the batch was made; those that came later are not meant.
    upper      uuid        not null,
    cursor     uuid        not null default '00000000-0000-0000-0000-000000000000',
    counted    integer     not null,
    acted      integer     not null default 0,
    refused    integer     not null default 0,
    last_note  text,
    next_at    timestamptz not null default clock_timestamp(),
    created_at timestamptz not null default clock_timestamp(),
    ended_at   timestamptz
);

do $$
declare
    thing text;
begin
    foreach thing in array array['set_aside', 'audit', 'audit_head', 'operation_batch'] loop
        execute format('alter table engine.%I owner to cartflux_owner', thing);
    end loop;
    foreach thing in array array['refuse_audit_change()', 'advance_audit()',
        'mailbox_of(uuid)'] loop
        execute format('alter function engine.%s owner to cartflux_owner', thing);
        execute format('revoke all on function engine.%s from public', thing);
    end loop;
end $$;
grant execute on function engine.mailbox_of(uuid) to cartflux_engine;
grant select, insert on engine.audit, engine.set_aside to cartflux_engine;
grant select, update on engine.audit_head to cartflux_engine;
grant select, insert, update on engine.operation_batch to cartflux_engine;
