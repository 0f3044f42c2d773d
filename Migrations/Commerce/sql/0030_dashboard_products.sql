-- What merchants see of their products, suppliers and coupons afterwards: lists that open at once however
-- many products a store has, and the rule by which a store makes prices.
set local role cartflux_owner;

create index product_paused on shop.product (tenant_id, created_at desc, id desc) where status = 'paused';
create index product_unsafe on shop.product (tenant_id, created_at desc, id desc)
    where coalesce(safety ->> 'manufacturer', '') = '' or coalesce(safety ->> 'contact', '') = '';

create table shop.price_rule (
    tenant_id uuid not null references shop.store,
    multiplier_bp integer not null
        constraint price_rule_multiplier check (multiplier_bp between 0 and 100000),
    fixed_minor bigint not null constraint price_rule_fixed check (fixed_minor between 0 and 10000000),
    ending text not null
        constraint price_rule_ending check (ending in ('any', '00', '90', '95', '99')),
    minimum_margin_bp integer not null
        constraint price_rule_minimum_margin check (minimum_margin_bp between 0 and 8000),
    updated_at timestamptz not null default now(),
    primary key (tenant_id)
);
comment on table shop.price_rule is
    'How a store makes a price of a cost: multiplier_bp of the cost and fixed_minor on top, at least what '
    'leaves minimum_margin_bp of the price, up to the next price that ends in `ending`. It suggests; no '
    'price follows it by itself. No row: three tenths stay with the merchant.';
create trigger touch before update on shop.price_rule for each row
    execute function shop.touch_updated_at();
select shop.protect('price_rule', 'select, insert, update, delete');

alter table shop.coupon add column created_at timestamptz not null default now();
create index coupon_newest on shop.coupon (tenant_id, created_at desc, id desc);

reset role;
