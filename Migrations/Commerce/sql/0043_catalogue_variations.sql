-- Some articles of the platform's suppliers come in sizes and colours. What is sold are these variations,
-- each an article of its own in the product's family; the product itself is kept beside them, because its
-- words, its pictures and its safety are told of it and not of them, and it is never sold. What tells
-- variations apart is told by lists of its own, in pages that agree with no other list: so it is kept until
-- all of them are read.
set local role cartflux_owner;

alter table shop.catalogue_item
    add column is_varied boolean not null default false,
    add column options jsonb
        constraint catalogue_item_options check (jsonb_typeof(options) = 'array'),
    add constraint catalogue_item_varied check (not is_varied or (not is_active and family is null));
comment on column shop.catalogue_item.family is
    'The supplier''s number of the product that this is a variation of; null where it is none. A '
    'variation''s own number begins with a v, since suppliers number them apart.';
comment on column shop.catalogue_item.is_varied is
    'Offered, and in variations only: they are sold, this is not.';
comment on column shop.catalogue_item.options is
    'The attributes that tell a variation from the others of its family; null where the supplier''s lists do '
    'not tell them, or not any more, and then it is not sold.';
create index catalogue_item_family on shop.catalogue_item (supplier, family) where family is not null;

create table shop.catalogue_attribute_group (
    supplier text not null references shop.platform_supplier (code),
    reference text not null,
    trait text not null constraint catalogue_attribute_group_trait check (length(trait) between 1 and 80),
    primary key (supplier, reference)
);
comment on table shop.catalogue_attribute_group is
    'What a platform supplier''s attributes are about: color, size, or the supplier''s own word. The '
    'platform''s business alone.';

create table shop.catalogue_attribute (
    supplier text not null references shop.platform_supplier (code),
    reference text not null,
    attribute_group text not null,
    names jsonb not null constraint catalogue_attribute_names check (jsonb_typeof(names) = 'object'),
    primary key (supplier, reference)
);
comment on table shop.catalogue_attribute is
    'The values that variations of a platform supplier differ in, by language. The group need not be known: '
    'it is told by another list. The platform''s business alone.';

grant select, insert, update on shop.catalogue_attribute_group, shop.catalogue_attribute
    to cartflux_platform;

reset role;
