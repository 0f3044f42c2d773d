-- What belongs to the platform and not to one store: the plans (figures are data, not code), the people,
-- the suppliers every store may sell from, exchange rates, and what suppliers have in stock.
set local role cartflux_owner;

create table shop.plan (
    code text primary key,
    rank smallint not null unique,
    title text not null,
    monthly_minor bigint not null check (monthly_minor >= 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    store_limit integer check (store_limit > 0),
    own_suppliers boolean not null,
    custom_domain boolean not null,
    unit_markup_minor bigint not null check (unit_markup_minor >= 0),
    commission_bp integer not null check (commission_bp between 0 and 10000),
    processing_fee_bearer text not null check (processing_fee_bearer in ('platform', 'merchant')),
    processing_bp integer not null check (processing_bp between 0 and 10000),
    processing_fixed_minor bigint not null check (processing_fixed_minor >= 0),
    dispatch_weight integer not null check (dispatch_weight > 0)
);
comment on table shop.plan is
    'The price list. Rates in basis points, amounts in minor units of `currency`; a null store_limit is '
    'unlimited.';
insert into shop.plan values
    ('free', 1, 'Free', 0, 'EUR', 1, false, false, 100, 500, 'platform', 150, 25, 1),
    ('pro', 2, 'Pro', 1900, 'EUR', 3, true, false, 50, 300, 'platform', 150, 25, 2),
    ('business', 3, 'Business', 4900, 'EUR', null, true, true, 0, 100, 'platform', 150, 25, 3);

create table shop.app_user (
    id uuid primary key,
    email text not null constraint app_user_email_normalised
        check (email = lower(email) and email like '%_@_%'),
    name text not null,
    password_hash text,
    locale text not null default 'en',
    email_verified_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint app_user_email_unique unique (email)
);
comment on table shop.app_user is
    'A person who signs in and owns stores. Not a tenant: one person owns several.';
create trigger touch before update on shop.app_user for each row execute function shop.touch_updated_at();

create table shop.platform_supplier (
    code text primary key,
    name text not null,
    adapter text not null,
    country text not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    parcel_shipping_minor bigint not null default 0 check (parcel_shipping_minor >= 0)
);
comment on table shop.platform_supplier is
    'Suppliers integrated by the platform, on its own account with them. A store sells through its '
    'shop.supplier row.';

create table shop.fx_rate (
    base_currency text not null,
    quote_currency text not null,
    valid_on date not null,
    rate_scaled bigint not null check (rate_scaled > 0),
    primary key (base_currency, quote_currency, valid_on)
);
comment on table shop.fx_rate is
    'Reference rates: one unit of base costs rate_scaled / 10^8 of quote. A quote freezes the one it used.';

create table shop.stock_item (
    pool text not null,
    reference text not null,
    seen integer not null check (seen >= 0),
    reserved integer not null default 0 constraint stock_item_reserved_not_negative check (reserved >= 0),
    seen_at timestamptz not null default now(),
    primary key (pool, reference)
) with (fillfactor = 80);
comment on table shop.stock_item is
    'What a supplier said it has, and how much of it our unpaid orders hold. Shared on purpose: the last '
    'unit at a platform supplier is the last one for every store. Only reservations move `reserved` (by '
    'trigger), so the counter cannot drift from the rows it counts. pool is platform:{code} or '
    'own:{tenant}:{supplier}.';

-- A store may speak for the platform's pools and its own, never for another store's.
create function shop.check_pool(pool text) returns void language plpgsql as
$$
begin
    if pool not like 'platform:%'
        and pool not like
            'own:' || coalesce(nullif(current_setting('cartflux.tenant', true), '')::uuid::text, '-')
                || ':%' then
        raise exception using errcode = '42501',
            message = format('stock pool %s belongs to another store', pool);
    end if;
end
$$;

create function shop.observe_stock(in_pool text, in_reference text, in_seen integer) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    perform shop.check_pool(in_pool);
    insert into shop.stock_item (pool, reference, seen) values (in_pool, in_reference, in_seen)
    on conflict (pool, reference) do update set seen = excluded.seen, seen_at = now();
end
$$;

grant select on shop.plan, shop.platform_supplier, shop.fx_rate, shop.stock_item
    to cartflux_app, cartflux_platform;
grant select, insert, update on shop.app_user to cartflux_app;
grant select (id, email, name, locale, email_verified_at, created_at) on shop.app_user to cartflux_platform;
grant insert, update on shop.plan, shop.platform_supplier, shop.fx_rate to cartflux_platform;
grant execute on function shop.check_pool(text) to cartflux_app;
grant execute on function shop.observe_stock(text, text, integer) to cartflux_app;

reset role;
