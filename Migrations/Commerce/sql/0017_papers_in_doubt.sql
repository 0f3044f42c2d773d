-- Papers of which it may not be known whether the vendor has made them: an invoice that was asked for, a
-- letter that was sent off. Numbers of an invoice series follow each other and the vendor tells nobody which
-- call took which, so one run at a time issues in a series. Its turn is a lease in a row, not a lock in a
-- transaction: no connection is held while the vendor thinks, and a holder that died loses its turn.
set local role cartflux_owner;

create table shop.invoice_series (
    tenant_id uuid not null references shop.store,
    company text not null,
    series text not null,
    fence bigint not null default 0,
    holder uuid,
    has_begun boolean not null default false,
    lease_until timestamptz,
    rests_until timestamptz,
    doubt_invoice uuid,
    doubt_from integer,
    doubt_minor bigint,
    doubt_currency text,
    doubt_since timestamptz,
    primary key (tenant_id, company, series),
    constraint invoice_series_lease check ((holder is null) = (lease_until is null)),
    constraint invoice_series_doubt check (
        num_nulls(doubt_invoice, doubt_from, doubt_minor, doubt_currency, doubt_since) in (0, 5)),
    constraint invoice_series_doubted foreign key (tenant_id, doubt_invoice)
        references shop.invoice (tenant_id, id)
) with (fillfactor = 70);
comment on table shop.invoice_series is
    'Whose turn it is to issue in a series. The fence rises with every turn and every attempt within it. The '
    'doubt names the one invoice that was asked for and whose answer is not in our books yet.';
select shop.protect('invoice_series', 'select, insert, update', true);

create table shop.invoice_turn (
    tenant_id uuid not null references shop.store,
    place bigint generated always as identity,
    company text not null,
    series text not null,
    run uuid not null,
    asked_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, place),
    constraint invoice_turn_once unique (tenant_id, company, series, run)
);
comment on table shop.invoice_turn is
    'Runs that wait for a series or have it, first come first served. One row per run until its turn ends.';
create index invoice_turn_by_place on shop.invoice_turn (tenant_id, company, series, place);
select shop.protect('invoice_turn', 'select, insert, delete', true);

-- Numbers from here on may be this invoice: it is never issued anew before a person has found out.
alter table shop.invoice add column in_doubt_from integer;

-- When the letter was first sent off without an answer: the vendor forgets our key a day later.
alter table shop.email add column in_doubt_since timestamptz;

reset role;
