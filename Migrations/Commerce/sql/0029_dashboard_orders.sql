-- What merchants look for among their orders: a page of a view, everything of one shopper, and what was
-- written about an order.
set local role cartflux_owner;

-- An index on lower(email) cannot be used below row security, because lower() may tell what it was given; a
-- column can.
alter table shop.orders add column email_key text generated always as (lower(email)) stored;
comment on column shop.orders.email_key is
    'The shopper''s address as shoppers are told apart by it. Follows email, also when that is erased.';
create index orders_of_shopper on shop.orders (tenant_id, email_key, placed_at desc, id desc);

-- Views that few of a store's orders are in, each in the order of its pages. Their conditions are those of
-- StoreOrders.View.
create index orders_to_forward on shop.orders (tenant_id, placed_at desc, id desc)
    where paid_at is not null and fulfilment_status in ('unfulfilled', 'forwarding', 'on_hold')
        and payment_status <> 'refunded';
create index orders_refunded on shop.orders (tenant_id, placed_at desc, id desc)
    where payment_status in ('partially_refunded', 'refunded');
create index orders_disputed on shop.orders (tenant_id, placed_at desc, id desc) where disputed;
-- The day's takings on a store's first page.
create index orders_paid on shop.orders (tenant_id, paid_at desc) where paid_at is not null;

create index email_about_order on shop.email (tenant_id, order_id) where order_id is not null;

reset role;
