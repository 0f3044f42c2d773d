-- What a store sells. A product here is one thing that can be bought: one SKU, one price, one stock. Sizes
-- and colours of the same thing are products of one family.
set local role cartflux_owner;

create table shop.product (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    slug text not null constraint product_slug_form check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'
        and length(slug) <= 120),
    sku text not null,
    family text,
    supplier_id uuid not null,
    supplier_reference text not null,
    warehouse text not null default 'main',
    stock_pool text not null,
    cost_minor bigint not null constraint product_cost check (cost_minor >= 0),
    cost_currency text not null constraint product_cost_currency check (cost_currency ~ '^[A-Z]{3}$'),
    price_minor bigint not null constraint product_price check (price_minor > 0),
    currency text not null,
    vat_bp integer not null constraint product_vat check (vat_bp between 0 and 10000),
    title jsonb not null constraint product_title check (jsonb_typeof(title) = 'object' and title <> '{}'),
    description jsonb not null default '{}',
    image_url text,
    status text not null default 'draft'
        constraint product_status check (status in ('draft', 'published', 'paused')),
    paused_reason text,
    safety jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint product_slug_unique unique (tenant_id, slug),
    constraint product_sku_unique unique (tenant_id, sku),
    constraint product_supplier foreign key (tenant_id, supplier_id) references shop.supplier (tenant_id, id),
    constraint product_paused_says_why check ((status = 'paused') = (paused_reason is not null))
);
comment on table shop.product is
    'What can be bought: our SKU and the supplier''s reference, the cost as the supplier charges it, the '
    'price VAT included, the words in up to four languages, and the safety data the law wants beside the '
    'offer.';
create index product_shelf on shop.product (tenant_id, created_at desc, id desc) where status = 'published';
create index product_by_supplier on shop.product (tenant_id, supplier_id);
create index product_by_reference on shop.product (tenant_id, stock_pool, supplier_reference);
create trigger touch before update on shop.product for each row execute function shop.touch_updated_at();
select shop.protect('product', 'select, insert, update', true);

create table shop.coupon (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    code text not null
        constraint coupon_code_form check (code = upper(code) and length(code) between 1 and 40),
    percent_bp integer not null constraint coupon_percent check (percent_bp between 1 and 10000),
    active boolean not null default true,
    valid_until timestamptz,
    primary key (tenant_id, id),
    constraint coupon_code_unique unique (tenant_id, code)
);
comment on table shop.coupon is
    'A percentage off the goods. What it does to the margin is the guard''s business, at every quote.';
select shop.protect('coupon', 'select, insert, update');

reset role;
