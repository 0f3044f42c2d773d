-- What the law wants beside an offer is told by the platform's suppliers article by article, one call in five
-- seconds: so it is asked for apart from the lists, a part of the catalogue in each pull. What is still
-- missing is written beside what was told, because merchants read it, and the judgement is made in one place.
set local role cartflux_owner;

alter table shop.catalogue_sync drop constraint catalogue_sync_kind;
alter table shop.catalogue_sync add constraint catalogue_sync_kind
    check (kind in ('full', 'stock', 'prices', 'safety'));

alter table shop.catalogue_item
    add column safety_missing text[] not null default '{manufacturer,address,contact}'
        constraint catalogue_item_safety_missing check (
            safety_missing <@ array['manufacturer', 'address', 'contact', 'responsible_person']),
    add column safety_before jsonb not null default '{}'
        constraint catalogue_item_safety_before check (jsonb_typeof(safety_before) = 'object'),
    add column safety_asked_at timestamptz,
    add constraint catalogue_item_safety check (jsonb_typeof(safety) = 'object');
comment on column shop.catalogue_item.safety_missing is
    'What the law wants beside an offer and the supplier has not told; empty where the article may be '
    'listed.';
comment on column shop.catalogue_item.safety_before is
    'What the supplier told before it told what is in safety: a product that still carries it follows, one '
    'in which a merchant wrote something else does not.';
comment on column shop.catalogue_item.safety_checked_at is
    'When the supplier last answered what its product-safety data are; null where it never has.';
comment on column shop.catalogue_item.safety_asked_at is
    'When the supplier was last asked for them, whatever came of it; null puts the article first in the '
    'line.';

update shop.catalogue_item i set safety_missing = array(
    select need from unnest(array['manufacturer', 'address', 'contact']) as need
    where coalesce(i.safety ->> need, '') = '');

drop index shop.catalogue_item_shelf;
create index catalogue_item_shelf on shop.catalogue_item ((cardinality(safety_missing) = 0) desc, reference)
    where is_active;

-- As a product's page shows it, under the names that products store: the maker in one line, and the warnings
-- of each language.
create function shop.safety_facts(in_safety jsonb) returns jsonb language sql immutable
begin atomic
    select jsonb_strip_nulls(jsonb_build_object(
            'manufacturer', nullif(concat_ws(', ', nullif(in_safety ->> 'manufacturer', ''),
                nullif(in_safety ->> 'address', ''), nullif(in_safety ->> 'country', '')), ''),
            'contact', nullif(in_safety ->> 'contact', ''),
            'responsible_person', nullif(in_safety ->> 'responsible_person', '')))
        || coalesce((select jsonb_object_agg(t.key, t.value) from jsonb_each(in_safety) as t
            where starts_with(t.key, 'warnings_')), '{}');
end;
comment on function shop.safety_facts(jsonb) is
    'The product-safety data of an article as the products made of it carry them.';
grant execute on function shop.safety_facts(jsonb) to cartflux_app, cartflux_platform;

reset role;
