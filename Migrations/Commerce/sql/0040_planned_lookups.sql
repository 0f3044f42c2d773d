-- Look-ups of every request, with plans that a session keeps. A function in plain SQL that runs as its owner
-- cannot be inlined, and is planned anew each time it is called: three times what the look-up itself costs.
set local role cartflux_owner;

create or replace function shop.tenant_of_host(in_host text) returns uuid
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp as
$$
begin
    return (select h.tenant_id from shop.store_host h
        where h.host = lower(in_host) and h.verified_at is not null and not exists (
            select from shop.store_pause p where p.tenant_id = h.tenant_id and p.status_before = 'draft'));
end
$$;

create or replace function shop.tenant_of_slug(in_slug text) returns uuid
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp as
$$
begin
    return (select tenant_id from shop.store where slug = in_slug);
end
$$;

create or replace function shop.account_of_session(in_hash bytea) returns uuid
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp as
$$
begin
    return (select tenant_id from shop.account_session where token_hash = in_hash);
end
$$;

create or replace function shop.tenant_of_api_key(in_hash bytea) returns uuid
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp as
$$
begin
    return (select tenant_id from shop.api_key where token_hash = in_hash and revoked_at is null);
end
$$;

create or replace function shop.tenant_of_payment_intent(in_intent text) returns uuid
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp as
$$
begin
    return (select tenant_id from shop.payment where payment_intent = in_intent);
end
$$;

create or replace function shop.tenant_of_charge(in_charge text) returns uuid
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp as
$$
begin
    return (select tenant_id from shop.payment where charge = in_charge);
end
$$;

create or replace function shop.tenant_of_stripe_account(in_account text) returns uuid
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp as
$$
begin
    return (select tenant_id from shop.store where stripe_account = in_account);
end
$$;

create or replace function shop.stores_of_member(in_user uuid) returns table (tenant uuid, role text)
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp as
$$
#variable_conflict use_column
begin
    return query
        select m.tenant_id, m.role from shop.store_member m join shop.store s using (tenant_id)
        where m.user_id = in_user order by s.created_at, s.tenant_id;
end
$$;

-- One account's billing account ---------------------------------------------------------------------------

-- Looked up and opened by its person, not by going through all stores: a condition that holds for one person
-- or for all is planned for all, and a month of n accounts read n times n stores.
create or replace function shop.open_billing_account() returns uuid
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    person uuid;
    home uuid;
begin
    select owner_id into person from shop.store where tenant_id = shop.this_tenant();
    select tenant_id into home from shop.billing_account where account_id = person;
    if home is not null or person is null then return home; end if;
    insert into shop.billing_account (tenant_id, account_id, name, country)
        select s.tenant_id, s.owner_id, left(s.name, 200), s.country from shop.store s
        where s.owner_id = person order by s.created_at, s.tenant_id limit 1
    on conflict do nothing;
    select tenant_id into home from shop.billing_account where account_id = person;
    return home;
end
$$;

-- Those of everybody who has a store and none yet, before a month is cut.
drop function shop.open_billing_accounts(uuid);
create function shop.open_billing_accounts() returns void
    language sql security definer set search_path = pg_catalog, pg_temp as
$$
    insert into shop.billing_account (tenant_id, account_id, name, country)
        select distinct on (s.owner_id) s.tenant_id, s.owner_id, left(s.name, 200), s.country
        from shop.store s
        where not exists (select from shop.billing_account b where b.account_id = s.owner_id)
        order by s.owner_id, s.created_at, s.tenant_id
    on conflict do nothing
$$;
revoke all on function shop.open_billing_accounts() from public;

reset role;
grant execute on function engine.keep_step to cartflux_app;
