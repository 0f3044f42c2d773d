-- Orders: frozen amounts, three derived statuses that never go back, lines, units and the soft reservation.
set local role cartflux_owner;

create table shop.order_number (
    tenant_id uuid primary key references shop.store,
    last_number bigint not null
);
comment on table shop.order_number is
    'Per-store counter (a global sequence would show one merchant the others'' volume). Gaps are allowed.';
select shop.protect('order_number', 'select, insert, update');

create table shop.orders (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    number bigint not null,
    token text not null,
    checkout_id uuid not null,
    quote_id uuid not null,
    plan text not null references shop.plan (code),
    currency text not null,
    locale text not null,
    email text not null,
    phone text not null,
    address jsonb not null,
    goods_minor bigint not null,
    discount_minor bigint not null,
    shipping_minor bigint not null,
    g_minor bigint not null, s_minor bigint not null, m_minor bigint not null, c_minor bigint not null,
    p_minor bigint not null, w_minor bigint not null, n_minor bigint not null,
    payment_status text not null default 'awaiting_payment',
    fulfilment_status text not null default 'unfulfilled',
    invoice_status text not null default 'not_due',
    attention text not null default 'none' constraint orders_attention check (attention in (
        'none', 'supplier_out_of_stock', 'supplier_price_up', 'supplier_unknown', 'address', 'invoice',
        'dispute', 'refund_failed', 'unmatched_payment', 'merchant_restricted')),
    disputed boolean not null default false,
    run_id uuid,
    placed_at timestamptz not null,
    paid_at timestamptz,
    expired_at timestamptz,
    closed_at timestamptz,
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint orders_number_unique unique (tenant_id, number),
    constraint orders_token_unique unique (tenant_id, token),
    constraint orders_checkout_once unique (tenant_id, checkout_id),
    constraint orders_quote_once unique (tenant_id, quote_id),
    constraint orders_checkout foreign key (tenant_id, checkout_id) references shop.checkout (tenant_id, id),
    constraint orders_quote foreign key (tenant_id, quote_id) references shop.quote (tenant_id, id),
    constraint orders_adds_up check (
        g_minor = goods_minor - discount_minor + shipping_minor
        and w_minor = s_minor + m_minor + c_minor + p_minor and n_minor = g_minor - w_minor),
    constraint orders_margin_not_negative check (n_minor >= 0)
) with (fillfactor = 80);
comment on table shop.orders is
    'An order exists before its payment does. Statuses are derived from records by one writer; a trigger '
    'refuses to lower their rank and to change what was frozen.';
create index orders_newest on shop.orders (tenant_id, placed_at desc, id);
create index orders_needing_attention on shop.orders (tenant_id, placed_at desc) where attention <> 'none';
create index orders_everywhere on shop.orders (placed_at desc);
create trigger touch before update on shop.orders for each row execute function shop.touch_updated_at();

-- A rank of null is an unknown status and is refused. Equal ranks may swap.
create function shop.payment_rank(status text) returns integer language sql immutable as
$$ select case status
    when 'awaiting_payment' then 0 when 'requires_action' then 1 when 'processing' then 1 when 'failed' then 1
    when 'canceled' then 2 when 'paid' then 3 when 'late_paid' then 3 when 'partially_refunded' then 4
    when 'refunded' then 5 end $$;

create function shop.fulfilment_rank(status text) returns integer language sql immutable as
$$ select case status
    when 'unfulfilled' then 0 when 'forwarding' then 1 when 'on_hold' then 1 when 'in_progress' then 2
    when 'partially_canceled' then 2 when 'partially_shipped' then 3 when 'shipped' then 4
    when 'partially_delivered' then 5 when 'delivered' then 6 when 'canceled' then 7 end $$;

create function shop.invoice_rank(status text) returns integer language sql immutable as
$$ select case status
    when 'not_due' then 0 when 'pending' then 1 when 'retrying' then 1 when 'manual' then 1
    when 'issued' then 2 when 'storno' then 3 end $$;

create function shop.guard_order() returns trigger language plpgsql as
$$
begin
    if shop.payment_rank(new.payment_status) is null or shop.fulfilment_rank(new.fulfilment_status) is null
        or shop.invoice_rank(new.invoice_status) is null then
        perform shop.refuse('orders_status_known', 'orders', format('no such status: %s, %s or %s',
            new.payment_status, new.fulfilment_status, new.invoice_status));
    end if;
    if tg_op = 'INSERT' then
        return new;
    end if;
    if shop.payment_rank(new.payment_status) < shop.payment_rank(old.payment_status)
        or shop.fulfilment_rank(new.fulfilment_status) < shop.fulfilment_rank(old.fulfilment_status)
        or shop.invoice_rank(new.invoice_status) < shop.invoice_rank(old.invoice_status) then
        perform shop.refuse('orders_status_never_lowers', 'orders',
            format('order %s cannot go back from (%s, %s, %s) to (%s, %s, %s)', old.id,
                old.payment_status, old.fulfilment_status, old.invoice_status,
                new.payment_status, new.fulfilment_status, new.invoice_status));
    end if;
    if (old.number, old.checkout_id, old.quote_id, old.currency, old.g_minor, old.s_minor, old.m_minor,
            old.c_minor, old.p_minor, old.w_minor, old.n_minor, old.token)
        is distinct from (new.number, new.checkout_id, new.quote_id, new.currency, new.g_minor, new.s_minor,
            new.m_minor, new.c_minor, new.p_minor, new.w_minor, new.n_minor, new.token) then
        perform shop.refuse('orders_amounts_frozen', 'orders',
            format('the amounts of order %s are frozen', old.id));
    end if;
    return new;
end
$$;
grant execute on function shop.payment_rank(text), shop.fulfilment_rank(text), shop.invoice_rank(text),
    shop.guard_order() to cartflux_app, cartflux_platform;
create trigger guard before insert or update on shop.orders for each row execute function shop.guard_order();
select shop.protect('orders', 'select, insert, update', true);

create table shop.order_line (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    order_id uuid not null,
    position smallint not null,
    product_id uuid not null,
    supplier_id uuid not null,
    platform_catalogue boolean not null,
    supplier_reference text not null,
    warehouse text not null,
    stock_pool text not null,
    sku text not null,
    title text not null,
    quantity integer not null constraint order_line_quantity check (quantity > 0),
    unit_price_minor bigint not null,
    discount_minor bigint not null,
    vat_bp integer not null,
    unit_cost_minor bigint not null,
    cost_currency text not null,
    g_minor bigint not null, s_minor bigint not null, m_minor bigint not null, c_minor bigint not null,
    p_minor bigint not null,
    primary key (tenant_id, id),
    constraint order_line_position_unique unique (tenant_id, order_id, position),
    constraint order_line_order foreign key (tenant_id, order_id) references shop.orders (tenant_id, id),
    constraint order_line_product foreign key (tenant_id, product_id) references shop.product (tenant_id, id),
    constraint order_line_supplier foreign key (tenant_id, supplier_id)
        references shop.supplier (tenant_id, id)
);
comment on table shop.order_line is 'A line as it was sold, in the words the shopper read. Never updated.';
create index order_line_by_product on shop.order_line (tenant_id, product_id);
select shop.protect('order_line', 'select, insert', true);

create table shop.reservation (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    order_id uuid not null,
    stock_pool text not null,
    reference text not null,
    quantity integer not null constraint reservation_quantity check (quantity > 0),
    state text not null default 'held'
        constraint reservation_state check (state in ('held', 'committed', 'released', 'expired')),
    expires_at timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint reservation_once unique (tenant_id, order_id, stock_pool, reference),
    constraint reservation_order foreign key (tenant_id, order_id) references shop.orders (tenant_id, id)
);
comment on table shop.reservation is
    'Units an unpaid order holds for a while. Taking one moves the shared counter under its row lock, so of '
    'many buyers of the last unit one is served and the others are told before they pay.';
create index reservation_due on shop.reservation (tenant_id, expires_at) where state = 'held';
create trigger touch before update on shop.reservation for each row execute function shop.touch_updated_at();

create function shop.move_reserved_stock() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    if tg_op = 'INSERT' then
        perform shop.check_pool(new.stock_pool);
        update shop.stock_item set reserved = reserved + new.quantity
            where pool = new.stock_pool and reference = new.reference and seen - reserved >= new.quantity;
        if not found then
            perform shop.refuse('reservation_units_available', 'reservation',
                format('not enough units of %s left to reserve %s', new.reference, new.quantity));
        end if;
    elsif (new.stock_pool, new.reference, new.quantity)
            is distinct from (old.stock_pool, old.reference, old.quantity)
        or (old.state <> 'held' and new.state <> old.state) then
        perform shop.refuse('reservation_final', 'reservation',
            format('reservation %s is %s and cannot become %s', old.id, old.state, new.state));
    elsif new.state <> old.state then
        -- A committed unit left the supplier's shelf; the supplier's next report says the same.
        update shop.stock_item set reserved = reserved - old.quantity,
            seen = case when new.state = 'committed' then greatest(seen - old.quantity, 0) else seen end
            where pool = old.stock_pool and reference = old.reference;
    end if;
    return null;
end
$$;
-- After, not before: a repeated insert that ends in ON CONFLICT DO NOTHING must not move the counter.
create trigger move_stock after insert or update on shop.reservation
    for each row execute function shop.move_reserved_stock();
select shop.protect('reservation', 'select, insert, update', true);

reset role;
