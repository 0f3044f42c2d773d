-- What the merchants' pages about money and people ask: who belongs to a store's team and who was invited,
-- what a plan would have left of a month, which stores a smaller plan puts to rest, and who did what.
set local role cartflux_owner;

-- Invitations. ---------------------------------------------------------------------------------------------

create table shop.store_invitation (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    email text constraint store_invitation_email check (email = lower(email) and email like '%_@_%'),
    role text not null constraint store_invitation_role check (role in ('staff', 'viewer')),
    token_hash bytea not null constraint store_invitation_hash check (octet_length(token_hash) = 32),
    invited_by uuid not null constraint store_invitation_by references shop.app_user (id),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    ending text constraint store_invitation_ending
        check (ending in ('accepted', 'revoked', 'expired', 'forgotten')),
    ended_at timestamptz,
    primary key (tenant_id, id),
    constraint store_invitation_token unique (token_hash),
    constraint store_invitation_order check (created_at < expires_at),
    constraint store_invitation_ends_once check (
        (ending is null) = (ended_at is null) and (ending is null) = (email is not null))
);
comment on table shop.store_invitation is
    'Who is asked to join a store''s team. The letter holds the token, this row its SHA-256 alone; it works '
    'once, for the address it was written to.';
comment on column shop.store_invitation.email is
    'Forgotten with the end of the invitation: whoever joined is a member, the others are strangers.';
create unique index store_invitation_open_once on shop.store_invitation (tenant_id, email)
    where ending is null;
create index store_invitation_by_address on shop.store_invitation (email) where ending is null;
create policy routing on shop.store_invitation for select to cartflux_owner using (true);
create policy forgetting on shop.store_invitation for update to cartflux_owner
    using (true) with check (true);
select shop.protect('store_invitation', 'select, insert, update');

create function shop.tenant_of_invitation(in_hash bytea) returns uuid
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select tenant_id from shop.store_invitation where token_hash = in_hash and ending is null $$;

-- A person who is forgotten is not invited any more either.
create function shop.forget_invitations() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    update shop.store_invitation set ending = 'forgotten', ended_at = now(), email = null
        where email = old.email and ending is null;
    return null;
end
$$;
create trigger forget_invitations after update of email on shop.app_user
    for each row when (old.email is distinct from new.email) execute function shop.forget_invitations();

-- The team of this transaction's store, the owner first.
create function shop.people_of_store()
    returns table (user_id uuid, role text, added_at timestamptz, name text, email text)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select m.user_id, m.role, m.added_at, u.name, u.email
    from shop.store_member m join shop.app_user u on u.id = m.user_id
    where m.tenant_id = shop.this_tenant()
    order by m.role <> 'owner', m.added_at, m.user_id
$$;

-- Plans. ---------------------------------------------------------------------------------------------------

-- The stores that a plan has no room for, in the order in which take_plan gives room. Asked from the
-- account's home store; of another store, nobody's.
create function shop.resting_under_plan(in_plan text) returns table (tenant uuid, name text)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select f.tenant_id, f.name
    from (
        select s.tenant_id, s.name, row_number() over (order by s.tenant_id <> home.tenant_id,
            coalesce(p.status_before, s.status) <> 'published', s.created_at, s.tenant_id) as place
        from shop.store home
        join shop.store s on s.owner_id = home.owner_id
        left join shop.store_pause p on p.tenant_id = s.tenant_id
        where home.tenant_id = shop.this_tenant()
            and shop.home_of_account(home.owner_id) = home.tenant_id
            and (s.status in ('draft', 'published') or p.tenant_id is not null)
    ) f
    where f.place > (select store_limit from shop.plan where code = in_plan)
    order by f.place
$$;

-- Papers and audit, page by page. --------------------------------------------------------------------------

create index invoice_newest on shop.invoice (tenant_id, created_at desc, id desc);
create index audit_newest on shop.audit (tenant_id, at desc, id desc);

grant execute on function shop.tenant_of_invitation(bytea), shop.people_of_store(),
    shop.resting_under_plan(text) to cartflux_app;

reset role;
