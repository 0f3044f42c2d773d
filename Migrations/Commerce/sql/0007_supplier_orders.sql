-- Fulfilment: one supplier order per supplier and warehouse, one row per unit sold, and the parcels.
set local role cartflux_owner;

create table shop.supplier_order (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    order_id uuid not null,
    supplier_id uuid not null,
    warehouse text not null,
    reference text not null,
    state text not null default 'planned',
    external_ids text[] not null default '{}',
    currency text not null,
    cost_snapshot_minor bigint not null,
    cost_actual_minor bigint,
    problem text,
    run_id uuid,
    submitted_at timestamptz,
    accepted_at timestamptz,
    shipped_at timestamptz,
    delivered_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint supplier_order_once unique (tenant_id, order_id, supplier_id, warehouse),
    -- The supplier knows one account of the platform for all stores, so our reference is unique everywhere.
    constraint supplier_order_reference_unique unique (reference),
    constraint supplier_order_order foreign key (tenant_id, order_id) references shop.orders (tenant_id, id),
    constraint supplier_order_supplier foreign key (tenant_id, supplier_id)
        references shop.supplier (tenant_id, id)
) with (fillfactor = 80);
comment on table shop.supplier_order is
    'What is asked of one supplier for one warehouse. Moves only along the machine in '
    'shop.supplier_order_may.';
create index supplier_order_open on shop.supplier_order (tenant_id, state)
    where state not in ('delivered', 'canceled', 'rejected');
create trigger touch before update on shop.supplier_order for each row
    execute function shop.touch_updated_at();

create function shop.supplier_order_may(from_state text, to_state text) returns boolean
    language sql immutable as
$$ select case from_state
    when 'planned' then to_state in ('checking', 'canceled')
    when 'checking' then to_state in ('submitting', 'on_hold', 'rejected', 'canceled')
    when 'on_hold' then to_state in ('checking', 'rejected', 'canceled')
    when 'submitting' then to_state in ('submitted', 'unknown', 'rejected')
    when 'unknown' then to_state in ('submitted', 'submitting')
    when 'submitted' then to_state in ('accepted', 'rejected', 'cancel_requested', 'partially_canceled',
        'canceled')
    when 'accepted' then to_state in ('shipped', 'rejected', 'cancel_requested', 'partially_canceled',
        'canceled')
    when 'cancel_requested' then to_state in ('accepted', 'shipped', 'partially_canceled', 'canceled')
    when 'partially_canceled' then to_state in ('shipped', 'cancel_requested', 'canceled')
    when 'shipped' then to_state in ('delivered')
    else false end $$;

create function shop.guard_supplier_order() returns trigger language plpgsql as
$$
begin
    if tg_op = 'INSERT' then
        if new.state <> 'planned' then
            perform shop.refuse('supplier_order_move', 'supplier_order',
                'a supplier order starts as planned');
        end if;
    elsif new.state <> old.state and not shop.supplier_order_may(old.state, new.state) then
        perform shop.refuse('supplier_order_move', 'supplier_order',
            format('supplier order %s cannot go from %s to %s', old.reference, old.state, new.state));
    end if;
    return new;
end
$$;
grant execute on function shop.supplier_order_may(text, text), shop.guard_supplier_order()
    to cartflux_app, cartflux_platform;
create trigger guard before insert or update on shop.supplier_order
    for each row execute function shop.guard_supplier_order();
select shop.protect('supplier_order', 'select, insert, update', true);

create table shop.unit (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    order_id uuid not null,
    line_id uuid not null,
    ordinal integer not null,
    supplier_order_id uuid,
    state text not null default 'allocated'
        constraint unit_state check (state in (
            'allocated', 'forwarded', 'shipped', 'delivered', 'canceled', 'returned')),
    problem text,
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint unit_ordinal_unique unique (tenant_id, line_id, ordinal),
    constraint unit_order foreign key (tenant_id, order_id) references shop.orders (tenant_id, id),
    constraint unit_line foreign key (tenant_id, line_id) references shop.order_line (tenant_id, id),
    constraint unit_supplier_order foreign key (tenant_id, supplier_order_id)
        references shop.supplier_order (tenant_id, id)
) with (fillfactor = 80);
comment on table shop.unit is
    'One thing sold. It belongs to one supplier order for ever, so that it is forwarded exactly once.';
create index unit_by_order on shop.unit (tenant_id, order_id);
create index unit_by_supplier_order on shop.unit (tenant_id, supplier_order_id);
create trigger touch before update on shop.unit for each row execute function shop.touch_updated_at();

create function shop.guard_unit() returns trigger language plpgsql as
$$
begin
    if old.supplier_order_id is not null and new.supplier_order_id is distinct from old.supplier_order_id then
        perform shop.refuse('unit_forwarded_once', 'unit',
            format('unit %s already belongs to a supplier order', old.id));
    end if;
    if new.state <> old.state and not (case old.state
        when 'allocated' then new.state in ('forwarded', 'canceled')
        when 'forwarded' then new.state in ('shipped', 'delivered', 'canceled')
        when 'shipped' then new.state in ('delivered', 'returned')
        when 'delivered' then new.state in ('returned')
        else false end) then
        perform shop.refuse('unit_move', 'unit',
            format('unit %s cannot go from %s to %s', old.id, old.state, new.state));
    end if;
    return new;
end
$$;
grant execute on function shop.guard_unit() to cartflux_app, cartflux_platform;
create trigger guard before update on shop.unit for each row execute function shop.guard_unit();
select shop.protect('unit', 'select, insert, update', true);

create table shop.parcel (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    supplier_order_id uuid not null,
    carrier text not null,
    tracking_number text not null,
    tracking_url text,
    status text not null default 'shipped'
        constraint parcel_status check (status in ('shipped', 'delivered', 'returned')),
    shipped_at timestamptz not null,
    delivered_at timestamptz,
    primary key (tenant_id, id),
    constraint parcel_number_once unique (tenant_id, supplier_order_id, tracking_number),
    constraint parcel_supplier_order foreign key (tenant_id, supplier_order_id)
        references shop.supplier_order (tenant_id, id)
);
comment on table shop.parcel is 'A parcel as the carrier names it; several may belong to one supplier order.';
select shop.protect('parcel', 'select, insert, update', true);

reset role;
