-- Units are held per supplier group, because groups of one order end differently: one is forwarded while
-- another is refunded. And what an unpaid order held too long comes back, whether or not its run is alive.
set local role cartflux_owner;

-- The owner is bound by row security too; while rows are given their group, it must see them.
alter table shop.reservation no force row level security;
alter table shop.order_line no force row level security;
alter table shop.supplier no force row level security;
-- The counter counts the same units before and after.
alter table shop.reservation disable trigger move_stock;

alter table shop.reservation add column supplier_id uuid, add column warehouse text;
alter table shop.reservation drop constraint reservation_once;

create temporary table sold_by_group on commit drop as
    select tenant_id, order_id, stock_pool, supplier_reference, supplier_id, warehouse,
        sum(quantity)::integer as quantity,
        row_number() over (partition by tenant_id, order_id, stock_pool, supplier_reference
            order by supplier_id, warehouse) as place
    from shop.order_line
    group by tenant_id, order_id, stock_pool, supplier_reference, supplier_id, warehouse;
insert into shop.reservation (tenant_id, id, order_id, stock_pool, reference, quantity, state, expires_at,
        created_at, supplier_id, warehouse)
    select r.tenant_id, gen_random_uuid(), r.order_id, r.stock_pool, r.reference, s.quantity, r.state,
        r.expires_at, r.created_at, s.supplier_id, s.warehouse
    from shop.reservation r
    join sold_by_group s on s.tenant_id = r.tenant_id and s.order_id = r.order_id
        and s.stock_pool = r.stock_pool and s.supplier_reference = r.reference and s.place > 1;
update shop.reservation r
    set supplier_id = s.supplier_id, warehouse = s.warehouse, quantity = s.quantity
    from sold_by_group s
    where s.tenant_id = r.tenant_id and s.order_id = r.order_id and s.stock_pool = r.stock_pool
        and s.supplier_reference = r.reference and s.place = 1 and r.supplier_id is null;
drop table sold_by_group;

alter table shop.reservation
    alter column supplier_id set not null,
    alter column warehouse set not null,
    add constraint reservation_once
        unique (tenant_id, order_id, supplier_id, warehouse, stock_pool, reference),
    add constraint reservation_supplier foreign key (tenant_id, supplier_id)
        references shop.supplier (tenant_id, id);
alter table shop.reservation enable trigger move_stock;
alter table shop.reservation force row level security;
alter table shop.order_line force row level security;
alter table shop.supplier force row level security;

-- For the platform's sweep, which looks for them in all stores at once.
create index reservation_lapsed on shop.reservation (expires_at) where state = 'held';

create or replace function shop.move_reserved_stock() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    holds boolean := new.state = 'held';
    held boolean := tg_op = 'UPDATE' and old.state = 'held';
begin
    if tg_op = 'UPDATE' then
        if (new.stock_pool, new.reference, new.quantity, new.order_id, new.supplier_id, new.warehouse)
            is distinct from
            (old.stock_pool, old.reference, old.quantity, old.order_id, old.supplier_id, old.warehouse)
            or new.state <> old.state and not (case old.state
                when 'held' then new.state in ('committed', 'released', 'expired')
                -- A late payment is served when the units are still there: they are held once more, or
                -- leave the shelf at once.
                when 'released' then new.state in ('held', 'committed')
                when 'expired' then new.state in ('held', 'committed')
                else false end) then
            perform shop.refuse('reservation_final', 'reservation',
                format('reservation %s is %s and cannot become %s', old.id, old.state, new.state));
        end if;
        if new.state = old.state then
            return null;
        end if;
    end if;
    perform shop.check_pool(new.stock_pool);
    if holds then
        update shop.stock_item set reserved = reserved + new.quantity
            where pool = new.stock_pool and reference = new.reference and seen - reserved >= new.quantity;
        if not found then
            perform shop.refuse('reservation_units_available', 'reservation',
                format('not enough units of %s left to reserve %s', new.reference, new.quantity));
        end if;
    else
        -- A committed unit left the supplier's shelf; the supplier's next report says the same.
        update shop.stock_item
            set reserved = case when held then reserved - new.quantity else reserved end,
                seen = case when new.state = 'committed' then greatest(seen - new.quantity, 0) else seen end
            where pool = new.stock_pool and reference = new.reference;
    end if;
    return null;
end
$$;

-- What is left of a reference, held still until the transaction ends: who asks may then take it.
create function shop.units_left(in_pool text, in_reference text) returns integer
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    units integer;
begin
    perform shop.check_pool(in_pool);
    select seen - reserved into units from shop.stock_item
        where pool = in_pool and reference = in_reference for no key update;
    return coalesce(units, 0);
end
$$;
grant execute on function shop.units_left(text, text) to cartflux_app;

reset role;
