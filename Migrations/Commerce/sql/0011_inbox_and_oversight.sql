-- Webhooks as they came in, what needs a person's attention, and who did what.
set local role cartflux_owner;

create table shop.webhook_inbox (
    source text not null,
    event_id text not null,
    endpoint text not null,
    kind text not null,
    subject text,
    payload jsonb not null,
    state text not null default 'received'
        constraint webhook_inbox_state check (state in ('received', 'processed', 'unmatched', 'failed')),
    attempts integer not null default 0,
    resolved_tenant uuid,
    problem text,
    occurred_at timestamptz,
    received_at timestamptz not null default now(),
    next_attempt_at timestamptz not null default now(),
    processed_at timestamptz,
    primary key (source, event_id)
) with (fillfactor = 80);
comment on table shop.webhook_inbox is
    'Verified events, one row per event id, before anything is done about them. Not a tenant''s table: whose '
    'event it is becomes known later. What matches nothing yet is kept and tried again, never dropped.';
create index webhook_inbox_due on shop.webhook_inbox (next_attempt_at)
    where state in ('received', 'unmatched');
create index webhook_inbox_by_subject on shop.webhook_inbox (subject);
alter table shop.webhook_inbox enable row level security;
alter table shop.webhook_inbox force row level security;
create policy app_rows on shop.webhook_inbox for all to cartflux_app using (true) with check (true);
create policy platform_reads on shop.webhook_inbox for select to cartflux_platform using (true);
-- What arrived is evidence: only the note of what became of it may change.
grant select, insert on shop.webhook_inbox to cartflux_app;
grant update (state, attempts, resolved_tenant, problem, next_attempt_at, processed_at)
    on shop.webhook_inbox to cartflux_app;
grant select on shop.webhook_inbox to cartflux_platform;

create table shop.attention_item (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    kind text not null,
    subject text not null,
    order_id uuid,
    message text not null,
    opened_at timestamptz not null default now(),
    resolved_at timestamptz,
    resolved_by text,
    primary key (tenant_id, id),
    constraint attention_item_order foreign key (tenant_id, order_id) references shop.orders (tenant_id, id)
);
comment on table shop.attention_item is
    'Something a person must look at. One open item per kind and subject.';
create unique index attention_item_open_once on shop.attention_item (tenant_id, kind, subject)
    where resolved_at is null;
create index attention_item_by_order on shop.attention_item (tenant_id, order_id) where resolved_at is null;
select shop.protect('attention_item', 'select, insert, update', true);

create table shop.audit (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    at timestamptz not null default now(),
    actor text not null,
    action text not null,
    target text not null,
    before jsonb,
    after jsonb,
    reason text,
    request_id text,
    primary key (tenant_id, id)
);
comment on table shop.audit is 'Who changed what, when and why. Append only.';
create index audit_by_target on shop.audit (tenant_id, target, at desc);
create trigger append_only before update or delete on shop.audit for each row
    execute function shop.refuse_change();
select shop.protect('audit', 'select, insert', true);

reset role;
