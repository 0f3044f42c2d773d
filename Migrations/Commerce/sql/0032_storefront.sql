-- What a shop's shelf needs beside its products: the branches they are filed under, the words they are found
-- by, and the addresses they once had. All three follow from the product by triggers, so that no way of
-- putting something on the shelf can leave them out.
set local role cartflux_owner;

-- Letters without their marks, small: what a shopper types is compared with what a merchant wrote. The
-- letters are replaced before lower(), which in a database of the C locale knows ASCII only.
create function shop.fold(in_text text) returns text language sql immutable parallel safe as
$$
    select lower(translate(replace(replace(in_text, 'ß', 'ss'), 'ẞ', 'ss'),
        'ăâîșşțţäöüáàãåéèêëíìïóòôúùûñçĂÂÎȘŞȚŢÄÖÜÁÀÃÅÉÈÊËÍÌÏÓÒÔÚÙÛÑÇ',
        'aaissttaouaaaaeeeeiiiooouuuncAAISSTTAOUAAAAEEEEIIIOOOUUUNC'))
$$;

-- What is left when only letters and digits count: words with a space between them.
create function shop.plain_words(in_text text) returns text language sql immutable parallel safe as
$$ select btrim(regexp_replace(shop.fold(in_text), '[^a-z0-9]+', ' ', 'g')) $$;

create function shop.text_config(in_language text) returns regconfig language sql immutable parallel safe as
$$
    select case in_language when 'ro' then 'pg_catalog.romanian'::regconfig
        when 'de' then 'pg_catalog.german'::regconfig when 'es' then 'pg_catalog.spanish'::regconfig
        else 'pg_catalog.english'::regconfig end
$$;
grant execute on function shop.fold(text), shop.plain_words(text), shop.text_config(text)
    to cartflux_app, cartflux_platform;

-- Branches ----------------------------------------------------------------------------------------------

create table shop.category (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    slug text not null constraint category_slug_form
        check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(slug) <= 80),
    names jsonb not null
        constraint category_names check (jsonb_typeof(names) = 'object' and names <> '{}'),
    source text constraint category_source check (length(source) between 1 and 300),
    created_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint category_slug_unique unique (tenant_id, slug),
    constraint category_source_unique unique (tenant_id, source)
);
comment on table shop.category is
    'A branch of a store''s shelf, by language. It appears with the first product that belongs to it.';
comment on column shop.category.source is
    'The supplier''s branch that it was made from: platform:CODE:REFERENCE, or own:NAME for a merchant''s '
    'feed. Null for one that the merchant made.';

alter table shop.product
    add column category_id uuid,
    add column first_published_at timestamptz,
    add constraint product_category foreign key (tenant_id, category_id)
        references shop.category (tenant_id, id);
comment on column shop.product.first_published_at is
    'Since when the product has an address that others may link to. A draft that has one was taken away: its '
    'page answers 410, and not 404.';
create index product_by_category on shop.product (tenant_id, category_id, created_at desc, id desc)
    where status = 'published';
create index product_by_price on shop.product (tenant_id, price_minor, id) where status = 'published';

-- Files a product under its supplier's branch, unless somebody has filed it already.
create function shop.file_product() returns trigger language plpgsql as
$$
declare
    origin text;
    called jsonb;
    base text;
begin
    select left('platform:' || c.supplier || ':' || c.reference, 300), c.names into origin, called
        from shop.supplier s
        join shop.catalogue_item i on i.supplier = s.platform_code and i.reference = new.supplier_reference
        join shop.catalogue_category c on c.supplier = i.supplier and c.reference = i.category
        where s.tenant_id = new.tenant_id and s.id = new.supplier_id;
    if origin is null then
        select left('own:' || shop.plain_words(i.category), 300),
            jsonb_build_object(t.languages[1], left(btrim(i.category), 120)) into origin, called
        from shop.supplier_item i join shop.store t on t.tenant_id = i.tenant_id
        where i.tenant_id = new.tenant_id and i.supplier_id = new.supplier_id
            and i.reference = new.supplier_reference and shop.plain_words(i.category) <> '';
    end if;
    if origin is null or called = '{}' then return new; end if;
    select id into new.category_id from shop.category
        where tenant_id = new.tenant_id and source = origin;
    if found then return new; end if;
    base := coalesce(nullif(rtrim(left(replace(shop.plain_words(coalesce(called ->> 'en',
        (select n.value from jsonb_each_text(called) n order by n.key limit 1))), ' ', '-'), 60), '-'), ''),
        'category');
    if exists (select from shop.category where tenant_id = new.tenant_id and slug = base) then
        base := base || '-' || left(md5(origin), 8);
    end if;
    -- Where another transaction makes the same branch at this moment, this one waits and takes that.
    insert into shop.category (tenant_id, id, slug, names, source)
        values (new.tenant_id, gen_random_uuid(), base, called, origin) on conflict do nothing;
    select id into new.category_id from shop.category
        where tenant_id = new.tenant_id and source = origin;
    return new;
end
$$;
create function shop.note_first_publication() returns trigger language plpgsql as
$$
begin
    new.first_published_at := now();
    return new;
end
$$;
grant execute on function shop.file_product(), shop.note_first_publication()
    to cartflux_app, cartflux_platform;
create trigger file_product before insert or update of supplier_id, supplier_reference, status, title
    on shop.product for each row when (new.category_id is null) execute function shop.file_product();
create trigger first_publication before insert or update of status on shop.product for each row
    when (new.status = 'published' and new.first_published_at is null)
    execute function shop.note_first_publication();

-- Addresses ---------------------------------------------------------------------------------------------

create table shop.product_slug (
    tenant_id uuid not null references shop.store,
    slug text not null constraint product_slug_former check (length(slug) between 1 and 120),
    product_id uuid not null,
    replaced_at timestamptz not null default now(),
    primary key (tenant_id, slug),
    constraint product_slug_product foreign key (tenant_id, product_id)
        references shop.product (tenant_id, id)
);
comment on table shop.product_slug is
    'Names that a product had in its address before: old links lead to the new one.';
select shop.protect('product_slug', 'select, insert, update, delete');

create function shop.keep_slug() returns trigger language plpgsql as
$$
begin
    delete from shop.product_slug where tenant_id = new.tenant_id and slug = new.slug;
    insert into shop.product_slug (tenant_id, slug, product_id) values (new.tenant_id, old.slug, new.id)
    on conflict (tenant_id, slug) do update set product_id = excluded.product_id, replaced_at = now();
    return null;
end
$$;
grant execute on function shop.keep_slug() to cartflux_app, cartflux_platform;
create trigger keep_slug after update of slug on shop.product for each row
    when (old.slug <> new.slug) execute function shop.keep_slug();

-- Words -------------------------------------------------------------------------------------------------

create table shop.product_words (
    tenant_id uuid not null references shop.store,
    product_id uuid not null,
    language text not null constraint product_words_language check (language in ('ro', 'en', 'de', 'es')),
    words tsvector not null,
    primary key (tenant_id, product_id, language),
    constraint product_words_product foreign key (tenant_id, product_id)
        references shop.product (tenant_id, id)
);
comment on table shop.product_words is
    'What a product is found by, in each language it has words in: its title and SKU as written, the stems '
    'of its title, and its description. The store is a word too, so that one index serves every store.';
create index product_words_search on shop.product_words using gin (words);

create function shop.product_vector(in_tenant uuid, in_language text, in_title text, in_sku text,
    in_description text) returns tsvector language sql immutable parallel safe as
$$
    select array_to_tsvector(array['~' || in_tenant])
        || setweight(to_tsvector('pg_catalog.simple', shop.plain_words(in_title || ' ' || in_sku)), 'A')
        || setweight(to_tsvector(shop.text_config(in_language), shop.plain_words(in_title)), 'B')
        || setweight(to_tsvector('pg_catalog.simple',
            shop.plain_words(left(coalesce(in_description, ''), 4000))), 'D')
$$;

create function shop.index_product() returns trigger language plpgsql as
$$
begin
    delete from shop.product_words where tenant_id = new.tenant_id and product_id = new.id;
    insert into shop.product_words (tenant_id, product_id, language, words)
        select new.tenant_id, new.id, t.key,
            shop.product_vector(new.tenant_id, t.key, t.value, new.sku, new.description ->> t.key)
        from jsonb_each_text(new.title) t where t.key in ('ro', 'en', 'de', 'es');
    return null;
end
$$;
grant execute on function shop.product_vector(uuid, text, text, text, text), shop.index_product()
    to cartflux_app, cartflux_platform;
create trigger index_new after insert on shop.product for each row execute function shop.index_product();
create trigger index_change after update of title, description, sku on shop.product for each row
    when ((old.title, old.description, old.sku) is distinct from (new.title, new.description, new.sku))
    execute function shop.index_product();

-- The products of this store that have every word of the question, those in the asked language first. It
-- runs as the owner because row security keeps the application's own queries from the index: only
-- conditions that cannot leak may be tested before the policy, and a text search is none of them.
create policy searching on shop.product_words for select to cartflux_owner using (true);
create function shop.search_products(in_language text, in_question text, in_limit integer)
    returns table (product_id uuid, rank real)
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp
    set client_min_messages = 'warning' as
$$
declare
    config regconfig := shop.text_config(in_language);
    store uuid := shop.this_tenant();
    telling tsquery;
    every tsquery;
    stem tsquery;
    one text;
    begun text;
begin
    foreach one in array
        (string_to_array(shop.plain_words(left(in_question, 100)), ' '))[1:8]
    loop
        continue when one = '';
        -- One letter or two begin too many words of all stores.
        begun := case when length(one) < 3 then one else one || ':*' end;
        stem := plainto_tsquery(config, one);
        every := coalesce(every && to_tsquery('simple', begun), to_tsquery('simple', begun));
        -- "The" and "und" say nothing, unless there is nothing else.
        continue when numnode(stem) = 0;
        telling := coalesce(telling && (to_tsquery('simple', begun) || stem),
            to_tsquery('simple', begun) || stem);
    end loop;
    telling := coalesce(telling, every);
    if telling is null or store is null then return; end if;
    return query
        select w.product_id,
            max(ts_rank(w.words, telling) * case when w.language = in_language then 2 else 1 end)::real
        from (
            -- A word that half of a large shelf has is not worth weighing each of them.
            select * from shop.product_words c
            where c.words @@ (format('''~%s''', store)::tsquery && telling) and c.tenant_id = store
            limit 5000) w
        group by w.product_id order by 2 desc, 1 limit least(in_limit, 1000);
end
$$;
grant execute on function shop.search_products(text, text, integer) to cartflux_app;

-- What is on the shelves already. The owner is bound by row security too, hence the policies.
create policy backfill on shop.product for all to cartflux_owner using (true);
create policy backfill on shop.supplier for select to cartflux_owner using (true);
create policy backfill on shop.supplier_item for select to cartflux_owner using (true);
insert into shop.product_words (tenant_id, product_id, language, words)
    select p.tenant_id, p.id, t.key,
        shop.product_vector(p.tenant_id, t.key, t.value, p.sku, p.description ->> t.key)
    from shop.product p, jsonb_each_text(p.title) t where t.key in ('ro', 'en', 'de', 'es');
update shop.product set first_published_at = created_at where status <> 'draft';
update shop.product set supplier_reference = supplier_reference;
drop policy backfill on shop.product;
drop policy backfill on shop.supplier;
drop policy backfill on shop.supplier_item;
select shop.protect('category', 'select, insert, update, delete', true);
select shop.protect('product_words', 'select, insert, update, delete');

reset role;
