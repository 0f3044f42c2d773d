-- What a person may ask of whoever keeps data about them: a copy of it, and that it goes. A shopper is an
-- e-mail address within one store; a user is a person with a room. What the law of accounting keeps (the
-- invoice's own document, numbers and amounts of orders, the ledger) is kept until its time is over, and then
-- goes by itself; everything else that names the person goes at once.
set local role cartflux_owner;

create table shop.personal_data_request (
    tenant_id uuid not null,
    id uuid not null,
    kind text not null constraint personal_data_request_kind check (kind in ('export', 'erasure')),
    about text not null constraint personal_data_request_about check (about in ('shopper', 'user')),
    asked_by text not null constraint personal_data_request_asked_by
        check (asked_by in ('person', 'merchant', 'operator')),
    actor text not null constraint personal_data_request_actor check (length(actor) between 1 and 200),
    subject bytea not null constraint personal_data_request_subject check (octet_length(subject) = 32),
    contact bytea,
    contact_key text,
    locale text not null constraint personal_data_request_locale check (locale in ('ro', 'en', 'de', 'es')),
    proof_hash bytea constraint personal_data_request_proof check (octet_length(proof_hash) = 32),
    proof_until timestamptz,
    status text not null constraint personal_data_request_status check (
        status in ('unproven', 'running', 'waiting', 'ready', 'done', 'refused', 'lapsed')),
    holds text[] not null default '{}',
    counts jsonb not null default '{}',
    asked_at timestamptz not null,
    answered_at timestamptz,
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint personal_data_request_proof_once unique (proof_hash),
    constraint personal_data_request_contact_key check ((contact is null) = (contact_key is null))
);
comment on table shop.personal_data_request is
    'Who asked what about a person''s data, and what became of it: the proof that it was answered, kept '
    'without the data. The room is a store''s or a person''s.';
comment on column shop.personal_data_request.subject is
    'A code over the address that only the platform''s key can make: tells requests about one person apart '
    'and gives nobody the address back.';
comment on column shop.personal_data_request.contact is
    'The address, sealed, while it is needed to answer. Emptied with the answer.';
comment on column shop.personal_data_request.holds is
    'Why an erasure waits or was refused, in words that name nobody.';
comment on column shop.personal_data_request.counts is 'How many rows of which table were found or erased.';
-- An erasure that is asked for again while it is under way is the same one.
create unique index personal_data_request_open_once on shop.personal_data_request (tenant_id, subject, kind)
    where status in ('running', 'waiting');
create index personal_data_request_newest on shop.personal_data_request (tenant_id, asked_at desc);
create trigger check_room before insert on shop.personal_data_request for each row
    execute function shop.check_room();
create trigger touch before update on shop.personal_data_request for each row
    execute function shop.touch_updated_at();
select shop.protect('personal_data_request', 'select, insert, update', true);

create table shop.personal_data_document (
    tenant_id uuid not null,
    request_id uuid not null,
    link_id uuid not null,
    link_hash bytea not null constraint personal_data_document_link check (octet_length(link_hash) = 32),
    sealed bytea not null constraint personal_data_document_size
        check (octet_length(sealed) between 1 and 20971520),
    key_id text not null,
    made_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (tenant_id, request_id),
    constraint personal_data_document_link_once unique (link_hash),
    constraint personal_data_document_request foreign key (tenant_id, request_id)
        references shop.personal_data_request (tenant_id, id)
);
comment on table shop.personal_data_document is
    'The copy that a person asked for, sealed, until it expires.';
select shop.protect('personal_data_document', 'select, insert, delete');

-- A person is found by the address.
create index orders_by_shopper on shop.orders (tenant_id, lower(email));
create index checkout_by_shopper on shop.checkout (tenant_id, lower(email));
create index email_by_reader on shop.email (tenant_id, lower(recipient));
create index webhook_inbox_by_tenant on shop.webhook_inbox (resolved_tenant)
    where resolved_tenant is not null;

-- What a vendor told us names the person too. Only events whose work is done lose their payload: of the
-- others it is not known yet what they mean, and the erasure waits for them.
create policy keeping on shop.webhook_inbox for all to cartflux_owner using (true) with check (true);
create function shop.erase_inbox(in_subjects text[], in_words text[]) returns integer
    language sql security definer set search_path = pg_catalog, pg_temp as
$$
    with erased as (
        update shop.webhook_inbox w set payload = '{"erased": true}', problem = null
        where w.state in ('processed', 'failed') and w.payload <> '{"erased": true}'
            and ((w.subject = any(in_subjects)
                    and coalesce(w.resolved_tenant, shop.this_tenant()) = shop.this_tenant())
                or (w.resolved_tenant = shop.this_tenant() and exists (
                    select from unnest(in_words) as word
                    where position(word in lower(w.payload::text)) > 0)))
        returning 1
    )
    select count(*)::integer from erased
$$;

-- News for merchants' programs name nobody, but a parcel's number leads to an address at the carrier.
create policy erasing on shop.webhook_event for update to cartflux_owner using (true) with check (true);
create policy erasing on shop.webhook_attempt for all to cartflux_owner using (true) with check (true);
create function shop.erase_events(in_orders uuid[]) returns integer
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    about text[] := (select coalesce(array_agg('order:' || id), '{}') from unnest(in_orders) as id);
    many integer;
begin
    update shop.webhook_attempt a set answer = '', problem = null from shop.webhook_delivery d
        where a.tenant_id = shop.this_tenant() and d.tenant_id = a.tenant_id and d.id = a.delivery_id
            and d.object = any(about);
    update shop.webhook_event set body = '{"erased": true}'
        where tenant_id = shop.this_tenant() and object = any(about) and body <> '{"erased": true}';
    get diagnostics many = row_count;
    return many;
end
$$;

-- People with a room of their own. -------------------------------------------------------------------------

-- What keeps a person from being forgotten: stores that are still theirs, bills that are not paid, money that
-- is owed to them. Each is a word that the pages explain.
create policy holding on shop.platform_invoice for select to cartflux_owner using (true);
create policy holding on shop.platform_collection for select to cartflux_owner using (true);
create function shop.holds_of_user() returns text[]
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select array_remove(array[
        case when exists (select from shop.store where owner_id = shop.this_tenant() and status <> 'closed')
            then 'store_open' end,
        case when exists (select from shop.platform_invoice i
                join shop.platform_collection c on c.tenant_id = i.tenant_id and c.invoice_id = i.id
                where i.account_id = shop.this_tenant() and c.status = 'due')
            then 'bill_due' end,
        case when coalesce((select sum(c.amount_minor) from shop.affiliate a
                    join shop.affiliate_accrual c on c.affiliate_id = a.id
                    where a.account_id = shop.this_tenant()), 0)
                > coalesce((select sum(p.amount_minor) from shop.affiliate a
                    join shop.affiliate_payout p on p.affiliate_id = a.id
                    where a.account_id = shop.this_tenant() and p.status = 'paid'), 0)
            then 'affiliate_balance' end], null)
$$;

-- Everything that is kept about the person whose room this transaction is in, their stores' papers included.
create function shop.copy_of_user() returns jsonb
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select jsonb_build_object(
        'account', (select to_jsonb(u) - 'password_hash' from shop.app_user u
            where u.id = shop.this_tenant()),
        'sign_ins', (select coalesce(jsonb_agg(jsonb_build_object('created_at', s.created_at,
                'seen_at', s.seen_at, 'ends_at', s.ends_at) order by s.created_at), '[]')
            from shop.account_session s where s.tenant_id = shop.this_tenant()),
        'stores', (select coalesce(jsonb_agg(jsonb_build_object('store', s.slug, 'name', s.name,
                'role', m.role, 'since', m.added_at, 'contact_email', s.contact_email,
                'business', case when s.owner_id = shop.this_tenant()
                    then to_jsonb(i) - 'tenant_id' end) order by m.added_at), '[]')
            from shop.store_member m join shop.store s on s.tenant_id = m.tenant_id
            left join shop.business_identity i on i.tenant_id = m.tenant_id
            where m.user_id = shop.this_tenant()),
        'billing', (select to_jsonb(b) - 'tenant_id' from shop.billing_account b
            where b.account_id = shop.this_tenant()),
        'invoices', (select coalesce(jsonb_agg(jsonb_build_object('series', p.series, 'number', p.number,
                'month', p.month, 'currency', p.currency, 'total_minor', p.total_minor,
                'buyer', p.buyer, 'issued_at', p.issued_at) order by p.issued_at), '[]')
            from shop.platform_invoice p where p.account_id = shop.this_tenant()),
        'affiliate', (select jsonb_build_object('code', a.code, 'since', a.created_at)
            from shop.affiliate a where a.account_id = shop.this_tenant()))
$$;

-- Forgets the person whose room this transaction is in: the row stays, because stores and invoices point to
-- it, and names nobody any more. Nobody can sign in as it again.
create policy ending on shop.account_token for delete to cartflux_owner using (true);
create policy leaving on shop.store_member for delete to cartflux_owner using (role <> 'owner');
create policy closing on shop.business_identity for all to cartflux_owner using (true) with check (true);
create function shop.erase_user() returns jsonb
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    person uuid := shop.this_tenant();
    counts jsonb := '{}';
    many integer;
begin
    if cardinality(shop.holds_of_user()) > 0 then
        perform shop.refuse('app_user_still_held', 'app_user',
            'a person with an open store, a bill or a balance cannot be erased');
    end if;
    delete from shop.account_session where tenant_id = person;
    get diagnostics many = row_count;
    counts := counts || jsonb_build_object('account_session', many);
    delete from shop.account_token where tenant_id = person;
    get diagnostics many = row_count;
    counts := counts || jsonb_build_object('account_token', many);
    delete from shop.store_member where user_id = person and role <> 'owner';
    get diagnostics many = row_count;
    counts := counts || jsonb_build_object('store_member', many);
    -- The imprint of a closed store shows nothing to anybody; who the trader was stands on its invoices.
    delete from shop.business_identity i using shop.store s
        where s.tenant_id = i.tenant_id and s.owner_id = person;
    get diagnostics many = row_count;
    counts := counts || jsonb_build_object('business_identity', many);
    update shop.store set contact_email = 'erased@erased.invalid', name = slug where owner_id = person;
    get diagnostics many = row_count;
    counts := counts || jsonb_build_object('store', many);
    update shop.app_user set email = 'erased-' || id || '@erased.invalid', name = '', password_hash = null,
        email_verified_at = null where id = person;
    get diagnostics many = row_count;
    return counts || jsonb_build_object('app_user', many);
end
$$;

-- What an affiliate may see of those it brought: how many they are and what they earned, never who. --------

create function shop.affiliate_statement()
    returns table (month date, accounts integer, base_minor bigint, amount_minor bigint, currency text,
        available_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select c.month, count(*)::integer, sum(c.base_minor)::bigint, sum(c.amount_minor)::bigint, c.currency,
        max(c.available_at)
    from shop.affiliate a join shop.affiliate_accrual c on c.affiliate_id = a.id
    where a.tenant_id = shop.this_tenant()
    group by c.month, c.currency order by c.month desc
$$;

create function shop.affiliate_referrals() returns table (brought integer, refused integer)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select count(*)::integer, count(r.refused)::integer
    from shop.affiliate a join shop.affiliate_referral r on r.affiliate_id = a.id
    where a.tenant_id = shop.this_tenant()
$$;

-- Whether a code is the own one of the person whose room this transaction is in.
create function shop.is_own_code(in_code text) returns boolean
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select exists (select from shop.affiliate
        where code = lower(in_code) and account_id = shop.this_tenant())
$$;

-- What the law keeps, until it does not. -------------------------------------------------------------------

create policy lapsing on shop.invoice for select to cartflux_owner using (true);
create policy lapsing on shop.invoice_document for all to cartflux_owner using (true) with check (true);
create policy lapsing on shop.personal_data_document for all to cartflux_owner
    using (true) with check (true);

-- Removes documents of invoices whose time is over, counted from 1 July of the year after the year in which
-- they were issued, and copies that have expired. At most so many at once; returns how many.
create function shop.purge_lapsed_papers(in_years integer, in_now timestamptz, in_limit integer)
    returns integer
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    papers integer;
    copies integer;
begin
    delete from shop.invoice_document d using (
        select i.tenant_id, i.id from shop.invoice i
        join shop.invoice_document p on p.tenant_id = i.tenant_id and p.invoice_id = i.id
        where (make_date(extract(year from i.issued_at at time zone 'Europe/Bucharest')::integer + 1, 7, 1)
            + make_interval(years => in_years))::timestamp at time zone 'Europe/Bucharest' <= in_now
        order by i.issued_at limit in_limit) lapsed
    where d.tenant_id = lapsed.tenant_id and d.invoice_id = lapsed.id;
    get diagnostics papers = row_count;
    delete from shop.personal_data_document where expires_at <= in_now;
    get diagnostics copies = row_count;
    return papers + copies;
end
$$;

grant execute on function shop.erase_inbox(text[], text[]), shop.erase_events(uuid[]),
    shop.holds_of_user(), shop.erase_user(), shop.copy_of_user(), shop.affiliate_statement(),
    shop.affiliate_referrals(), shop.is_own_code(text)
    to cartflux_app;
grant execute on function shop.purge_lapsed_papers(integer, timestamptz, integer) to cartflux_platform;

reset role;
