-- How much is in one piece of an article, for the price per kilogram, litre, metre or square metre that
-- stands beside its price (Directive 98/6/EC, article 3). A merchant's feed tells it, or the merchant writes
-- it down; without it no price per unit is shown.
set local role cartflux_owner;

alter table shop.supplier_item
    add column content_millionths bigint,
    add column content_unit text,
    add constraint supplier_item_content check (
        (content_millionths is null) = (content_unit is null)
        and content_millionths between 1 and 1000000000000 and content_unit in ('kg', 'l', 'm', 'm2'));
comment on column shop.supplier_item.content_millionths is
    'What one piece holds, in millionths of content_unit. Null where the feed does not tell, and for what is '
    'sold by the piece.';

alter table shop.product
    add column content_millionths bigint,
    add column content_unit text,
    add constraint product_content check (
        (content_millionths is null) = (content_unit is null)
        and content_millionths between 1 and 1000000000000 and content_unit in ('kg', 'l', 'm', 'm2'));
comment on column shop.product.content_millionths is
    'What one piece holds, in millionths of content_unit: the price per unit follows from it.';

-- The pages that were made with another price per unit are not to be sent again.
create trigger note_shelf_content after update of content_millionths, content_unit on shop.product
    for each row when ((old.status <> 'draft' or new.status <> 'draft')
        and (old.content_millionths, old.content_unit)
            is distinct from (new.content_millionths, new.content_unit))
    execute function shop.note_shelf_change();

reset role;
