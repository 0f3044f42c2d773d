-- From basket to promise: the cart changes freely, the quote is frozen, a checkout accepts one quote once.
set local role cartflux_owner;

create table shop.cart (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    token text not null,
    currency text not null,
    locale text not null,
    country text not null,
    coupon_code text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint cart_token_unique unique (tenant_id, token)
);
comment on table shop.cart is 'A shopper''s basket, found by the unguessable token in their cookie.';
create index cart_by_age on shop.cart (tenant_id, updated_at);
create trigger touch before update on shop.cart for each row execute function shop.touch_updated_at();
select shop.protect('cart', 'select, insert, update, delete');

create table shop.cart_line (
    tenant_id uuid not null references shop.store,
    cart_id uuid not null,
    product_id uuid not null,
    quantity integer not null constraint cart_line_quantity check (quantity between 1 and 99),
    seen_price_minor bigint not null,
    added_at timestamptz not null default now(),
    primary key (tenant_id, cart_id, product_id),
    constraint cart_line_cart foreign key (tenant_id, cart_id)
        references shop.cart (tenant_id, id) on delete cascade,
    constraint cart_line_product foreign key (tenant_id, product_id) references shop.product (tenant_id, id)
);
comment on table shop.cart_line is 'One product in a basket, with the price the shopper saw when adding it.';
create index cart_line_by_product on shop.cart_line (tenant_id, product_id);
select shop.protect('cart_line', 'select, insert, update, delete');

create table shop.quote (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    cart_id uuid,
    plan text not null references shop.plan (code),
    currency text not null,
    country text not null,
    locale text not null,
    coupon_code text,
    discount_bp integer not null,
    terms_currency text not null,
    unit_markup_minor bigint not null,
    commission_bp integer not null,
    processing_bearer text not null,
    processing_bp integer not null,
    processing_fixed_minor bigint not null,
    fx_base text not null,
    fx_scaled bigint not null constraint quote_rate check (fx_scaled > 0),
    goods_minor bigint not null,
    discount_minor bigint not null,
    shipping_minor bigint not null,
    g_minor bigint not null, s_minor bigint not null, m_minor bigint not null, c_minor bigint not null,
    p_minor bigint not null, w_minor bigint not null, n_minor bigint not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (tenant_id, id),
    constraint quote_cart foreign key (tenant_id, cart_id)
        references shop.cart (tenant_id, id) on delete set null (cart_id),
    constraint quote_adds_up check (
        g_minor = goods_minor - discount_minor + shipping_minor
        and w_minor = s_minor + m_minor + c_minor + p_minor and n_minor = g_minor - w_minor),
    constraint quote_margin_not_negative check (n_minor >= 0),
    constraint quote_total_positive check (g_minor > 0)
);
comment on table shop.quote is
    'Terms, rates, costs and totals as they were for fifteen minutes. Nothing but cart_id is ever updated, '
    'and that only when an old cart is swept; a later change of plan or price never reaches it.';
create index quote_by_cart on shop.quote (tenant_id, cart_id);
select shop.protect('quote', 'select, insert', true);

create table shop.quote_line (
    tenant_id uuid not null references shop.store,
    quote_id uuid not null,
    position smallint not null,
    product_id uuid not null,
    supplier_id uuid not null,
    platform_catalogue boolean not null,
    supplier_reference text not null,
    warehouse text not null,
    stock_pool text not null,
    sku text not null,
    title text not null,
    quantity integer not null constraint quote_line_quantity check (quantity between 1 and 99),
    unit_price_minor bigint not null,
    discount_minor bigint not null,
    vat_bp integer not null,
    unit_cost_minor bigint not null,
    cost_currency text not null,
    g_minor bigint not null, s_minor bigint not null, m_minor bigint not null, c_minor bigint not null,
    p_minor bigint not null,
    primary key (tenant_id, quote_id, position),
    constraint quote_line_quote foreign key (tenant_id, quote_id) references shop.quote (tenant_id, id),
    constraint quote_line_product foreign key (tenant_id, product_id) references shop.product (tenant_id, id),
    constraint quote_line_supplier foreign key (tenant_id, supplier_id)
        references shop.supplier (tenant_id, id),
    constraint quote_line_adds_up check (g_minor = quantity * unit_price_minor - discount_minor)
);
comment on table shop.quote_line is
    'One product of a quote with its own share of G, S, M, C and P, so that a refund of it is exact.';
create index quote_line_by_product on shop.quote_line (tenant_id, product_id);
select shop.protect('quote_line', 'select, insert', true);

create table shop.quote_shipment (
    tenant_id uuid not null references shop.store,
    quote_id uuid not null,
    position smallint not null,
    supplier_id uuid not null,
    warehouse text not null,
    shipping_cost_minor bigint not null,
    expected_cost_minor bigint not null,
    cost_currency text not null,
    g_minor bigint not null, s_minor bigint not null, m_minor bigint not null, c_minor bigint not null,
    p_minor bigint not null,
    primary key (tenant_id, quote_id, supplier_id, warehouse),
    constraint quote_shipment_quote foreign key (tenant_id, quote_id) references shop.quote (tenant_id, id),
    constraint quote_shipment_supplier foreign key (tenant_id, supplier_id)
        references shop.supplier (tenant_id, id)
);
comment on table shop.quote_shipment is
    'One supplier''s parcel from one warehouse: what its shipping costs, what the shopper pays for it, and '
    'what the supplier is expected to charge in all (goods included), against which a later bill is held.';
select shop.protect('quote_shipment', 'select, insert', true);

create table shop.checkout (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    token text not null,
    quote_id uuid not null,
    email text not null,
    phone text not null,
    address jsonb not null,
    locale text not null,
    seen_total_minor bigint not null,
    currency text not null,
    run_id uuid,
    outcome text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint checkout_token_unique unique (tenant_id, token),
    constraint checkout_quote_once unique (tenant_id, quote_id),
    constraint checkout_quote foreign key (tenant_id, quote_id) references shop.quote (tenant_id, id)
);
comment on table shop.checkout is
    'A shopper said yes to one quote. Unique on it, so a double click or a second tab is the same checkout.';
create trigger touch before update on shop.checkout for each row execute function shop.touch_updated_at();
select shop.protect('checkout', 'select, insert, update', true);

reset role;
