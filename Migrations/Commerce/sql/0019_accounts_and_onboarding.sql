-- People who sign in, what they may do in which store, the platform's administrators, and a store's way from
-- the first click to its first sale.
--
-- A person has a room of their own: rows whose tenant_id is the person's id, behind the same row security as
-- a store's. Sessions, tokens and letters to the person live there, so no store and no other person can see
-- them, and a letter to a person goes out like one of a store.
set local role cartflux_owner;

-- The store or the person that a transaction is about.
create function shop.this_tenant() returns uuid language sql stable as
$$ select nullif(current_setting('cartflux.tenant', true), '')::uuid $$;

alter table shop.app_user add column password_changed_at timestamptz;
comment on column shop.app_user.password_hash is
    'scrypt with its parameters; null until the address is proven. Readable by one exact address only.';
create policy self on shop.app_user for select to cartflux_app
    using (id = (select nullif(current_setting('cartflux.tenant', true), '')::uuid));

create table shop.account_session (
    tenant_id uuid not null references shop.app_user (id),
    id uuid not null,
    token_hash bytea not null constraint account_session_hash check (octet_length(token_hash) = 32),
    created_at timestamptz not null,
    seen_at timestamptz not null,
    idle_until timestamptz not null,
    ends_at timestamptz not null,
    primary key (tenant_id, id),
    constraint account_session_token unique (token_hash),
    constraint account_session_order check (created_at <= seen_at and idle_until <= ends_at)
);
comment on table shop.account_session is
    'Who is signed in. tenant_id is the person. The browser holds the token, this row its SHA-256 alone; '
    'deleting the row signs the browser out.';
create policy routing on shop.account_session for select to cartflux_owner using (true);
create policy ending on shop.account_session for delete to cartflux_owner using (true);
select shop.protect('account_session', 'select, insert, update, delete');

create table shop.account_token (
    tenant_id uuid not null references shop.app_user (id),
    id uuid not null,
    purpose text not null constraint account_token_purpose check (purpose in ('verify', 'reset')),
    token_hash bytea not null constraint account_token_hash check (octet_length(token_hash) = 32),
    password_hash text,
    person_name text constraint account_token_person check (length(person_name) between 1 and 2000),
    person_locale text constraint account_token_locale check (person_locale in ('ro', 'en', 'de', 'es')),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    primary key (tenant_id, id),
    constraint account_token_once unique (token_hash)
);
comment on table shop.account_token is
    'What a link in a letter allows, once. tenant_id is the person. The link holds the token, this row its '
    'SHA-256 alone.';
comment on column shop.account_token.password_hash is
    'The password chosen by whoever asked for this letter; it becomes the account''s only when somebody '
    'follows this link and knows that password, so nobody can prepare an account for another''s address.';
comment on column shop.account_token.person_name is
    'As whoever asked for this letter gave it. Like the password, the account''s only when the link is '
    'followed, and forgotten then.';
create policy keeping on shop.account_token for all to cartflux_owner using (true) with check (true);
create index account_token_lapsed on shop.account_token (expires_at);
select shop.protect('account_token', 'select, insert, update, delete');

create table shop.throttle (
    key bytea primary key constraint throttle_key check (octet_length(key) = 32),
    tokens double precision not null,
    updated_at timestamptz not null
) with (fillfactor = 70);
comment on table shop.throttle is
    'Token buckets that hold across all processes: attempts to sign in, letters asked for. The key is a '
    'hash, so the table names nobody. A row that is full again means nothing and may be dropped.';
alter table shop.throttle enable row level security;
alter table shop.throttle force row level security;
create policy keeping on shop.throttle for all to cartflux_owner using (true) with check (true);

-- Takes one token. Returns 0, or the whole seconds to wait where there is none.
create function shop.take_turn(in_key bytea, in_capacity integer, in_interval double precision,
    in_now timestamptz) returns integer
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    have double precision;
begin
    -- Seldom, so that forgotten addresses do not pile up.
    if random() < 0.005 then delete from shop.throttle where updated_at < in_now - interval '1 day'; end if;
    insert into shop.throttle (key, tokens, updated_at) values (in_key, in_capacity, in_now)
    on conflict (key) do nothing;
    select least(in_capacity,
        t.tokens + greatest(0, extract(epoch from in_now - t.updated_at)) / in_interval)
        into have from shop.throttle t where t.key = in_key for update;
    -- The caller says when its request began, which a slow body leaves behind. The bucket's clock never
    -- goes back, or the same minutes would fill it twice.
    update shop.throttle set tokens = case when have >= 1 then have - 1 else have end,
            updated_at = greatest(updated_at, in_now)
        where key = in_key;
    return case when have >= 1 then 0 else ceil((1 - have) * in_interval)::integer end;
end
$$;

-- What signing in needs to know of one exact address.
create function shop.account_of_email(in_email text)
    returns table (id uuid, email text, name text, locale text, password_hash text, is_verified boolean)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select u.id, u.email, u.name, u.locale, u.password_hash, u.email_verified_at is not null
    from shop.app_user u where u.email = lower(in_email)
$$;

create function shop.account_of_token(in_hash bytea) returns uuid
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select tenant_id from shop.account_token where token_hash = in_hash $$;

create function shop.account_of_session(in_hash bytea) returns uuid
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select tenant_id from shop.account_session where token_hash = in_hash $$;

-- The person has chosen a password; whoever was signed in with the old one no longer is. In the person's own
-- room alone, like the proof of the address below.
create function shop.set_password(in_user uuid, in_hash text) returns void
    language sql security definer set search_path = pg_catalog, pg_temp as
$$
    update shop.app_user set password_hash = in_hash, password_changed_at = now()
        where id = in_user and in_user = shop.this_tenant();
    delete from shop.account_session where tenant_id = in_user and in_user = shop.this_tenant();
$$;
create function shop.introduce(in_user uuid, in_name text, in_locale text) returns void
    language sql security definer set search_path = pg_catalog, pg_temp as
$$
    update shop.app_user set name = in_name, locale = in_locale
        where id = in_user and in_user = shop.this_tenant() and email_verified_at is null
$$;

-- A few at a time, of whichever person: links that nobody followed would stay for ever.
create function shop.sweep_account_tokens(in_now timestamptz) returns void
    language sql security definer set search_path = pg_catalog, pg_temp as
$$
    delete from shop.account_token where (tenant_id, id) in (
        select tenant_id, id from shop.account_token where expires_at < in_now - interval '1 day'
        order by expires_at limit 20 for update skip locked)
$$;
create or replace function shop.verify_email(in_user uuid) returns void
    language sql security definer set search_path = pg_catalog, pg_temp as
$$
    update shop.app_user set email_verified_at = coalesce(email_verified_at, now())
        where id = in_user and in_user = shop.this_tenant()
$$;

-- Roles. The owner's row follows the store's, so a store always has exactly one.
create table shop.store_member (
    tenant_id uuid not null references shop.store,
    user_id uuid not null constraint store_member_user references shop.app_user (id),
    role text not null constraint store_member_role check (role in ('owner', 'staff', 'viewer')),
    added_at timestamptz not null default now(),
    primary key (tenant_id, user_id)
);
comment on table shop.store_member is
    'Who may enter a store, and as what: an owner may do everything, staff all but plan, payouts and team, a '
    'viewer only read.';
create index store_member_by_user on shop.store_member (user_id);
create unique index store_member_one_owner on shop.store_member (tenant_id) where role = 'owner';
create policy routing on shop.store_member for select to cartflux_owner using (true);
create policy founding on shop.store_member for insert to cartflux_owner with check (role = 'owner');
select shop.protect('store_member', 'select, insert, update, delete', true);

insert into shop.store_member (tenant_id, user_id, role) select tenant_id, owner_id, 'owner' from shop.store;
create function shop.add_founder() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    insert into shop.store_member (tenant_id, user_id, role) values (new.tenant_id, new.owner_id, 'owner')
    on conflict do nothing;
    return null;
end
$$;
create trigger add_founder after insert on shop.store for each row execute function shop.add_founder();

create function shop.stores_of_member(in_user uuid) returns table (tenant uuid, role text)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select m.tenant_id, m.role from shop.store_member m join shop.store s using (tenant_id)
    where m.user_id = in_user order by s.created_at, s.tenant_id
$$;

-- An account's plan is the best one that any of its stores is on: plans are bought by people and kept with
-- their stores.
create function shop.plan_of_account(in_user uuid) returns text
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select coalesce((select p.code from shop.store s join shop.plan p on p.code = s.plan
        where s.owner_id = in_user and s.status <> 'closed' order by p.rank desc limit 1), 'free')
$$;

-- Holds the account still until the transaction ends, so that two new stores cannot both be the last one.
create function shop.hold_account(in_user uuid) returns table (owned integer, plan text)
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    perform from shop.app_user where id = in_user for no key update;
    return query select (select count(*)::integer from shop.store s
            where s.owner_id = in_user and s.status <> 'closed'), shop.plan_of_account(in_user);
end
$$;

create table shop.api_key (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    name text not null constraint api_key_name check (length(name) between 1 and 80),
    hint text not null,
    token_hash bytea not null constraint api_key_hash check (octet_length(token_hash) = 32),
    created_by uuid not null,
    created_at timestamptz not null default now(),
    revoked_at timestamptz,
    primary key (tenant_id, id),
    constraint api_key_token unique (token_hash)
);
comment on table shop.api_key is
    'A store''s keys for the API. The merchant sees a key once; this row keeps its SHA-256 and, as a hint, '
    'its first letters.';
create policy routing on shop.api_key for select to cartflux_owner using (true);
select shop.protect('api_key', 'select, insert, update');
create function shop.tenant_of_api_key(in_hash bytea) returns uuid
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select tenant_id from shop.api_key where token_hash = in_hash and revoked_at is null $$;

grant execute on function shop.take_turn(bytea, integer, double precision, timestamptz)
    to cartflux_app, cartflux_platform;
grant execute on function shop.account_of_email(text), shop.account_of_token(bytea),
    shop.account_of_session(bytea), shop.set_password(uuid, text), shop.introduce(uuid, text, text),
    shop.sweep_account_tokens(timestamptz),
    shop.stores_of_member(uuid), shop.plan_of_account(uuid), shop.hold_account(uuid),
    shop.tenant_of_api_key(bytea) to cartflux_app;

-- Administrators are strangers to the application: its role sees nothing of these three tables.
create table shop.admin (
    id uuid primary key,
    email text not null constraint admin_email_unique unique
        constraint admin_email_normalised check (email = lower(email) and email like '%_@_%'),
    name text not null,
    password_hash text not null,
    totp_sealed bytea not null,
    totp_key_id text not null,
    totp_last_step bigint not null default 0,
    disabled_at timestamptz,
    created_at timestamptz not null default now()
);
comment on table shop.admin is
    'Administrators of the platform. They own no store and sign in at their own host.';
comment on column shop.admin.totp_last_step is
    'The latest time step of which a code was accepted: each code works once.';
create table shop.admin_recovery_code (
    admin_id uuid not null references shop.admin,
    code_hash bytea not null,
    used_at timestamptz,
    primary key (admin_id, code_hash)
);
comment on table shop.admin_recovery_code is
    'Each stands once for the second factor when it is lost. Hashed under a key that is not in the database, '
    'since fifty bits could be guessed.';
create table shop.admin_session (
    id uuid primary key,
    admin_id uuid not null references shop.admin,
    token_hash bytea not null unique constraint admin_session_hash check (octet_length(token_hash) = 32),
    created_at timestamptz not null,
    seen_at timestamptz not null,
    idle_until timestamptz not null,
    ends_at timestamptz not null
);
comment on table shop.admin_session is 'Which administrators are signed in; made only after both factors.';
do $$
declare
    one text;
begin
    foreach one in array array['admin', 'admin_recovery_code', 'admin_session'] loop
        execute format('alter table shop.%I enable row level security', one);
        execute format('alter table shop.%I force row level security', one);
        execute format(
            'create policy platform_only on shop.%I for all to cartflux_platform'
            || ' using (true) with check (true)', one);
        execute format('grant select, insert, update, delete on shop.%I to cartflux_platform', one);
    end loop;
end
$$;

-- Letters to people: the room is a store's or a person's.
alter table shop.email drop constraint email_tenant_id_fkey;
alter table shop.email_suppression drop constraint email_suppression_tenant_id_fkey;
create function shop.check_room() returns trigger language plpgsql as
$$
begin
    if not exists (select from shop.store where tenant_id = new.tenant_id)
        and not exists (select from shop.app_user where id = new.tenant_id)
    then
        perform shop.refuse('room_exists', tg_table_name,
            format('%s is neither a store nor a person', new.tenant_id));
    end if;
    return new;
end
$$;
grant execute on function shop.check_room() to cartflux_app, cartflux_platform;
create trigger check_room before insert on shop.email for each row execute function shop.check_room();
create trigger check_room before insert on shop.email_suppression for each row
    execute function shop.check_room();

-- The way from the first click to a published store.
create table shop.onboarding (
    tenant_id uuid primary key references shop.store,
    run_id uuid,
    stripe_problem text,
    smartbill_problem text,
    checkout_disabled boolean not null default false,
    started_at timestamptz not null default now(),
    published_at timestamptz,
    updated_at timestamptz not null default now()
);
comment on table shop.onboarding is
    'One per store: the run that carries it, and what the run has to tell the pages. What the merchant '
    'entered is in the store''s own tables; which steps are done, in onboarding_step.';
comment on column shop.onboarding.checkout_disabled is
    'The merchant chose to open as a catalogue while Stripe still checks the account.';
create trigger touch before update on shop.onboarding for each row execute function shop.touch_updated_at();
select shop.protect('onboarding', 'select, insert, update', true);

create table shop.onboarding_step (
    tenant_id uuid not null references shop.store,
    step text not null constraint onboarding_step_known check (step in (
        'store', 'business', 'catalogue', 'theme', 'payments', 'invoicing', 'policies', 'publish')),
    state text not null constraint onboarding_step_state check (state in ('done', 'skipped')),
    saved_by uuid not null,
    saved_at timestamptz not null default now(),
    primary key (tenant_id, step)
);
comment on table shop.onboarding_step is
    'Which steps of the wizard are done or were skipped, whatever the order.';
select shop.protect('onboarding_step', 'select, insert, update', true);

create table shop.business_identity (
    tenant_id uuid primary key references shop.store,
    legal_name text not null constraint business_identity_name check (length(legal_name) between 2 and 200),
    country text not null constraint business_identity_country check (country ~ '^[A-Z]{2}$'),
    vat_number text,
    vat_checked_at timestamptz,
    registration text,
    address_line text not null,
    postcode text not null,
    city text not null,
    phone text not null,
    email text not null,
    updated_at timestamptz not null default now()
);
comment on table shop.business_identity is
    'Who the trader is: what the law wants on the imprint and in the terms.';
comment on column shop.business_identity.vat_checked_at is
    'When the form and the check digits were found right. Whether the number is registered, the tax '
    'authorities'' own service tells, which is not asked here.';
create trigger touch before update on shop.business_identity for each row
    execute function shop.touch_updated_at();
select shop.protect('business_identity', 'select, insert, update', true);

create table shop.legal_page (
    tenant_id uuid not null references shop.store,
    kind text not null constraint legal_page_kind check (
        kind in ('terms', 'privacy', 'withdrawal', 'delivery', 'imprint')),
    language text not null constraint legal_page_language check (language in ('ro', 'en', 'de', 'es')),
    body text not null constraint legal_page_body check (length(body) between 1 and 50000),
    is_edited boolean not null default false,
    updated_at timestamptz not null default now(),
    primary key (tenant_id, kind, language)
);
comment on table shop.legal_page is
    'The pages that the law wants, filled from the identity and the policies.';
comment on column shop.legal_page.is_edited is 'The merchant''s own words, which are never filled in again.';
create trigger touch before update on shop.legal_page for each row execute function shop.touch_updated_at();
select shop.protect('legal_page', 'select, insert, update', true);

create table shop.store_policy (
    tenant_id uuid primary key references shop.store,
    delivery_days_from smallint not null,
    delivery_days_to smallint not null,
    withdrawal_days smallint not null
        constraint store_policy_withdrawal check (withdrawal_days between 14 and 90),
    return_cost text not null constraint store_policy_return_cost check (return_cost in ('shopper', 'store')),
    updated_at timestamptz not null default now(),
    constraint store_policy_delivery
        check (delivery_days_from between 0 and delivery_days_to and delivery_days_to <= 30)
);
comment on table shop.store_policy is
    'What the store promises about delivery and returns, within what the law demands: at least fourteen days '
    'to withdraw, at most thirty to deliver.';
create trigger touch before update on shop.store_policy for each row execute function shop.touch_updated_at();
select shop.protect('store_policy', 'select, insert, update', true);

create table shop.custom_domain (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    host text not null constraint custom_domain_form check (
        host ~ '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$' and length(host) <= 253),
    proof text not null,
    state text not null default 'pending' constraint custom_domain_state check (
        state in ('pending', 'active', 'expired', 'removed')),
    problem text,
    run_id uuid,
    checked_at timestamptz,
    activated_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (tenant_id, id)
);
comment on table shop.custom_domain is
    'A domain that a store wants to be served at. It leads nowhere until the proof is in its DNS; a claim '
    'alone keeps nobody else from the same name, only a proven host (shop.store_host) does.';
create unique index custom_domain_open_once on shop.custom_domain (tenant_id, host)
    where state in ('pending', 'active');
select shop.protect('custom_domain', 'select, insert, update', true);

reset role;
