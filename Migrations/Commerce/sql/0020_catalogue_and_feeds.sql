-- What suppliers offer, as they tell it, apart from what stores sell of it. The platform's suppliers are read
-- once for everybody; a merchant's own ones belong to that store alone. A sync reads a feed in pages and can
-- stop between any two of them; the prices that shoppers have seen are kept for the thirty-day rule.
set local role cartflux_owner;

-- The platform's catalogue ------------------------------------------------------------------------------

create table shop.catalogue_sync (
    id uuid primary key,
    supplier text not null constraint catalogue_sync_supplier references shop.platform_supplier (code),
    kind text not null constraint catalogue_sync_kind check (kind in ('full', 'stock', 'prices')),
    state text not null default 'running'
        constraint catalogue_sync_state check (state in ('running', 'done', 'failed')),
    rows_read bigint not null default 0,
    rows_changed bigint not null default 0,
    rows_refused bigint not null default 0,
    rows_removed bigint not null default 0,
    problem text,
    started_at timestamptz not null,
    ended_at timestamptz
);
comment on table shop.catalogue_sync is
    'One pull of a platform supplier''s lists, for all stores: BigBuy counts calls by the hour and account.';
create index catalogue_sync_recent on shop.catalogue_sync (supplier, started_at desc);

create table shop.catalogue_category (
    supplier text not null references shop.platform_supplier (code),
    reference text not null,
    parent text,
    names jsonb not null constraint catalogue_category_names check (jsonb_typeof(names) = 'object'),
    primary key (supplier, reference)
);
comment on table shop.catalogue_category is 'The branches of a platform supplier''s catalogue, by language.';

create table shop.catalogue_item (
    supplier text not null references shop.platform_supplier (code),
    reference text not null constraint catalogue_item_reference check (length(reference) between 1 and 64),
    source_id text not null,
    family text,
    ean text,
    brand text,
    category text,
    titles jsonb not null default '{}'
        constraint catalogue_item_titles check (jsonb_typeof(titles) = 'object'),
    descriptions jsonb not null default '{}',
    images jsonb not null default '[]'
        constraint catalogue_item_images check (jsonb_typeof(images) = 'array'),
    attributes jsonb not null default '{}',
    safety jsonb not null default '{}',
    safety_checked_at timestamptz,
    cost_minor bigint not null constraint catalogue_item_cost check (cost_minor > 0),
    currency text not null constraint catalogue_item_currency check (currency ~ '^[A-Z]{3}$'),
    recommended_minor bigint constraint catalogue_item_recommended check (recommended_minor >= 0),
    warehouse text not null default 'main',
    is_active boolean not null default true,
    seen_by uuid,
    changed_at timestamptz not null default now(),
    primary key (supplier, reference),
    constraint catalogue_item_source unique (supplier, source_id)
) with (fillfactor = 85);
-- The order of the shelf: what may be sold first.
create index catalogue_item_shelf on shop.catalogue_item (((coalesce(safety ->> 'manufacturer', '') <> ''
    and coalesce(safety ->> 'contact', '') <> '')) desc, reference) where is_active;
comment on table shop.catalogue_item is
    'What a platform supplier offers. Read by every store, written by the platform alone. source_id is the '
    'supplier''s own number, by which its lists are joined; seen_by is the last full sync that met it; stock '
    'is in shop.stock_item.';

create table shop.catalogue_quarantine (
    sync_id uuid not null references shop.catalogue_sync on delete cascade,
    list text not null,
    reference text not null,
    reason text not null,
    primary key (sync_id, list, reference)
);
comment on table shop.catalogue_quarantine is
    'Rows of a platform supplier''s lists that could not be used, and why. The platform''s business alone.';

grant select on shop.catalogue_category, shop.catalogue_item, shop.catalogue_sync to cartflux_app;
grant select, insert, update on shop.catalogue_category, shop.catalogue_item, shop.catalogue_sync,
    shop.catalogue_quarantine to cartflux_platform;
grant delete on shop.catalogue_quarantine to cartflux_platform;

-- A merchant's own suppliers ----------------------------------------------------------------------------

alter table shop.supplier add column price_policy text not null default 'notify'
    constraint supplier_price_policy check (price_policy in ('follow', 'pause', 'notify'));
comment on column shop.supplier.price_policy is
    'What happens to the prices of this store when the supplier charges more: they follow, the product is '
    'paused, or the merchant is told. A product that would be sold at a loss is paused in any case.';

create table shop.supplier_feed (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    supplier_id uuid not null,
    adapter text not null default 'feed' constraint supplier_feed_adapter check (adapter ~ '^[a-z_]{1,40}$'),
    address text not null constraint supplier_feed_address check (length(address) between 1 and 2000),
    settings jsonb not null constraint supplier_feed_settings check (jsonb_typeof(settings) = 'object'),
    credential_kind text,
    interval_minutes integer not null default 1440
        constraint supplier_feed_interval check (interval_minutes between 15 and 44640),
    removal_limit_bp integer not null default 2000
        constraint supplier_feed_removal_limit check (removal_limit_bp between 0 and 10000),
    is_active boolean not null default true,
    etag text,
    last_modified text,
    next_sync_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint supplier_feed_supplier foreign key (tenant_id, supplier_id)
        references shop.supplier (tenant_id, id),
    constraint supplier_feed_once unique (tenant_id, supplier_id)
);
comment on table shop.supplier_feed is
    'Where one supplier of a store is read, how, and how often. A sync that would take more than '
    'removal_limit_bp of the articles off stops before it does. etag and last_modified are of the feed that '
    'was last taken in completely.';
create index supplier_feed_due on shop.supplier_feed (next_sync_at) where is_active;
create trigger touch before update on shop.supplier_feed for each row
    execute function shop.touch_updated_at();
select shop.protect('supplier_feed', 'select, insert, update', true);

create table shop.supplier_sync (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    feed_id uuid not null,
    run_id uuid,
    mode text not null constraint supplier_sync_mode check (mode in ('apply', 'dry_run')),
    state text not null default 'open' constraint supplier_sync_state
        check (state in ('open', 'done', 'unchanged', 'stopped', 'failed', 'superseded')),
    etag text,
    last_modified text,
    bytes bigint not null default 0,
    cursor jsonb,
    rows_read bigint not null default 0,
    added bigint not null default 0,
    changed bigint not null default 0,
    unchanged bigint not null default 0,
    removed bigint not null default 0,
    refused bigint not null default 0,
    repriced bigint not null default 0,
    paused bigint not null default 0,
    problem text,
    started_at timestamptz not null,
    ended_at timestamptz,
    primary key (tenant_id, id),
    constraint supplier_sync_feed foreign key (tenant_id, feed_id)
        references shop.supplier_feed (tenant_id, id),
    constraint supplier_sync_ended check ((state = 'open') = (ended_at is null))
);
comment on table shop.supplier_sync is
    'One reading of a feed: how far it has come, what it found, how it ended. cursor is the position between '
    'two records and moves in the transaction that stores the page before it.';
create unique index supplier_sync_one_open on shop.supplier_sync (tenant_id, feed_id) where state = 'open';
create index supplier_sync_recent on shop.supplier_sync (tenant_id, feed_id, started_at desc);
select shop.protect('supplier_sync', 'select, insert, update', true);

create table shop.feed_chunk (
    tenant_id uuid not null references shop.store,
    sync_id uuid not null,
    start_at bigint not null constraint feed_chunk_start check (start_at >= 0),
    body bytea not null constraint feed_chunk_size check (octet_length(body) <= 262144),
    primary key (tenant_id, sync_id, start_at),
    constraint feed_chunk_sync foreign key (tenant_id, sync_id) references shop.supplier_sync (tenant_id, id)
);
-- Read in pieces and soon deleted: compressing it would cost more than it saves.
alter table shop.feed_chunk alter column body set storage external;
comment on table shop.feed_chunk is
    'The feed as it came, while it is being read. It lies here and not in a file because the run may be '
    'carried on by another machine, and because the host may have a different feed by then.';
select shop.protect('feed_chunk', 'select, insert, update, delete');

create table shop.supplier_item (
    tenant_id uuid not null references shop.store,
    supplier_id uuid not null,
    reference text not null constraint supplier_item_reference check (length(reference) between 1 and 64),
    family text,
    ean text,
    brand text,
    category text,
    titles jsonb not null constraint supplier_item_titles check (jsonb_typeof(titles) = 'object'),
    descriptions jsonb not null,
    images jsonb not null constraint supplier_item_images check (jsonb_typeof(images) = 'array'),
    attributes jsonb not null,
    safety jsonb not null,
    cost_minor bigint not null constraint supplier_item_cost check (cost_minor > 0),
    currency text not null constraint supplier_item_currency check (currency ~ '^[A-Z]{3}$'),
    recommended_minor bigint constraint supplier_item_recommended check (recommended_minor >= 0),
    stock integer not null constraint supplier_item_stock check (stock >= 0),
    warehouse text not null,
    is_active boolean not null,
    changed_at timestamptz not null default now(),
    primary key (tenant_id, supplier_id, reference),
    constraint supplier_item_supplier foreign key (tenant_id, supplier_id)
        references shop.supplier (tenant_id, id)
);
comment on table shop.supplier_item is
    'What a merchant''s own supplier offers, last time its feed told. What the store sells of it is in '
    'shop.product.';
create index supplier_item_family on shop.supplier_item (tenant_id, supplier_id, family)
    where family is not null;
select shop.protect('supplier_item', 'select, insert, update');

create table shop.supplier_item_mark (
    tenant_id uuid not null references shop.store,
    supplier_id uuid not null,
    reference text not null,
    fingerprint bytea not null constraint supplier_item_mark_size check (octet_length(fingerprint) = 16),
    row_number integer not null,
    seen_by uuid,
    rehearsed_by uuid,
    primary key (tenant_id, supplier_id, reference),
    constraint supplier_item_mark_supplier foreign key (tenant_id, supplier_id)
        references shop.supplier (tenant_id, id)
) with (fillfactor = 50);
comment on table shop.supplier_item_mark is
    'The fingerprint of the row that an article was read from, and the syncs that met it last (rehearsed_by: '
    'a dry run). Narrow, and no index holds a column that changes, so that meeting 100,000 unchanged rows '
    'costs little.';
create index supplier_item_mark_known on shop.supplier_item_mark (tenant_id, supplier_id, fingerprint);
select shop.protect('supplier_item_mark', 'select, insert, update, delete');

create table shop.feed_quarantine (
    tenant_id uuid not null references shop.store,
    sync_id uuid not null,
    row_number integer not null,
    field text not null,
    reference text,
    reason text not null,
    excerpt text not null,
    primary key (tenant_id, sync_id, row_number, field),
    constraint feed_quarantine_sync foreign key (tenant_id, sync_id)
        references shop.supplier_sync (tenant_id, id)
);
comment on table shop.feed_quarantine is
    'Rows of a feed that were set aside, with the field and the reason. What is on sale of them stays as it '
    'was told last.';
select shop.protect('feed_quarantine', 'select, insert, delete', true);

create table shop.supplier_change (
    tenant_id uuid not null references shop.store,
    sync_id uuid not null,
    reference text not null,
    kind text not null constraint supplier_change_kind check (kind in ('added', 'changed', 'removed')),
    before jsonb,
    after jsonb,
    primary key (tenant_id, sync_id, reference),
    constraint supplier_change_sync foreign key (tenant_id, sync_id)
        references shop.supplier_sync (tenant_id, id),
    constraint supplier_change_sides check (
        (before is null) = (kind = 'added') and (after is null) = (kind = 'removed'))
);
comment on table shop.supplier_change is
    'What a dry run found: the title, cost and stock of each article before and after. Nothing else was '
    'touched.';
select shop.protect('supplier_change', 'select, insert, delete', true);

-- Many references at once, each of them once. The rows are taken in the order in which reservations take
-- them, so that two pages, or a page and an order, cannot wait for each other.
create function shop.observe_stocks(in_pool text, in_references text[], in_seen integer[]) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    perform shop.check_pool(in_pool);
    if in_pool like 'platform:%' then
        raise exception using errcode = '42501',
            message = format('what is in stock pool %s is for the platform to say', in_pool);
    end if;
    insert into shop.stock_item as s (pool, reference, seen)
        select distinct on (t.reference collate "C") in_pool, t.reference, t.seen
        from unnest(in_references, in_seen) as t (reference, seen) order by t.reference collate "C"
    on conflict (pool, reference) do update set seen = excluded.seen, seen_at = now()
        where s.seen <> excluded.seen;
end
$$;
create function shop.observe_platform_stocks(in_supplier text, in_references text[], in_seen integer[])
    returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    if not exists (select from shop.platform_supplier where code = in_supplier) then
        raise exception using errcode = '23503', message = format('no platform supplier %s', in_supplier),
            constraint = 'supplier_platform', table = 'stock_item', schema = 'shop';
    end if;
    insert into shop.stock_item as s (pool, reference, seen)
        select distinct on (t.reference collate "C") 'platform:' || in_supplier, t.reference, t.seen
        from unnest(in_references, in_seen) as t (reference, seen) order by t.reference collate "C"
    on conflict (pool, reference) do update set seen = excluded.seen, seen_at = now()
        where s.seen <> excluded.seen;
end
$$;
grant execute on function shop.observe_stocks(text, text[], integer[]) to cartflux_app;
grant execute on function shop.observe_platform_stocks(text, text[], integer[]) to cartflux_platform;

-- A first sync fills tables of which the planner knows nothing: it takes the articles of a supplier for one,
-- and looks through all of them for each. Neither does it know that a supplier is one store's alone.
create statistics shop.supplier_item_mark_owner (ndistinct, dependencies)
    on tenant_id, supplier_id from shop.supplier_item_mark;
create statistics shop.supplier_item_owner (ndistinct, dependencies)
    on tenant_id, supplier_id from shop.supplier_item;

-- Counts anew where more than half has changed since the last time. Whoever comes while another counts goes
-- on without.
create function shop.measure_supplier_items() returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '50ms' as
$$
declare
    measured oid;
begin
    for measured in
        select t.relid from pg_stat_all_tables t
        where t.relid in ('shop.supplier_item_mark'::regclass, 'shop.supplier_item'::regclass)
            and t.n_mod_since_analyze > 500 + (t.n_live_tup - least(t.n_mod_since_analyze, t.n_live_tup)) / 2
    loop
        execute format('analyze %s', measured::regclass);
    end loop;
exception when lock_not_available then
    return;
end
$$;
grant execute on function shop.measure_supplier_items() to cartflux_app;

-- What shoppers have seen -------------------------------------------------------------------------------

create table shop.price_history (
    tenant_id uuid not null references shop.store,
    product_id uuid not null,
    currency text not null,
    valid_from timestamptz not null,
    price_minor bigint not null constraint price_history_price check (price_minor > 0),
    primary key (tenant_id, product_id, currency, valid_from),
    constraint price_history_product foreign key (tenant_id, product_id)
        references shop.product (tenant_id, id)
);
comment on table shop.price_history is
    'Every price that a product was offered at, from when. A reduction is announced against the lowest of '
    'the thirty days before it. Written by a trigger, so that no way of changing a price can leave it out.';

create policy backfill on shop.product for select to cartflux_owner using (true);
insert into shop.price_history (tenant_id, product_id, currency, valid_from, price_minor)
    select tenant_id, id, currency, created_at, price_minor from shop.product;
drop policy backfill on shop.product;
select shop.protect('price_history', 'select, insert, update');

create function shop.keep_price() returns trigger language plpgsql as
$$
begin
    insert into shop.price_history (tenant_id, product_id, currency, valid_from, price_minor)
        values (new.tenant_id, new.id, new.currency, now(), new.price_minor)
    on conflict (tenant_id, product_id, currency, valid_from)
        do update set price_minor = excluded.price_minor;
    return null;
end
$$;
grant execute on function shop.keep_price() to cartflux_app, cartflux_platform;
create trigger keep_price after insert on shop.product for each row execute function shop.keep_price();
create trigger keep_new_price after update of price_minor, currency on shop.product for each row
    when (old.price_minor <> new.price_minor or old.currency <> new.currency)
    execute function shop.keep_price();

-- Discounts ---------------------------------------------------------------------------------------------

alter table shop.coupon alter column percent_bp drop not null;
alter table shop.coupon
    add column amount_minor bigint constraint coupon_amount check (amount_minor > 0),
    add column minimum_minor bigint not null default 0 constraint coupon_minimum check (minimum_minor >= 0),
    add column valid_from timestamptz,
    add column use_limit integer constraint coupon_use_limit check (use_limit > 0),
    add constraint coupon_one_kind check (num_nonnulls(percent_bp, amount_minor) = 1),
    add constraint coupon_period check (
        valid_from is null or valid_until is null or valid_from < valid_until);
comment on column shop.coupon.amount_minor is
    'A fixed amount off the goods, in the store''s currency; never more than the goods cost.';
comment on column shop.coupon.minimum_minor is 'The goods must cost at least this much.';
comment on column shop.coupon.use_limit is 'How many orders may use it in all; null is unlimited.';
create index quote_by_coupon on shop.quote (tenant_id, coupon_code) where coupon_code is not null;

-- Orders with the same code take turns by the coupon's row, so that two cannot both be the last use. A quote
-- may carry a code that took nothing off; that is no use of it.
create function shop.check_coupon_uses() returns trigger language plpgsql as
$$
declare
    used text;
    room integer;
begin
    select q.coupon_code into used from shop.quote q
        where q.tenant_id = new.tenant_id and q.id = new.quote_id and q.discount_minor > 0;
    if used is null then
        return new;
    end if;
    select c.use_limit into room from shop.coupon c
        where c.tenant_id = new.tenant_id and c.code = used for no key update;
    if room <= (select count(*) from shop.quote q
            join shop.orders o on o.tenant_id = q.tenant_id and o.quote_id = q.id
            where q.tenant_id = new.tenant_id and q.coupon_code = used and q.discount_minor > 0
                and o.payment_status not in ('failed', 'canceled')) then
        perform shop.refuse('coupon_uses_left', 'coupon',
            format('coupon %s has been used as often as it may be', used));
    end if;
    return new;
end
$$;
create trigger coupon_uses before insert on shop.orders
    for each row execute function shop.check_coupon_uses();

reset role;
