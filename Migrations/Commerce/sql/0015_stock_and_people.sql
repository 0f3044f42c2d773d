-- Two tables that belong to no tenant were open to every tenant. What the platform's suppliers have stays
-- readable to all stores, because the last unit there is the last one for each of them; what a merchant's own
-- suppliers have is that store's alone; and of people a store sees its owner, without the password.
set local role cartflux_owner;

alter table shop.stock_item enable row level security;
alter table shop.stock_item force row level security;
-- The functions that move the counters run as the owner.
create policy keeping on shop.stock_item for all to cartflux_owner using (true) with check (true);
create policy platform_reads on shop.stock_item for select to cartflux_platform using (true);
create policy own_and_shared on shop.stock_item for select to cartflux_app using (
    pool like 'platform:%'
    or starts_with(pool,
        'own:' || (select nullif(current_setting('cartflux.tenant', true), '')::uuid)::text || ':'));

-- A store tells what its own suppliers have.
create or replace function shop.observe_stock(in_pool text, in_reference text, in_seen integer) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    perform shop.check_pool(in_pool);
    if in_pool like 'platform:%' then
        raise exception using errcode = '42501',
            message = format('what is in stock pool %s is for the platform to say', in_pool);
    end if;
    insert into shop.stock_item (pool, reference, seen) values (in_pool, in_reference, in_seen)
    on conflict (pool, reference) do update set seen = excluded.seen, seen_at = now();
end
$$;

-- And the platform what those have that all stores sell from.
create function shop.observe_platform_stock(in_supplier text, in_reference text, in_seen integer) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    if not exists (select from shop.platform_supplier where code = in_supplier) then
        raise exception using errcode = '23503', message = format('no platform supplier %s', in_supplier),
            constraint = 'supplier_platform', table = 'stock_item', schema = 'shop';
    end if;
    insert into shop.stock_item (pool, reference, seen)
        values ('platform:' || in_supplier, in_reference, in_seen)
    on conflict (pool, reference) do update set seen = excluded.seen, seen_at = now();
end
$$;
grant execute on function shop.observe_platform_stock(text, text, integer) to cartflux_platform;

-- A product's pool follows from its supplier. Naming another would drain units that this store does not
-- sell, or read what another store has.
alter table shop.product add constraint product_stock_pool check (
    stock_pool = 'own:' || tenant_id::text || ':' || supplier_id::text or stock_pool ~ '^platform:[^:]+$');
create function shop.check_product_pool() returns trigger language plpgsql as
$$
begin
    if new.stock_pool like 'platform:%' and not exists (
        select from shop.supplier s
        where s.tenant_id = new.tenant_id and s.id = new.supplier_id
            and new.stock_pool = 'platform:' || s.platform_code)
    then
        perform shop.refuse('product_stock_pool', 'product',
            format('product %s cannot draw on %s, which is not its supplier''s', new.sku, new.stock_pool));
    end if;
    return new;
end
$$;
grant execute on function shop.check_product_pool() to cartflux_app, cartflux_platform;
create trigger check_pool before insert or update of stock_pool, supplier_id on shop.product
    for each row execute function shop.check_product_pool();

revoke select, insert, update on shop.app_user from cartflux_app;
grant select (id, email, name, locale, email_verified_at, created_at) on shop.app_user to cartflux_app;
alter table shop.app_user enable row level security;
alter table shop.app_user force row level security;
create policy keeping on shop.app_user for all to cartflux_owner using (true) with check (true);
create policy platform_reads on shop.app_user for select to cartflux_platform using (true);
-- Row security of the store narrows this to the tenant of the transaction.
create policy owner_of_store on shop.app_user for select to cartflux_app
    using (id in (select owner_id from shop.store));

-- Makes a person known. Again with the same id changes nothing.
create function shop.add_user(in_id uuid, in_email text, in_name text, in_locale text default 'en')
    returns void language sql security definer set search_path = pg_catalog, pg_temp as
$$
    insert into shop.app_user (id, email, name, locale)
        values (in_id, lower(in_email), in_name, in_locale) on conflict (id) do nothing
$$;
-- The person has followed the link in our message.
create function shop.verify_email(in_user uuid) returns void
    language sql security definer set search_path = pg_catalog, pg_temp as
$$ update shop.app_user set email_verified_at = coalesce(email_verified_at, now()) where id = in_user $$;
grant execute on function shop.add_user(uuid, text, text, text), shop.verify_email(uuid) to cartflux_app;

reset role;
