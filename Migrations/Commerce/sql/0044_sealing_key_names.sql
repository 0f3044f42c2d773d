-- Every process asks at its start under which keys something is sealed, and needs their names alone. Counting
-- every sealed row for that grew with the answers of the API; with an index on the name each key costs one
-- look into each table, however much there is. `sealing_keys` still counts, for the command that shows it.
set local role cartflux_owner;

create index vendor_credential_key on shop.vendor_credential (key_id);
create index personal_data_request_key on shop.personal_data_request (contact_key) where contact is not null;
create index personal_data_document_key on shop.personal_data_document (key_id);
create index api_answer_sealed_by on shop.api_answer (key_id);

-- From one name to the next, across everything that `sealed_row` lists; of administrators there are few.
create function shop.sealing_key_names() returns table (key_id text)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    with recursive names as (
        select '' as name
        union all
        select least(
            (select min(c.key_id) from shop.vendor_credential c where c.key_id > n.name),
            (select min(r.contact_key) from shop.personal_data_request r
                where r.contact is not null and r.contact_key > n.name),
            (select min(d.key_id) from shop.personal_data_document d where d.key_id > n.name),
            (select min(a.key_id) from shop.api_answer a where a.key_id > n.name),
            (select min(o.totp_key_id) from shop.admin o where o.totp_key_id > n.name))
        from names n where n.name is not null
    )
    select name from names where name <> ''
$$;
revoke all on function shop.sealing_key_names() from public;
grant execute on function shop.sealing_key_names() to cartflux_platform;

reset role;
