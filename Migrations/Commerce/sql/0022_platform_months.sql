-- Closing a month for all accounts at once, and what affiliates earn across accounts. The functions run as
-- the owner, because a month and a referral span tenants; each answers one narrow question.
set local role cartflux_owner;

-- Affiliates: who brought whom, what that earned, what was paid. -----------------------------------------

create table shop.affiliate (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    account_id uuid not null constraint affiliate_user references shop.app_user (id),
    code text not null constraint affiliate_code_form check (code ~ '^[a-z0-9][a-z0-9-]{2,39}$'),
    created_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint affiliate_code_unique unique (code),
    constraint affiliate_account_once unique (account_id)
);
comment on table shop.affiliate is 'An account that brings others by a link with its code.';
select shop.protect('affiliate', 'select, insert', true);

create table shop.affiliate_referral (
    account_id uuid primary key constraint affiliate_referral_user references shop.app_user (id),
    affiliate_id uuid not null,
    affiliate_account uuid not null constraint affiliate_referral_affiliate
        references shop.app_user (id),
    attributed_at timestamptz not null,
    ends_at timestamptz not null,
    refused text constraint affiliate_referral_refused
        check (refused in ('same_account', 'same_email', 'same_vat_number', 'same_payment')),
    constraint affiliate_referral_not_self check (account_id <> affiliate_account)
);
comment on table shop.affiliate_referral is
    'Which affiliate brought an account, settled once at its sign-up, before it has any store; hence no '
    'tenant''s table, and open to nobody but the functions below. refused: it turned out to be the same '
    'person later, and earns nothing from then on.';
create index affiliate_referral_by_affiliate on shop.affiliate_referral (affiliate_id);

create table shop.affiliate_accrual (
    tenant_id uuid not null references shop.billing_account,
    month date not null,
    affiliate_id uuid not null,
    base_minor bigint not null,
    amount_minor bigint not null constraint affiliate_accrual_not_zero check (amount_minor <> 0),
    currency text not null,
    available_at timestamptz not null,
    primary key (tenant_id, month)
);
comment on table shop.affiliate_accrual is
    'What an affiliate earned by this account in a month; negative where refunds took more back than was '
    'sold. With the account that was brought, whose books carry it.';
create index affiliate_accrual_by_affiliate on shop.affiliate_accrual (affiliate_id);
create trigger append_only before update or delete on shop.affiliate_accrual
    for each row execute function shop.refuse_change();
select shop.protect('affiliate_accrual', 'select, insert', true);

create table shop.affiliate_payout (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    affiliate_id uuid not null,
    amount_minor bigint not null constraint affiliate_payout_amount check (amount_minor > 0),
    currency text not null,
    status text not null default 'reserved' constraint affiliate_payout_status
        check (status in ('reserved', 'paid', 'failed')),
    stripe_transfer text,
    problem text,
    reserved_at timestamptz not null,
    paid_at timestamptz,
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint affiliate_payout_affiliate foreign key (tenant_id, affiliate_id)
        references shop.affiliate (tenant_id, id),
    constraint affiliate_payout_paid check ((status = 'paid') = (paid_at is not null))
);
comment on table shop.affiliate_payout is
    'Row first: it reserves what is available, then Stripe is asked. A failed one frees it.';
create index affiliate_payout_by_affiliate on shop.affiliate_payout (tenant_id, affiliate_id);
create index affiliate_payout_standing on shop.affiliate_payout (affiliate_id) include (amount_minor)
    where status <> 'failed';
create trigger touch before update on shop.affiliate_payout for each row
    execute function shop.touch_updated_at();
select shop.protect('affiliate_payout', 'select, insert, update', true);

create policy keeping on shop.affiliate for select to cartflux_owner using (true);
create policy keeping on shop.affiliate_accrual for select to cartflux_owner using (true);
create policy keeping on shop.affiliate_payout for select to cartflux_owner using (true);
create policy closing on shop.ledger_transaction for select to cartflux_owner using (true);
create policy closing on shop.ledger_entry for select to cartflux_owner using (true);
create policy closing on shop.orders for select to cartflux_owner using (true);

-- Closing a month. -------------------------------------------------------------------------------------

-- When an entry was written is when it was written, not when its transaction began: below, whoever holds up
-- the writers for a moment must know that what they write afterwards is later.
alter table shop.ledger_transaction alter column posted_at set default clock_timestamp();
-- A month is read over all tenants at once, by when things happened and by when they were learned.
create index ledger_transaction_everywhere on shop.ledger_transaction (occurred_at);
create index ledger_transaction_as_posted on shop.ledger_transaction (posted_at);

create function shop.month_start(in_month date) returns timestamptz language sql stable as
$$ select in_month::timestamp at time zone 'Europe/Bucharest' $$;

-- Draws the line in the books: everything posted up to it is committed and will be seen, everything later
-- belongs to the next month. Returns false where the month was cut before, which changes nothing.
create function shop.cut_month(in_month date) returns boolean
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    set local lock_timeout = '10s';
    -- The row first: a preview may hold one of the same month, and while that is waited for the books must
    -- stay open to their writers.
    insert into shop.platform_month (month, starts_at, ends_at, posted_until)
        values (in_month, shop.month_start(in_month),
            shop.month_start((in_month + interval '1 month')::date), 'infinity')
    on conflict do nothing;
    if not found then
        return false;
    end if;
    -- Waits for the writers that are under way, and holds up new ones until this short transaction ends.
    lock table shop.ledger_transaction in share mode;
    update shop.platform_month set posted_until = clock_timestamp() where month = in_month;
    return true;
end
$$;

-- Makes the statements of a month that was cut, all accounts at once. Returns how many have one. Whoever
-- comes second waits for the first and changes nothing.
create function shop.close_month(in_month date, in_now timestamptz) returns integer
    language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off as
$$
declare
    this shop.platform_month;
    seen_until timestamptz;
    made integer;
    unpriced text;
begin
    select * into this from shop.platform_month where month = in_month for update;
    if not found then
        perform shop.refuse('platform_month_cut_first', 'platform_month',
            format('the books of %s are not cut yet', in_month));
    end if;
    if this.closed_at is not null then
        return this.accounts;
    end if;
    select posted_until into seen_until from shop.platform_month
        where month = (in_month - interval '1 month')::date;
    perform shop.open_billing_accounts();
    insert into shop.platform_statement_line (tenant_id, month, store_id, currency, is_credit, orders,
            markup_minor, commission_minor, processing_minor, supplier_minor, rate_scaled)
        with taken as (
            select t.tenant_id, t.id, t.order_id,
                t.source <> 'payment' and o.paid_at < this.starts_at as is_credit
            from shop.ledger_transaction t
            join shop.orders o on o.tenant_id = t.tenant_id and o.id = t.order_id
            cross join lateral (select case when t.source = 'payment' and t.kind = 'captured'
                then coalesce(o.paid_at, t.occurred_at) else t.occurred_at end as at) event
            where t.posted_at <= this.posted_until and event.at < this.ends_at
                -- The same once more in terms that an index knows. An entry's own time is that of the payment
                -- or later, so a week is room enough.
                and (t.occurred_at >= this.starts_at - interval '7 days' or t.posted_at > seen_until)
                -- What happened in an earlier month and was learned too late for its statement.
                and (event.at >= this.starts_at or t.posted_at > seen_until)
        ), sums as (
            select k.tenant_id, k.is_credit, e.currency,
                count(distinct k.order_id) as orders,
                -coalesce(sum(e.amount_minor) filter (where e.account = 'revenue:markup'), 0) as markup,
                -coalesce(sum(e.amount_minor) filter (where e.account = 'revenue:commission'), 0)
                    as commission,
                -coalesce(sum(e.amount_minor) filter (where e.account = 'revenue:processing'), 0)
                    as processing,
                -coalesce(sum(e.amount_minor) filter (where e.account like 'supplier_payable:%'), 0)
                    as supplier
            from taken k
            join shop.ledger_entry e on e.tenant_id = k.tenant_id and e.transaction_id = k.id
            where e.account like 'revenue:%' or e.account like 'supplier_payable:%'
            group by k.tenant_id, k.is_credit, e.currency
        )
        select b.tenant_id, in_month, s.tenant_id, sums.currency, sums.is_credit, sums.orders, sums.markup,
            sums.commission, sums.processing, sums.supplier,
            case when sums.currency = 'EUR' then 100000000 else (
                select rate_scaled from shop.fx_rate
                where base_currency = 'EUR' and quote_currency = sums.currency
                    and valid_on < (this.ends_at at time zone 'Europe/Bucharest')::date
                order by valid_on desc limit 1) end
        from sums
        join shop.store s on s.tenant_id = sums.tenant_id
        join shop.billing_account b on b.account_id = s.owner_id;
    select string_agg(distinct currency, ', ') into unpriced from shop.platform_statement_line
        where month = in_month and rate_scaled is null;
    if unpriced is not null then
        perform shop.refuse('platform_month_needs_rates', 'platform_month',
            format('%s cannot be closed: no reference rate of EUR in %s', in_month, unpriced));
    end if;
    insert into shop.platform_statement (tenant_id, month, plan, currency, subscription_minor, markup_minor,
            commission_minor, processing_minor, credit_markup_minor, credit_commission_minor,
            credit_processing_minor, supplier_minor)
        with billed as (
            select tenant_id, is_credit, round(markup_minor * 1e8 / rate_scaled)::bigint as markup,
                round(commission_minor * 1e8 / rate_scaled)::bigint as commission,
                round(processing_minor * 1e8 / rate_scaled)::bigint as processing,
                round(supplier_minor * 1e8 / rate_scaled)::bigint as supplier
            from shop.platform_statement_line where month = in_month
        ), fees as (
            select tenant_id,
                sum(markup) filter (where not is_credit) as markup,
                sum(commission) filter (where not is_credit) as commission,
                sum(processing) filter (where not is_credit) as processing,
                sum(markup) filter (where is_credit) as credit_markup,
                sum(commission) filter (where is_credit) as credit_commission,
                sum(processing) filter (where is_credit) as credit_processing,
                sum(supplier) as supplier
            from billed group by tenant_id
        ), upgrades as (
            select tenant_id, sum(net_minor) as net from shop.plan_change
            -- One at the very start is the plan the month begins with, and is paid for as such.
            where status = 'applied' and effective_at > this.starts_at and effective_at < this.ends_at
            group by tenant_id
        ), found as (
            select b.tenant_id, at_end.plan,
                coalesce(start_plan.monthly_minor, 0) + coalesce(u.net, 0) as subscription,
                coalesce(f.markup, 0) as markup, coalesce(f.commission, 0) as commission,
                coalesce(f.processing, 0) as processing, coalesce(f.credit_markup, 0) as credit_markup,
                coalesce(f.credit_commission, 0) as credit_commission,
                coalesce(f.credit_processing, 0) as credit_processing, coalesce(f.supplier, 0) as supplier
            from shop.billing_account b
            join lateral (select plan from shop.plan_period p where p.tenant_id = b.tenant_id
                and p.effective_at < this.ends_at
                order by p.effective_at desc, p.position desc limit 1) at_end on true
            left join lateral (select pl.monthly_minor from shop.plan_period p
                join shop.plan pl on pl.code = p.plan
                where p.tenant_id = b.tenant_id and p.effective_at <= this.starts_at
                order by p.effective_at desc, p.position desc limit 1) start_plan on true
            left join upgrades u on u.tenant_id = b.tenant_id
            left join fees f on f.tenant_id = b.tenant_id
        )
        select tenant_id, in_month, plan, 'EUR', subscription, markup, commission, processing, credit_markup,
            credit_commission, credit_processing, supplier
        from found
        where (subscription, markup, commission, processing, credit_markup, credit_commission,
            credit_processing) is distinct from (0, 0, 0, 0, 0, 0, 0);
    get diagnostics made = row_count;
    update shop.platform_month set accounts = made, closed_at = in_now where month = in_month;
    return made;
end
$$;

-- What closing a month would make of it now. It is closed within a block that is always taken back, so
-- nothing of it stays and no writer is held up.
create function shop.preview_month(in_month date)
    returns table (tenant_id uuid, plan text, subscription_minor bigint, fees_minor bigint,
        credits_minor bigint)
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    found jsonb := '[]';
begin
    begin
        if not exists (select from shop.platform_month where month = in_month) then
            insert into shop.platform_month (month, starts_at, ends_at, posted_until)
                values (in_month, shop.month_start(in_month),
                    shop.month_start((in_month + interval '1 month')::date), clock_timestamp());
        end if;
        perform shop.close_month(in_month, now());
        select coalesce(jsonb_agg(to_jsonb(s) order by s.tenant_id), '[]') into found
            from shop.platform_statement s where s.month = in_month;
        raise exception using errcode = 'CF021', message = 'only a preview';
    exception when sqlstate 'CF021' then
        null;
    end;
    return query
        select s.tenant_id, s.plan, s.subscription_minor,
            s.markup_minor + s.commission_minor + s.processing_minor,
            s.credit_markup_minor + s.credit_commission_minor + s.credit_processing_minor
        from jsonb_populate_recordset(null::shop.platform_statement, found) s;
end
$$;

-- Affiliates across accounts. ------------------------------------------------------------------------------

-- What makes two addresses one person's: without the part behind a plus sign.
create function shop.same_mailbox(one text, other text) returns boolean language sql immutable as
$$ select regexp_replace(lower(one), '\+[^@]*@', '@') = regexp_replace(lower(other), '\+[^@]*@', '@') $$;

-- Notes who brought a person, at their sign-up. False where nobody of that code did, it is the person
-- itself, or it was noted before.
create function shop.attribute_referral(in_user uuid, in_code text, in_at timestamptz) returns boolean
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    bringer shop.affiliate;
    is_same boolean;
begin
    select * into bringer from shop.affiliate where code = lower(in_code);
    if not found or bringer.account_id = in_user then
        return false;
    end if;
    select shop.same_mailbox(one.email, other.email) into is_same
        from shop.app_user one, shop.app_user other
        where one.id = in_user and other.id = bringer.account_id;
    if is_same is distinct from false then
        return false;
    end if;
    insert into shop.affiliate_referral (account_id, affiliate_id, affiliate_account, attributed_at, ends_at)
        values (in_user, bringer.id, bringer.account_id, in_at, in_at + interval '12 months')
    on conflict do nothing;
    return found;
end
$$;

-- The affiliate that earns by this transaction's account in a month. What has become known since the
-- sign-up is looked at again: one VAT number or one card means one person.
create function shop.earning_affiliate(in_month date) returns uuid
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    mine shop.billing_account;
    theirs shop.billing_account;
    link shop.affiliate_referral;
    reason text;
begin
    select * into mine from shop.billing_account where tenant_id = shop.this_tenant();
    select * into link from shop.affiliate_referral where account_id = mine.account_id and refused is null;
    if not found or shop.month_start(in_month) >= link.ends_at then
        return null;
    end if;
    select * into theirs from shop.billing_account where account_id = link.affiliate_account;
    reason := case
        when mine.vat_number = theirs.vat_number then 'same_vat_number'
        when mine.payment_fingerprint = theirs.payment_fingerprint then 'same_payment' end;
    if reason is not null then
        update shop.affiliate_referral set refused = reason where account_id = mine.account_id;
        return null;
    end if;
    return link.affiliate_id;
end
$$;

-- What an affiliate of this transaction's store may be paid by now.
create function shop.affiliate_available(in_affiliate uuid, in_now timestamptz) returns bigint
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select coalesce((select sum(amount_minor) from shop.affiliate_accrual
            where affiliate_id = in_affiliate and (available_at <= in_now or amount_minor < 0)), 0)::bigint
        - coalesce((select sum(amount_minor) from shop.affiliate_payout
            where affiliate_id = in_affiliate and status <> 'failed'), 0)::bigint
    where exists (select from shop.affiliate
        where id = in_affiliate and tenant_id = shop.this_tenant())
$$;

create function shop.affiliates_to_pay(in_least bigint, in_now timestamptz)
    returns table (tenant_id uuid, affiliate_id uuid)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select a.tenant_id, a.id from shop.affiliate a
    where coalesce((select sum(c.amount_minor) from shop.affiliate_accrual c
            where c.affiliate_id = a.id and (c.available_at <= in_now or c.amount_minor < 0)), 0)
        - coalesce((select sum(p.amount_minor) from shop.affiliate_payout p
            where p.affiliate_id = a.id and p.status <> 'failed'), 0) >= in_least
    order by a.id
$$;

-- What only triggers call runs without anybody's grant.
grant execute on function shop.this_tenant(), shop.month_start(date) to cartflux_app, cartflux_platform;
grant execute on function shop.home_of_account(uuid), shop.open_billing_account(), shop.stores_of_account(),
    shop.take_plan(text, timestamptz, text), shop.tenant_of_stripe_customer(text),
    shop.attribute_referral(uuid, text, timestamptz), shop.earning_affiliate(date),
    shop.affiliate_available(uuid, timestamptz) to cartflux_app;
grant execute on function shop.cut_month(date), shop.close_month(date, timestamptz),
    shop.preview_month(date),
    shop.affiliates_to_pay(bigint, timestamptz) to cartflux_platform;

-- A subscription that is being ended by the platform. ------------------------------------------------------

alter table shop.billing_account add column ending_subscription text;
comment on column shop.billing_account.ending_subscription is
    'The subscription that the platform cancels or has cancelled. Until the vendor has done so it still '
    'looks paid for, so news of it neither bring a plan nor end one: whoever cancels it does that.';

reset role;
