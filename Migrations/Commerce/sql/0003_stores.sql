-- The store is the tenant. Its row, the hosts that lead to it, its credentials and its suppliers.
set local role cartflux_owner;

create table shop.store (
    tenant_id uuid primary key,
    owner_id uuid not null constraint store_owner references shop.app_user (id),
    slug text not null constraint store_slug_form check (slug ~ '^[a-z0-9]([a-z0-9-]{1,61}[a-z0-9])?$'),
    name text not null,
    currency text not null constraint store_currency check (currency in ('EUR', 'RON')),
    plan text not null constraint store_plan references shop.plan (code),
    status text not null default 'draft'
        constraint store_status check (status in ('draft', 'published', 'paused', 'closed')),
    country text not null default 'RO',
    languages text[] not null default '{en}'
        constraint store_languages check (cardinality(languages) between 1 and 4
            and languages <@ array['ro', 'en', 'de', 'es']),
    stripe_account text,
    stripe_state text not null default 'none'
        constraint store_stripe_state check (stripe_state in ('none', 'pending', 'enabled', 'restricted')),
    stripe_requirements text[] not null default '{}',
    smartbill_tax_id text,
    smartbill_series text,
    shipping_minor bigint not null default 0 constraint store_shipping check (shipping_minor >= 0),
    contact_email text not null,
    legal jsonb not null default '{}',
    theme jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    -- Global on purpose, although it tells that a name is taken: a host or an account leads to one store.
    constraint store_slug_unique unique (slug),
    constraint store_stripe_account_unique unique (stripe_account)
);
comment on table shop.store is 'One store = one tenant: everything else of a store hangs from this row.';
create index store_by_owner on shop.store (owner_id);
create trigger touch before update on shop.store for each row execute function shop.touch_updated_at();
select shop.protect('store', 'select, insert, update', true);

create table shop.store_host (
    tenant_id uuid not null references shop.store,
    host text not null constraint store_host_form
        check (host = lower(host) and length(host) between 1 and 253),
    kind text not null constraint store_host_kind check (kind in ('platform', 'custom')),
    verified_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (tenant_id, host),
    constraint store_host_unique unique (host)
);
comment on table shop.store_host is
    'Which host serves which store, by exact match. Unverified hosts lead nowhere.';
select shop.protect('store_host', 'select, insert, update, delete', true);

create table shop.vendor_credential (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    kind text not null,
    key_id text not null,
    sealed bytea not null,
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint vendor_credential_kind_unique unique (tenant_id, kind)
);
comment on table shop.vendor_credential is
    'A store''s secrets with vendors: AES-GCM, bound to tenant and kind, so a row moved elsewhere does not '
    'open.';
create trigger touch before update on shop.vendor_credential for each row
    execute function shop.touch_updated_at();
select shop.protect('vendor_credential', 'select, insert, update, delete');

create table shop.supplier (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    platform_code text constraint supplier_platform references shop.platform_supplier (code),
    name text not null,
    adapter text not null,
    currency text not null constraint supplier_currency check (currency ~ '^[A-Z]{3}$'),
    parcel_shipping_minor bigint not null default 0 check (parcel_shipping_minor >= 0),
    active boolean not null default true,
    created_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint supplier_platform_once unique (tenant_id, platform_code)
);
comment on table shop.supplier is
    'A supplier as one store sees it. platform_code null: the merchant''s own, without markup for the '
    'platform.';
select shop.protect('supplier', 'select, insert, update', true);

-- The only three ways to learn a tenant from the outside world. Each answers one exact name, so that the
-- application can route a request and yet never list stores. They run as the owner, which row security
-- also binds, hence the owner's own policies on exactly these tables.
create policy routing on shop.store for select to cartflux_owner using (true);
create policy routing on shop.store_host for select to cartflux_owner using (true);

create function shop.tenant_of_host(in_host text) returns uuid
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select tenant_id from shop.store_host where host = lower(in_host) and verified_at is not null $$;

create function shop.tenant_of_stripe_account(in_account text) returns uuid
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select tenant_id from shop.store where stripe_account = in_account $$;

create function shop.tenant_of_slug(in_slug text) returns uuid
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select tenant_id from shop.store where slug = in_slug $$;

-- The stores of a person who has signed in.
create function shop.tenants_of_user(in_user uuid) returns setof uuid
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select tenant_id from shop.store where owner_id = in_user order by created_at, tenant_id $$;

grant execute on function shop.tenant_of_host(text), shop.tenant_of_stripe_account(text),
    shop.tenant_of_slug(text), shop.tenants_of_user(uuid) to cartflux_app;

reset role;
