-- A number for each store that rises with every change that its pages can show: a page that was made once may
-- be sent again for as long as the number stands. Triggers count, so that no way of changing the shelf can
-- leave it out.
--
-- One row per store would be a queue: who changes a price holds it until the end of his transaction, a feed
-- for long, and everybody else at that store would wait for it, or deadlock over it. So a store has as many
-- rows as were ever changed at once. A transaction counts, once, on a row that nobody holds, and the number
-- is the sum: it rises whenever one of them commits, in whatever order they began.
--
-- Stock is left out on purpose: it moves with every checkout, which nothing here may slow down, and one pool
-- may belong to thousands of stores. A page that shows stock is sent again for a few seconds only. So are the
-- store's own name, look and state, which come with its host.
set local role cartflux_owner;

create table shop.shelf_version (
    tenant_id uuid not null references shop.store,
    lane integer not null constraint shelf_version_lane check (lane >= 0),
    changes bigint not null default 1 constraint shelf_version_changes check (changes > 0),
    primary key (tenant_id, lane)
) with (fillfactor = 50);
comment on table shop.shelf_version is
    'How often what a store''s pages show has changed: the sum over its rows, which only rises.';
comment on column shop.shelf_version.lane is
    'Has no meaning: there are several rows so that transactions that change the shelf at the same time do '
    'not wait for each other.';
select shop.protect('shelf_version', 'select, insert, update');
create policy keeping on shop.shelf_version for all to cartflux_owner using (true) with check (true);

create function shop.note_shelf_change() returns trigger language plpgsql as
$$
declare
    free integer;
begin
    -- Once is enough for a transaction, since what it changes appears all at once. A savepoint that is rolled
    -- back takes the note back too.
    if current_setting('cartflux.shelf_noted', true) = new.tenant_id::text then return null; end if;
    perform set_config('cartflux.shelf_noted', new.tenant_id::text, true);
    select lane into free from shop.shelf_version where tenant_id = new.tenant_id
        order by lane limit 1 for no key update skip locked;
    if found then
        update shop.shelf_version set changes = changes + 1 where tenant_id = new.tenant_id and lane = free;
    else
        insert into shop.shelf_version as v (tenant_id, lane)
            values (new.tenant_id, floor(random() * 2147483647)::integer)
        on conflict (tenant_id, lane) do update set changes = v.changes + 1;
    end if;
    return null;
end
$$;
grant execute on function shop.note_shelf_change() to cartflux_app, cartflux_platform;

-- Costs are not shown, and neither is a draft.
create trigger note_shelf_new after insert on shop.product for each row
    when (new.status <> 'draft') execute function shop.note_shelf_change();
create trigger note_shelf_change after update of slug, sku, family, supplier_id, supplier_reference,
    stock_pool, price_minor, currency, title, description, image_url, status, safety, category_id,
    withdrawal_exclusion on shop.product for each row
    when ((old.status <> 'draft' or new.status <> 'draft')
        and (old.slug, old.sku, old.family, old.supplier_id, old.supplier_reference, old.stock_pool,
            old.price_minor, old.currency, old.title, old.description, old.image_url, old.status, old.safety,
            old.category_id, old.withdrawal_exclusion)
        is distinct from (new.slug, new.sku, new.family, new.supplier_id, new.supplier_reference,
            new.stock_pool, new.price_minor, new.currency, new.title, new.description, new.image_url,
            new.status, new.safety, new.category_id, new.withdrawal_exclusion))
    execute function shop.note_shelf_change();

-- A branch appears with its first product, which counts by itself.
create trigger note_shelf_change after update on shop.category for each row
    when ((old.slug, old.names) is distinct from (new.slug, new.names))
    execute function shop.note_shelf_change();

create trigger note_shelf_new after insert on shop.legal_page for each row
    execute function shop.note_shelf_change();
create trigger note_shelf_change after update on shop.legal_page for each row
    when (old.body <> new.body) execute function shop.note_shelf_change();

create trigger note_shelf_change after insert or update on shop.store_policy for each row
    execute function shop.note_shelf_change();

reset role;
