-- What people answer: product-safety data that seems lost, open items that somebody closes, and invitations
-- that nobody answered.
set local role cartflux_owner;

-- The platform's own questions. Those of a store are in shop.attention_item.
create table shop.platform_attention (
    id uuid primary key,
    kind text not null constraint platform_attention_kind check (kind in ('safety_loss')),
    subject text not null constraint platform_attention_subject check (length(subject) between 1 and 200),
    message text not null constraint platform_attention_message check (length(message) between 1 and 2000),
    opened_at timestamptz not null,
    resolved_at timestamptz,
    resolved_by text constraint platform_attention_by check (length(resolved_by) between 1 and 400),
    resolution text constraint platform_attention_resolution check (length(resolution) between 1 and 1000),
    constraint platform_attention_resolved check ((resolved_at is null) = (resolved_by is null)
        and (resolution is null or resolved_at is not null))
);
comment on table shop.platform_attention is
    'What an operator must decide and belongs to no store. One open item per kind and subject.';
comment on column shop.platform_attention.resolution is
    'The reason that the operator gave; null where the cause went away by itself.';
create unique index platform_attention_open_once on shop.platform_attention (kind, subject)
    where resolved_at is null;

create table shop.catalogue_safety_loss (
    supplier text not null,
    reference text not null,
    told jsonb not null constraint catalogue_safety_loss_told check (jsonb_typeof(told) = 'object'),
    missing text[] not null constraint catalogue_safety_loss_missing check (missing <> '{}' and
        missing <@ array['manufacturer', 'address', 'contact', 'responsible_person']),
    found_at timestamptz not null,
    saved_at timestamptz,
    primary key (supplier, reference),
    constraint catalogue_safety_loss_item foreign key (supplier, reference)
        references shop.catalogue_item (supplier, reference)
);
comment on table shop.catalogue_safety_loss is
    'Articles whose product-safety data was whole and is so no more, by what the supplier told last. Kept '
    'apart until it is known that so many can be true; saved ones are kept to be counted with later ones.';
comment on column shop.catalogue_safety_loss.saved_at is
    'When it went into the article; null while nothing has been decided and the earlier data stands.';
create index catalogue_safety_loss_found on shop.catalogue_safety_loss (supplier, found_at);

alter table shop.platform_attention enable row level security;
alter table shop.platform_attention force row level security;
create policy platform_only on shop.platform_attention for all to cartflux_platform
    using (true) with check (true);
grant select, insert, update on shop.platform_attention to cartflux_platform;
alter table shop.catalogue_safety_loss enable row level security;
alter table shop.catalogue_safety_loss force row level security;
create policy platform_only on shop.catalogue_safety_loss for all to cartflux_platform
    using (true) with check (true);
grant select, insert, update, delete on shop.catalogue_safety_loss to cartflux_platform;
create index catalogue_item_safety_checked on shop.catalogue_item (supplier, safety_checked_at);

-- Who closed an item, and why.
alter table shop.attention_item add column resolution text
    constraint attention_item_resolution check (resolution is null
        or length(resolution) between 1 and 1000 and resolved_at is not null);
comment on column shop.attention_item.resolution is
    'The reason of the person who closed it by hand; null where the program closed it with its cause.';

-- Invitations that nobody answered: the address goes with the day on which they expire, also in a store that
-- never invites again.
create index store_invitation_expiring on shop.store_invitation (expires_at) where ending is null;
create function shop.expire_invitations(in_now timestamptz, in_limit integer) returns integer
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    gone integer;
begin
    update shop.store_invitation i set ending = 'expired', ended_at = in_now, email = null
    from (select tenant_id, id from shop.store_invitation
        where ending is null and expires_at <= in_now order by expires_at limit in_limit
        for update skip locked) old
    where i.tenant_id = old.tenant_id and i.id = old.id;
    get diagnostics gone = row_count;
    return gone;
end
$$;
grant execute on function shop.expire_invitations(timestamptz, integer) to cartflux_platform;

reset role;
