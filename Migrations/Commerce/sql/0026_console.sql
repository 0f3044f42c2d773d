-- The operators' console: what each administrator may do, the ways from what people quote (an order's number,
-- an address) to the row, and bulk actions on money, which wait for a second person.
set local role cartflux_owner;

alter table shop.admin
    add column role text not null default 'admin'
        constraint admin_role check (role in ('viewer', 'operator', 'finance', 'admin'));
comment on column shop.admin.role is
    'viewer looks; operator retries, pauses and replays; finance acts on money in bulk too; admin also '
    'changes what runs have recorded.';

-- Numbers are counted per store, so a number alone names a few orders, one of each store.
create index orders_by_number on shop.orders (number);
create index orders_by_id on shop.orders (id);
create index orders_by_run on shop.orders (run_id) where run_id is not null;
create index orders_attention_everywhere on shop.orders (placed_at desc, id desc) where attention <> 'none';
-- Paid, and nobody has begun to serve it: short for a moment after every payment, and empty otherwise.
create index orders_unforwarded on shop.orders (paid_at)
    where paid_at is not null and fulfilment_status = 'unfulfilled';
create index orders_by_email on shop.orders (lower(email));
create index webhook_inbox_newest on shop.webhook_inbox (received_at desc, source, event_id);
create index attention_item_everywhere on shop.attention_item (opened_at desc) where resolved_at is null;

create table shop.bulk_proposal (
    id uuid primary key,
    proposed_by uuid not null references shop.admin,
    proposed_at timestamptz not null,
    verb text not null constraint bulk_proposal_verb check (length(verb) between 1 and 40),
    action jsonb not null,
    filter jsonb not null,
    words text not null constraint bulk_proposal_words check (length(words) between 1 and 2000),
    reason text not null constraint bulk_proposal_reason check (length(reason) between 1 and 1000),
    per_second integer not null constraint bulk_proposal_pace check (per_second between 1 and 1000),
    counted integer not null constraint bulk_proposal_counted check (counted >= 0),
    state text not null default 'open'
        constraint bulk_proposal_state check (state in ('open', 'approved', 'withdrawn')),
    decided_by uuid references shop.admin,
    decided_at timestamptz,
    batch_id uuid,
    constraint bulk_proposal_decided check ((state = 'open') = (decided_by is null)
        and (decided_by is null) = (decided_at is null)),
    constraint bulk_proposal_two_people check (state <> 'approved' or decided_by <> proposed_by)
);
comment on table shop.bulk_proposal is
    'A bulk action on runs that move money. It is done only after a second administrator has agreed: the '
    'table itself refuses one person in both places.';
comment on column shop.bulk_proposal.filter is
    'Which runs are meant, as the engine keeps filters; words says the same for people.';
comment on column shop.bulk_proposal.batch_id is
    'The engine''s order that came of it. Approved without one: the process died in between, and nothing is '
    'done until it is proposed anew.';
create index bulk_proposal_newest on shop.bulk_proposal (proposed_at desc);
alter table shop.bulk_proposal enable row level security;
alter table shop.bulk_proposal force row level security;
create policy platform_only on shop.bulk_proposal for all to cartflux_platform using (true) with check (true);
grant select, insert on shop.bulk_proposal to cartflux_platform;
grant update (state, decided_by, decided_at, batch_id) on shop.bulk_proposal to cartflux_platform;

reset role;
