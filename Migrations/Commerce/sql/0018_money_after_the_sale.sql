-- Money that moves after the sale, and often without us: disputes that the shopper's bank opens, refunds that
-- somebody makes in the vendor's own pages, payouts to the merchant's bank. What the vendor reports only ever
-- raises a status here, so that repeated, late or shuffled news end in the same rows; and once a day the
-- books are compared with the vendor's balances.
set local role cartflux_owner;

create function shop.dispute_rank(status text) returns integer language sql immutable as
$$ select case status
    when 'warning_needs_response' then 0 when 'warning_under_review' then 1 when 'warning_closed' then 2
    when 'needs_response' then 3 when 'under_review' then 4 when 'appeal_needs_response' then 4
    when 'appeal_under_review' then 4 when 'prevented' then 5 when 'won' then 5 when 'lost' then 6 end $$;

alter table shop.dispute
    add column stripe_status text not null default 'needs_response',
    add column reason text not null default '',
    add column evidence_due_by timestamptz,
    add column run_id uuid,
    add column recovered_minor bigint,
    add column evidence jsonb,
    add column evidence_submitted_at timestamptz,
    add column evidence_problem text,
    add column closed_at timestamptz,
    add constraint dispute_amount check (amount_minor > 0),
    add constraint dispute_recovered check (recovered_minor between 0 and amount_minor);
comment on column shop.dispute.stripe_status is 'In the vendor''s words. Its rank only rises.';
comment on column shop.dispute.run_id is 'The run that answers it. News of it are sent there.';
comment on column shop.dispute.recovered_minor is
    'What was taken back from the store''s transfer. Null until that was tried; zero where nothing could be.';
comment on column shop.dispute.evidence is
    'What was submitted, field by field. It names the shopper, so it is erased with the order''s address.';

create function shop.guard_dispute() returns trigger language plpgsql as
$$
begin
    if shop.dispute_rank(new.stripe_status) is null then
        perform shop.refuse('dispute_status_known', 'dispute',
            format('no such dispute status: %s', new.stripe_status));
    elsif tg_op = 'UPDATE' and shop.dispute_rank(new.stripe_status)
            < shop.dispute_rank(old.stripe_status) then
        perform shop.refuse('dispute_status_never_lowers', 'dispute',
            format('dispute %s cannot go from %s to %s', old.stripe_dispute, old.stripe_status,
                new.stripe_status));
    end if;
    return new;
end
$$;
grant execute on function shop.dispute_rank(text), shop.guard_dispute() to cartflux_app, cartflux_platform;
create trigger guard before insert or update on shop.dispute for each row
    execute function shop.guard_dispute();

-- A refund that we did not make is a row like any other, so that it counts against what was captured and its
-- paper is made; only what it moved is told by the vendor instead of by our rules.
alter table shop.refund
    add column made_outside boolean not null default false,
    add column reversed_minor bigint,
    add constraint refund_reversed check (reversed_minor between 0 and amount_minor);
comment on column shop.refund.made_outside is 'Made in the vendor''s own pages and read from there.';
comment on column shop.refund.reversed_minor is
    'What it took back from the store. Null: the whole of it, as every refund of ours does.';
comment on column shop.refund.replaces is
    'The refund that failed and that this one makes again; of several that failed, the first.';
create unique index refund_stripe_once on shop.refund (tenant_id, stripe_refund)
    where stripe_refund is not null;

-- Fee and transfer of a charge are told of by events that name the charge alone.
create unique index payment_charge_once on shop.payment (charge) where charge is not null;
create function shop.tenant_of_charge(in_charge text) returns uuid
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select tenant_id from shop.payment where charge = in_charge $$;
grant execute on function shop.tenant_of_charge(text) to cartflux_app;

create table shop.transfer_reversal (
    tenant_id uuid not null references shop.store,
    stripe_reversal text not null constraint transfer_reversal_id check (stripe_reversal <> ''),
    payment_id uuid not null,
    currency text not null,
    amount_minor bigint not null constraint transfer_reversal_amount check (amount_minor > 0),
    seen_at timestamptz not null default now(),
    primary key (tenant_id, stripe_reversal),
    constraint transfer_reversal_payment foreign key (tenant_id, payment_id)
        references shop.payment (tenant_id, id)
);
comment on table shop.transfer_reversal is
    'Money that was taken back from the store in the vendor''s own pages, apart from any refund or dispute.';
create index transfer_reversal_by_payment on shop.transfer_reversal (tenant_id, payment_id);
select shop.protect('transfer_reversal', 'select, insert', true);

create table shop.payout (
    tenant_id uuid not null references shop.store,
    stripe_payout text not null constraint payout_id check (stripe_payout <> ''),
    status text not null constraint payout_status check (
        status in ('pending', 'in_transit', 'paid', 'failed', 'canceled')),
    currency text not null,
    amount_minor bigint not null,
    arrives_at timestamptz,
    failure text,
    created_at timestamptz not null,
    updated_at timestamptz not null default now(),
    primary key (tenant_id, stripe_payout)
);
comment on table shop.payout is
    'A payout from the store''s balance at the vendor to the merchant''s bank, as the vendor told of it. '
    'Negative: the bank paid for a negative balance.';
create index payout_newest on shop.payout (tenant_id, created_at desc);
create trigger touch before update on shop.payout for each row execute function shop.touch_updated_at();
select shop.protect('payout', 'select, insert, update', true);

alter table shop.store
    add column stripe_disabled_reason text,
    add column stripe_payouts_enabled boolean not null default true,
    add column stripe_read_at timestamptz;
comment on column shop.store.stripe_read_at is
    'When the vendor was asked what it says here. An answer to an earlier question changes nothing.';
comment on column shop.store.stripe_disabled_reason is
    'Why the vendor lets the account do less than it should, in the vendor''s word.';

create table shop.ledger_report (
    day date primary key,
    accounts integer not null constraint ledger_report_accounts check (accounts >= 0),
    differences jsonb not null constraint ledger_report_differences check (
        jsonb_typeof(differences) = 'array'),
    noted_at timestamptz not null default now()
);
comment on table shop.ledger_report is
    'The daily comparison of all books with the vendor''s balances. Not a tenant''s table: the platform''s '
    'own balance is made of every store''s entries.';
alter table shop.ledger_report enable row level security;
alter table shop.ledger_report force row level security;
create policy platform_rows on shop.ledger_report for all to cartflux_platform
    using (true) with check (true);
grant select, insert on shop.ledger_report to cartflux_platform;

reset role;
