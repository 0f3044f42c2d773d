-- What the platform bills its merchants, and what it owes those who brought them.
--
-- An account is a person with stores. Its billing lives with its home store, the first one it opened: so the
-- ledger, the letters and the attention items of that store are the account's too, and everything here is a
-- tenant's table like any other. What spans the stores of an account (its plan, its month) is done by the
-- narrow functions below, which run as the owner and look first at whose transaction it is.
set local role cartflux_owner;

-- Whose month it is and to whom the invoice is made out. -----------------------------------------------

create table shop.platform_identity (
    id boolean primary key default true constraint platform_identity_one check (id),
    name text not null constraint platform_identity_name check (length(name) between 1 and 200),
    address text not null constraint platform_identity_address check (length(address) between 1 and 400),
    country text not null constraint platform_identity_country check (country ~ '^[A-Z]{2}$'),
    vat_number text not null constraint platform_identity_vat_number check (vat_number ~ '^[A-Z0-9]{4,14}$'),
    registration text not null default '' constraint platform_identity_registration
        check (length(registration) <= 100),
    series text not null constraint platform_identity_series check (series ~ '^[A-Z0-9]{1,12}$'),
    currency text not null default 'EUR' constraint platform_identity_currency check (currency = 'EUR')
);
comment on table shop.platform_identity is
    'The platform as the seller on its own invoices: one row, edited by operators. An issued invoice keeps a '
    'copy.';
insert into shop.platform_identity (name, address, country, vat_number, registration, series)
    values ('CartFlux SRL', 'Bulevardul Exemplu 1, 010101 București', 'RO', 'RO12345674', 'J40/1/2026',
        'CFX');
grant select on shop.platform_identity to cartflux_app, cartflux_platform;
grant update on shop.platform_identity to cartflux_platform;

create table shop.billing_account (
    tenant_id uuid primary key references shop.store,
    account_id uuid not null constraint billing_account_user references shop.app_user (id),
    name text not null constraint billing_account_name check (length(name) between 1 and 200),
    address text not null default '' constraint billing_account_address check (length(address) <= 400),
    country text not null constraint billing_account_country check (country ~ '^[A-Z]{2}$'),
    vat_number text constraint billing_account_vat_number check (vat_number ~ '^[A-Z]{2}[A-Z0-9+*]{2,13}$'),
    vat_checked_at timestamptz,
    stripe_customer text,
    stripe_subscription text,
    payment_fingerprint text constraint billing_account_fingerprint
        check (length(payment_fingerprint) between 1 and 100),
    epoch bigint not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint billing_account_once unique (account_id),
    constraint billing_account_customer_unique unique (stripe_customer),
    constraint billing_account_subscription_unique unique (stripe_subscription),
    constraint billing_account_vat_known check (vat_checked_at is null or vat_number is not null)
) with (fillfactor = 80);
comment on table shop.billing_account is
    'A person''s account as it is billed, kept with its home store. Its row lock is what changes of plan and '
    'invoices take turns by.';
comment on column shop.billing_account.vat_checked_at is
    'When the VAT number was found valid. Without it a merchant of another country is billed with VAT.';
comment on column shop.billing_account.epoch is
    'Rises with every change of plan, so that news read from Stripe before the change is recognised as old.';
create trigger touch before update on shop.billing_account for each row
    execute function shop.touch_updated_at();
select shop.protect('billing_account', 'select, insert, update', true);

create table shop.plan_period (
    tenant_id uuid not null references shop.billing_account,
    effective_at timestamptz not null,
    plan text not null constraint plan_period_plan references shop.plan (code),
    cause text not null constraint plan_period_cause
        check (cause in ('opened', 'merchant', 'stripe', 'dunning')),
    position integer not null constraint plan_period_position check (position > 0),
    primary key (tenant_id, effective_at, position)
);
comment on table shop.plan_period is
    'Which plan an account has from which instant on, until the next row. Never changed afterwards.';
comment on column shop.plan_period.position is
    'In the order in which they were taken: of two from the same instant on, the later one counts.';
create trigger append_only before update or delete on shop.plan_period
    for each row execute function shop.refuse_change();
select shop.protect('plan_period', 'select, insert', true);

create table shop.plan_change (
    tenant_id uuid not null references shop.billing_account,
    id uuid not null,
    from_plan text not null constraint plan_change_from references shop.plan (code),
    to_plan text not null constraint plan_change_to references shop.plan (code),
    cause text not null constraint plan_change_cause check (cause in ('merchant', 'stripe', 'dunning')),
    status text not null constraint plan_change_status
        check (status in ('scheduled', 'applied', 'withdrawn')),
    asked_at timestamptz not null,
    effective_at timestamptz not null,
    days_left smallint not null default 0,
    days_in_month smallint not null default 0,
    net_minor bigint not null default 0 constraint plan_change_net check (net_minor >= 0),
    currency text not null default 'EUR',
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint plan_change_differs check (from_plan <> to_plan)
);
comment on table shop.plan_change is
    'A change of plan as it was asked for. net_minor is what an upgrade costs for the rest of its month, by '
    'calendar days in Europe/Bucharest, the day of the change included; the month''s invoice carries it.';
create unique index plan_change_one_scheduled on shop.plan_change (tenant_id) where status = 'scheduled';
create trigger touch before update on shop.plan_change for each row execute function shop.touch_updated_at();
select shop.protect('plan_change', 'select, insert, update', true);

create table shop.store_pause (
    tenant_id uuid primary key references shop.store,
    status_before text not null constraint store_pause_status
        check (status_before in ('draft', 'published')),
    plan text not null constraint store_pause_plan references shop.plan (code),
    paused_at timestamptz not null
);
comment on table shop.store_pause is
    'Stores that rest because the account''s plan has no room for them. A larger plan wakes them as they '
    'were.';
select shop.protect('store_pause', 'select', true);

-- Months: closed once, set by set, and never touched again. --------------------------------------------

create table shop.platform_month (
    month date primary key constraint platform_month_first check (extract(day from month) = 1),
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    posted_until timestamptz not null,
    accounts integer not null default 0,
    closed_at timestamptz
);
comment on table shop.platform_month is
    'A calendar month in Europe/Bucharest: first its books are cut, then its statements are made. No '
    'tenant''s: the month is the same for all.';
comment on column shop.platform_month.posted_until is
    'What the books learned later about this month is billed with the next one.';
comment on column shop.platform_month.closed_at is 'Null while the statements are not made yet.';
grant select on shop.platform_month to cartflux_platform;

create table shop.platform_statement_line (
    tenant_id uuid not null references shop.billing_account,
    month date not null constraint platform_statement_line_month references shop.platform_month,
    store_id uuid not null,
    currency text not null,
    is_credit boolean not null,
    orders integer not null,
    markup_minor bigint not null,
    commission_minor bigint not null,
    processing_minor bigint not null,
    supplier_minor bigint not null,
    rate_scaled bigint,
    primary key (tenant_id, month, store_id, currency, is_credit)
);
create index platform_statement_line_by_month on shop.platform_statement_line (month);
comment on table shop.platform_statement_line is
    'What one store''s orders brought in a month, in the store''s currency: fees of orders paid in it, or '
    '(as credit, negative) what refunds took back of orders that were invoiced before.';
comment on column shop.platform_statement_line.supplier_minor is
    'What was withheld for suppliers: passed on, never invoiced, listed so that the statement reconciles.';
comment on column shop.platform_statement_line.rate_scaled is
    'One unit of the invoice''s currency in this one, times 10^8, on the last day of the month.';
create trigger append_only before update or delete on shop.platform_statement_line
    for each row execute function shop.refuse_change();
select shop.protect('platform_statement_line', 'select', true);

create table shop.platform_statement (
    tenant_id uuid not null references shop.billing_account,
    month date not null constraint platform_statement_month references shop.platform_month,
    plan text not null constraint platform_statement_plan references shop.plan (code),
    currency text not null,
    subscription_minor bigint not null,
    markup_minor bigint not null, commission_minor bigint not null, processing_minor bigint not null,
    credit_markup_minor bigint not null, credit_commission_minor bigint not null,
    credit_processing_minor bigint not null,
    supplier_minor bigint not null,
    primary key (tenant_id, month)
);
create index platform_statement_by_month on shop.platform_statement (month, tenant_id);
comment on table shop.platform_statement is
    'An account''s month in the invoice''s currency, made when the month was closed; only accounts with '
    'something to bill have one. Credits are zero or negative.';
create trigger append_only before update or delete on shop.platform_statement
    for each row execute function shop.refuse_change();
select shop.protect('platform_statement', 'select', true);

-- Invoices: numbered in the transaction that writes them, and then for ever as they are. ------------------

create table shop.platform_series (
    series text primary key,
    last_number bigint not null
);
comment on table shop.platform_series is
    'The last number of each series. Only the trigger of the invoice takes one, so a number without its '
    'invoice cannot be committed. No tenant''s: a series runs over all accounts.';

create table shop.platform_invoice (
    tenant_id uuid not null references shop.billing_account,
    id uuid not null,
    account_id uuid not null constraint platform_invoice_user references shop.app_user (id),
    month date not null,
    kind text not null constraint platform_invoice_kind check (kind in ('invoice', 'credit_note')),
    series text not null,
    number bigint not null,
    currency text not null,
    net_minor bigint not null,
    vat_minor bigint not null,
    total_minor bigint not null,
    withheld_minor bigint not null,
    due_minor bigint not null constraint platform_invoice_due check (due_minor >= 0),
    vat_bp integer not null,
    vat_rule text not null constraint platform_invoice_vat_rule
        check (vat_rule in ('domestic', 'reverse_charge', 'outside')),
    seller jsonb not null,
    buyer jsonb not null,
    issued_at timestamptz not null,
    primary key (tenant_id, id),
    constraint platform_invoice_once unique (tenant_id, month, kind),
    constraint platform_invoice_account_once unique (account_id, month, kind),
    constraint platform_invoice_number_unique unique (series, number),
    constraint platform_invoice_adds_up
        check (total_minor = net_minor + vat_minor and due_minor = total_minor - withheld_minor)
);
comment on table shop.platform_invoice is
    'The platform''s invoice to an account for a month, and the credit note for what was given back of '
    'earlier ones. Immutable once written.';
create index platform_invoice_by_month on shop.platform_invoice (month);

create function shop.number_platform_invoice() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    insert into shop.platform_series (series, last_number) values (new.series, 1)
    on conflict (series) do update set last_number = platform_series.last_number + 1
    returning last_number into new.number;
    return new;
end
$$;
create trigger numbered before insert on shop.platform_invoice
    for each row execute function shop.number_platform_invoice();
create trigger append_only before update or delete on shop.platform_invoice
    for each row execute function shop.refuse_change();
select shop.protect('platform_invoice', 'select, insert', true);

create table shop.platform_invoice_line (
    tenant_id uuid not null references shop.store,
    invoice_id uuid not null,
    position smallint not null,
    kind text not null constraint platform_invoice_line_kind
        check (kind in ('subscription', 'markup', 'commission', 'processing')),
    title text not null constraint platform_invoice_line_title check (length(title) between 1 and 300),
    net_minor bigint not null,
    vat_minor bigint not null,
    gross_minor bigint not null,
    is_withheld boolean not null,
    primary key (tenant_id, invoice_id, position),
    constraint platform_invoice_line_adds_up check (gross_minor = net_minor + vat_minor),
    constraint platform_invoice_line_invoice foreign key (tenant_id, invoice_id)
        references shop.platform_invoice (tenant_id, id)
);
comment on table shop.platform_invoice_line is
    'The lines of an invoice. Withheld ones were settled at checkout and are not due.';
create trigger append_only before update or delete on shop.platform_invoice_line
    for each row execute function shop.refuse_change();
select shop.protect('platform_invoice_line', 'select, insert', true);

create table shop.platform_invoice_document (
    tenant_id uuid not null references shop.store,
    invoice_id uuid not null,
    html text not null constraint platform_invoice_document_size
        check (octet_length(html) between 1 and 1048576),
    primary key (tenant_id, invoice_id),
    constraint platform_invoice_document_invoice foreign key (tenant_id, invoice_id)
        references shop.platform_invoice (tenant_id, id)
);
comment on table shop.platform_invoice_document is
    'The invoice as the merchant sees it, apart from the row that lists read. Kept as long as the law asks.';
create trigger append_only before update or delete on shop.platform_invoice_document
    for each row execute function shop.refuse_change();
select shop.protect('platform_invoice_document', 'select, insert', true);

create table shop.platform_collection (
    tenant_id uuid not null references shop.store,
    invoice_id uuid not null,
    run_id uuid,
    stripe_invoice text,
    status text not null default 'due' constraint platform_collection_status
        check (status in ('due', 'paid', 'given_up')),
    attempts integer not null default 0,
    problem text,
    paid_at timestamptz,
    updated_at timestamptz not null default now(),
    primary key (tenant_id, invoice_id),
    constraint platform_collection_stripe_unique unique (stripe_invoice),
    constraint platform_collection_paid check ((status = 'paid') = (paid_at is not null)),
    constraint platform_collection_invoice foreign key (tenant_id, invoice_id)
        references shop.platform_invoice (tenant_id, id)
) with (fillfactor = 80);
comment on table shop.platform_collection is
    'What became of the amount due. Beside the invoice, because the invoice never changes.';
create function shop.guard_platform_collection() returns trigger language plpgsql as
$$
begin
    if old.status = 'paid' and new.status <> 'paid' then
        perform shop.refuse('platform_collection_paid_is_final', 'platform_collection',
            format('invoice %s is paid', old.invoice_id));
    end if;
    return new;
end
$$;
grant execute on function shop.guard_platform_collection() to cartflux_app, cartflux_platform;
create trigger guard before update on shop.platform_collection
    for each row execute function shop.guard_platform_collection();
create trigger touch before update on shop.platform_collection
    for each row execute function shop.touch_updated_at();
select shop.protect('platform_collection', 'select, insert, update', true);

-- What spans the stores of an account. ---------------------------------------------------------------------

create policy plans on shop.store for update to cartflux_owner using (true) with check (true);
create policy keeping on shop.store_pause for all to cartflux_owner using (true) with check (true);
create policy keeping on shop.billing_account for all to cartflux_owner using (true) with check (true);
create policy keeping on shop.plan_period for all to cartflux_owner using (true) with check (true);
create policy keeping on shop.plan_change for select to cartflux_owner using (true);
create policy keeping on shop.platform_statement for all to cartflux_owner using (true) with check (true);
create policy keeping on shop.platform_statement_line for all to cartflux_owner
    using (true) with check (true);

-- The store with which an account is billed: fixed once it was billed, its first one until then.
create function shop.home_of_account(in_user uuid) returns uuid
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select coalesce(
        (select tenant_id from shop.billing_account where account_id = in_user),
        (select tenant_id from shop.store where owner_id = in_user order by created_at, tenant_id limit 1))
$$;

-- A plan_period needs no reader before its account has one: it begins with what the home store has.
create function shop.open_plan_period() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    insert into shop.plan_period (tenant_id, effective_at, plan, cause, position)
        select tenant_id, created_at, plan, 'opened', 1 from shop.store where tenant_id = new.tenant_id;
    return null;
end
$$;
create trigger open_period after insert on shop.billing_account
    for each row execute function shop.open_plan_period();

create function shop.open_billing_accounts(in_user uuid default null) returns void
    language sql security definer set search_path = pg_catalog, pg_temp as
$$
    insert into shop.billing_account (tenant_id, account_id, name, country)
        select distinct on (s.owner_id) s.tenant_id, s.owner_id, left(s.name, 200), s.country
        from shop.store s
        where (in_user is null or s.owner_id = in_user)
            and not exists (select from shop.billing_account b where b.account_id = s.owner_id)
        order by s.owner_id, s.created_at, s.tenant_id
    on conflict do nothing
$$;

-- The billing account of the store that this transaction is about, made where there is none. Null: the
-- account's home is another store.
create function shop.open_billing_account() returns uuid
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    person uuid;
    home uuid;
begin
    select owner_id into person from shop.store where tenant_id = shop.this_tenant();
    perform shop.open_billing_accounts(person) where person is not null;
    select tenant_id into home from shop.billing_account where account_id = person;
    return home;
end
$$;

-- How many stores an account keeps open, those that rest for want of room included.
create function shop.stores_of_account() returns integer
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select count(*)::integer from shop.store s
    where s.status <> 'closed'
        and s.owner_id = (select owner_id from shop.store where tenant_id = shop.this_tenant())
$$;

-- Puts a plan into force for all stores of the account from an instant on: the stores sell by it, those
-- beyond its limit rest, those for which there is room again wake. Returns how many rest.
create function shop.take_plan(in_plan text, in_at timestamptz, in_cause text) returns integer
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    home shop.billing_account;
    room integer;
    resting integer;
begin
    select * into home from shop.billing_account where tenant_id = shop.this_tenant() for no key update;
    if not found then
        perform shop.refuse('billing_account_home', 'billing_account',
            'a plan is changed from the account''s home store');
    end if;
    -- place_new_store takes turns by the person's row: a store opened meanwhile is counted, or counts us.
    perform from shop.app_user where id = home.account_id for no key update;
    select store_limit into room from shop.plan where code = in_plan;
    insert into shop.plan_period (tenant_id, effective_at, plan, cause, position)
        select home.tenant_id, in_at, in_plan, in_cause, max(position) + 1
        from shop.plan_period where tenant_id = home.tenant_id;
    update shop.billing_account set epoch = epoch + 1 where tenant_id = home.tenant_id;
    update shop.store set plan = in_plan where owner_id = home.account_id and plan <> in_plan;
    -- The home store stays open first, then the stores that sell, then the oldest.
    with places as (
        select s.tenant_id, s.status, row_number() over (order by s.tenant_id <> home.tenant_id,
            coalesce(p.status_before, s.status) <> 'published', s.created_at, s.tenant_id) as place
        from shop.store s left join shop.store_pause p using (tenant_id)
        where s.owner_id = home.account_id
            and (s.status in ('draft', 'published') or p.tenant_id is not null)
    ), put as (
        insert into shop.store_pause (tenant_id, status_before, plan, paused_at)
            select tenant_id, status, in_plan, in_at from places
            where place > room and status in ('draft', 'published')
        on conflict do nothing returning tenant_id
    )
    update shop.store s set status = 'paused' from put where s.tenant_id = put.tenant_id;
    with places as (
        select s.tenant_id, p.status_before, row_number() over (order by s.tenant_id <> home.tenant_id,
            coalesce(p.status_before, s.status) <> 'published', s.created_at, s.tenant_id) as place
        from shop.store s left join shop.store_pause p using (tenant_id)
        where s.owner_id = home.account_id
            and (s.status in ('draft', 'published') or p.tenant_id is not null)
    ), woken as (
        delete from shop.store_pause p using places w
            where p.tenant_id = w.tenant_id and (room is null or w.place <= room)
        returning p.tenant_id, p.status_before
    )
    update shop.store s set status = woken.status_before from woken
        where s.tenant_id = woken.tenant_id and s.status = 'paused';
    select count(*) into resting from shop.store_pause p join shop.store s using (tenant_id)
        where s.owner_id = home.account_id;
    return resting;
end
$$;

-- A new store begins with the account's plan, and only where that has room for it. Stores of one person
-- take turns by the person's row.
create function shop.place_new_store() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    current shop.plan;
    owned integer;
begin
    perform from shop.app_user where id = new.owner_id for no key update;
    select p.* into current from shop.billing_account b
        join lateral (select plan from shop.plan_period where tenant_id = b.tenant_id
            order by effective_at desc, position desc limit 1) now_has on true
        join shop.plan p on p.code = now_has.plan
        where b.account_id = new.owner_id;
    if not found then
        return new;
    end if;
    new.plan := current.code;
    select count(*) into owned from shop.store where owner_id = new.owner_id and status <> 'closed';
    if owned >= current.store_limit then
        perform shop.refuse('store_within_plan', 'store',
            format('the %s plan does not allow more than %s store(s)', current.title, current.store_limit));
    end if;
    return new;
end
$$;
create trigger within_plan before insert on shop.store
    for each row execute function shop.place_new_store();

-- A store that never opened stays closed to the public while it rests.
create or replace function shop.tenant_of_host(in_host text) returns uuid
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select h.tenant_id from shop.store_host h
    where h.host = lower(in_host) and h.verified_at is not null and not exists (
        select from shop.store_pause p where p.tenant_id = h.tenant_id and p.status_before = 'draft')
$$;

create function shop.tenant_of_stripe_customer(in_customer text) returns uuid
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select tenant_id from shop.billing_account where stripe_customer = in_customer $$;

reset role;
