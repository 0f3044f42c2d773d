-- What the platform's administrators look after: the price list by version, what affiliates have earned over
-- all accounts, and the views of runs that each of them keeps.
set local role cartflux_owner;

-- The price list by version ------------------------------------------------------------------------------

create table shop.plan_version (
    plan text not null constraint plan_version_plan references shop.plan (code),
    version integer not null constraint plan_version_number check (version > 0),
    effective_at timestamptz not null,
    title text not null constraint plan_version_title check (length(title) between 1 and 60),
    monthly_minor bigint not null constraint plan_version_monthly check (monthly_minor >= 0),
    currency text not null constraint plan_version_currency check (currency ~ '^[A-Z]{3}$'),
    store_limit integer constraint plan_version_stores check (store_limit > 0),
    own_suppliers boolean not null,
    custom_domain boolean not null,
    unit_markup_minor bigint not null constraint plan_version_markup check (unit_markup_minor >= 0),
    commission_bp integer not null
        constraint plan_version_commission check (commission_bp between 0 and 10000),
    processing_fee_bearer text not null
        constraint plan_version_bearer check (processing_fee_bearer in ('platform', 'merchant')),
    processing_bp integer not null
        constraint plan_version_processing check (processing_bp between 0 and 10000),
    processing_fixed_minor bigint not null
        constraint plan_version_processing_fixed check (processing_fixed_minor >= 0),
    made_by text not null constraint plan_version_made_by check (length(made_by) between 1 and 400),
    reason text not null constraint plan_version_reason check (length(reason) between 1 and 1000),
    made_at timestamptz not null default now(),
    primary key (plan, version),
    constraint plan_version_month check (version = 1
        or (effective_at at time zone 'Europe/Bucharest')
            = date_trunc('month', effective_at at time zone 'Europe/Bucharest'))
);
comment on table shop.plan_version is
    'What a plan costs and allows, from when on. In force at an instant is the latest version that has begun '
    'by it; a version begins with a month and in the future, so that what was in force never changes.';
comment on column shop.plan_version.version is
    'Of two versions that have begun the later one is meant, so a version replaces those that would have '
    'begun after it.';

alter table shop.plan add column version integer not null default 1;
comment on column shop.plan.version is 'Which version the figures of this row are; see shop.plan_version.';

insert into shop.plan_version (plan, version, effective_at, title, monthly_minor, currency, store_limit,
        own_suppliers, custom_domain, unit_markup_minor, commission_bp, processing_fee_bearer, processing_bp,
        processing_fixed_minor, made_by, reason)
    select code, 1, '2000-01-01 00:00+00', title, monthly_minor, currency, store_limit, own_suppliers,
        custom_domain, unit_markup_minor, commission_bp, processing_fee_bearer, processing_bp,
        processing_fixed_minor, 'the first price list', 'what the platform opened with'
    from shop.plan;

create function shop.check_plan_version() returns trigger language plpgsql as
$$
begin
    if new.effective_at <= now() then
        perform shop.refuse('plan_version_ahead', 'plan_version',
            'a version of a plan begins in the future: what was in force stays');
    end if;
    return new;
end
$$;
create trigger ahead before insert on shop.plan_version
    for each row execute function shop.check_plan_version();
create trigger append_only before update or delete on shop.plan_version
    for each row execute function shop.refuse_change();
alter table shop.plan_version enable row level security;
alter table shop.plan_version force row level security;
create policy platform_only on shop.plan_version for all to cartflux_platform using (true) with check (true);
create policy closing on shop.plan_version for select to cartflux_owner using (true);
grant select, insert on shop.plan_version to cartflux_platform;

-- What a plan costs a month, by the version that was in force at an instant.
create function shop.plan_monthly(in_plan text, in_at timestamptz) returns bigint
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select monthly_minor from shop.plan_version where plan = in_plan and effective_at <= in_at
    order by version desc limit 1
$$;

-- A month that is closed after a new version has begun costs what it cost when it began. Nothing else of the
-- function changes, so its own text is taken and the one place put right.
do $$
declare
    old text := pg_get_functiondef('shop.close_month(date, timestamptz)'::regprocedure);
    new text := replace(old, 'lateral (select pl.monthly_minor from shop.plan_period p',
        'lateral (select shop.plan_monthly(pl.code, this.starts_at) as monthly_minor
                from shop.plan_period p');
begin
    if new = old then
        raise exception 'close_month does not read the price where it is expected to';
    end if;
    execute new;
end
$$;

-- Affiliates over all accounts ---------------------------------------------------------------------------

-- Each affiliate with what it brought and earned. Who was brought stays with the account that was.
create function shop.affiliate_overview(in_now timestamptz, in_limit integer)
    returns table (tenant_id uuid, affiliate_id uuid, code text, joined_at timestamptz, brought bigint,
        refused bigint, earned_minor bigint, available_minor bigint, paid_minor bigint)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select a.tenant_id, a.id, a.code, a.created_at, r.brought, r.refused,
        c.earned, c.ripe - p.standing, p.paid
    from shop.affiliate a
    cross join lateral (select count(*) as brought, count(*) filter (where refused is not null) as refused
        from shop.affiliate_referral where affiliate_id = a.id) r
    cross join lateral (select coalesce(sum(amount_minor), 0)::bigint as earned,
            coalesce(sum(amount_minor) filter (where available_at <= in_now or amount_minor < 0), 0)::bigint
                as ripe
        from shop.affiliate_accrual where affiliate_id = a.id) c
    cross join lateral (select
            coalesce(sum(amount_minor) filter (where status <> 'failed'), 0)::bigint as standing,
            coalesce(sum(amount_minor) filter (where status = 'paid'), 0)::bigint as paid
        from shop.affiliate_payout where affiliate_id = a.id) p
    order by c.earned desc, a.created_at limit in_limit
$$;
grant execute on function shop.affiliate_overview(timestamptz, integer) to cartflux_platform;
-- The few events of an inbox of years that are not done.
create index webhook_inbox_open on shop.webhook_inbox (state, received_at) where state <> 'processed';
create index affiliate_payout_newest on shop.affiliate_payout (reserved_at desc, id);

-- Views of the list of runs ------------------------------------------------------------------------------

create table shop.admin_view (
    admin_id uuid not null references shop.admin,
    name text not null constraint admin_view_name check (length(name) between 1 and 60),
    query text not null constraint admin_view_query check (length(query) between 1 and 2000),
    kept_at timestamptz not null default now(),
    primary key (admin_id, name)
);
comment on table shop.admin_view is
    'Names that an administrator gave to filters of the list of runs; the query is the address''s own.';
alter table shop.admin_view enable row level security;
alter table shop.admin_view force row level security;
create policy platform_only on shop.admin_view for all to cartflux_platform using (true) with check (true);
grant select, insert, update, delete on shop.admin_view to cartflux_platform;

reset role;
