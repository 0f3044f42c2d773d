-- The API for programs: what was answered to which request, so that a request that is sent twice is done
-- once, whichever process it meets.
--
-- An answer is written in the transaction that does the work, so there is never one without the other. That
-- somebody is at work on a key is told by an advisory lock of that transaction and not by a row: it is gone
-- with the connection, so a process that dies leaves nothing behind that would have to be judged stale.
set local role cartflux_owner;

create table shop.api_answer (
    tenant_id uuid not null references shop.store,
    principal text not null constraint api_answer_principal check (length(principal) between 1 and 80),
    key text not null constraint api_answer_key check (length(key) between 1 and 255),
    fingerprint bytea not null constraint api_answer_fingerprint check (octet_length(fingerprint) = 32),
    status smallint not null constraint api_answer_status check (status between 200 and 299),
    location text constraint api_answer_location check (length(location) <= 2000),
    key_id text not null constraint api_answer_key_id check (length(key_id) between 1 and 100),
    sealed bytea not null constraint api_answer_size check (octet_length(sealed) <= 262144),
    answered_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (tenant_id, principal, key),
    constraint api_answer_expiry check (expires_at > answered_at)
);
comment on table shop.api_answer is
    'What a request with an Idempotency-Key was answered. Only what was done has a row: a refused request '
    'changed nothing and is judged anew.';
comment on column shop.api_answer.principal is
    'Whose key it is: `key:<id>` and `user:<id>` for merchants'' programs, `shop` for a shop''s visitors.';
comment on column shop.api_answer.fingerprint is 'SHA-256 of method, path and body.';
comment on column shop.api_answer.sealed is
    'The body, sealed with the credentials'' key `key_id`: an answer can hold a secret that is told once.';
create index api_answer_expired on shop.api_answer (expires_at);
create policy forgetting on shop.api_answer for delete to cartflux_owner using (true);
create policy finding on shop.api_answer for select to cartflux_owner using (true);
select shop.protect('api_answer', 'select, insert, update');

-- Drops what has expired, at most `in_limit` answers at a time.
create function shop.forget_api_answers(in_now timestamptz, in_limit integer) returns integer
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    gone integer;
begin
    delete from shop.api_answer a using (
        select tenant_id, principal, key from shop.api_answer where expires_at <= in_now
        order by expires_at limit in_limit) old
    where a.tenant_id = old.tenant_id and a.principal = old.principal and a.key = old.key;
    get diagnostics gone = row_count;
    return gone;
end
$$;
grant execute on function shop.forget_api_answers(timestamptz, integer) to cartflux_platform;

-- Which key it was, so that what it did can be written down under its name.
drop function shop.use_api_key(bytea, timestamptz);
create function shop.use_api_key(in_hash bytea, in_now timestamptz)
    returns table (tenant uuid, scopes text[], key uuid)
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    update shop.api_key k set last_used_at = in_now where k.token_hash = in_hash and k.revoked_at is null
        and (k.last_used_at is null or k.last_used_at < in_now - interval '1 minute');
    return query select k.tenant_id, k.scopes, k.id from shop.api_key k
        where k.token_hash = in_hash and k.revoked_at is null;
end
$$;
grant execute on function shop.use_api_key(bytea, timestamptz) to cartflux_app;

-- Pages of a store's lists begin where the one before ended.
create index product_pages on shop.product (tenant_id, created_at desc, id desc);
create index refund_pages on shop.refund (tenant_id, created_at desc, id desc);

reset role;
