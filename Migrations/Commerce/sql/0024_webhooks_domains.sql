-- News for merchants' own programs, what an API key may do, and a domain's health.
--
-- An event is written by triggers, in the transaction of the change that it tells of: whoever changes a row
-- need not remember it, and what is rolled back is never told. Which endpoints get it is decided there too,
-- so an endpoint that is added later starts with later events, and older ones are sent again on purpose.
-- Events hold ids, states and amounts and nothing of a person, so that erasing one leaves nothing here.
set local role cartflux_owner;

create table shop.webhook_endpoint (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    url text not null constraint webhook_endpoint_url check (
        url ~ '^https?://[^[:space:]]+$' and length(url) <= 2000),
    title text not null default '' constraint webhook_endpoint_title check (length(title) <= 80),
    kinds text[] not null constraint webhook_endpoint_kinds check (cardinality(kinds) between 1 and 40),
    state text not null default 'enabled' constraint webhook_endpoint_state check (
        state in ('enabled', 'disabled')),
    disabled_because text constraint webhook_endpoint_because check (
        disabled_because in ('merchant', 'failing', 'gone')),
    disabled_at timestamptz,
    failing_since timestamptz,
    previous_until timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint webhook_endpoint_says_why check (
        (state = 'disabled') = (disabled_because is not null)
        and (disabled_because is null) = (disabled_at is null))
);
comment on table shop.webhook_endpoint is
    'Where a merchant''s program wants to hear of which events. Its secret is sealed among the store''s '
    'credentials.';
comment on column shop.webhook_endpoint.failing_since is
    'Since when nothing has been taken there; null where the latest attempt succeeded.';
comment on column shop.webhook_endpoint.previous_until is
    'How long messages are signed with the secret before the current one as well.';
create trigger touch before update on shop.webhook_endpoint for each row
    execute function shop.touch_updated_at();
-- The store's row is held, so that of two that are added at once one sees the other.
create function shop.limit_endpoints() returns trigger language plpgsql as
$$
begin
    perform from shop.store where tenant_id = new.tenant_id for no key update;
    if (select count(*) from shop.webhook_endpoint where tenant_id = new.tenant_id) >= 10 then
        perform shop.refuse('webhook_endpoint_limit', 'webhook_endpoint',
            'a store has at most ten endpoints');
    end if;
    return new;
end
$$;
grant execute on function shop.limit_endpoints() to cartflux_app;
create trigger limit_endpoints before insert on shop.webhook_endpoint
    for each row execute function shop.limit_endpoints();
create policy telling on shop.webhook_endpoint for select to cartflux_owner using (true);
select shop.protect('webhook_endpoint', 'select, insert, update, delete', true);

create table shop.webhook_event (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    number bigint generated always as identity,
    kind text not null constraint webhook_event_kind check (kind ~ '^[a-z]+\.[a-z_]+$'),
    object text not null constraint webhook_event_object check (length(object) between 1 and 100),
    body text not null constraint webhook_event_body check (length(body) <= 65536),
    written_by xid8 not null default pg_current_xact_id(),
    created_at timestamptz not null default now(),
    primary key (tenant_id, id)
);
comment on table shop.webhook_event is
    'What happened, in the very bytes that are sent and signed. Kept for thirty days.';
comment on column shop.webhook_event.number is 'The order in which events were written.';
comment on column shop.webhook_event.written_by is
    'By whose commit it became visible. Numbers are given out before the commit, so a reader who goes on '
    'behind the last number takes only what no open transaction can still get in before.';
comment on column shop.webhook_event.object is
    'What it is about, such as `order:<id>`: events of one object arrive one after the other.';
create index webhook_event_newest on shop.webhook_event (tenant_id, number desc);
create index webhook_event_oldest on shop.webhook_event (created_at);
create policy telling on shop.webhook_event for insert to cartflux_owner with check (true);
create policy forgetting on shop.webhook_event for delete to cartflux_owner using (true);
create policy finding on shop.webhook_event for select to cartflux_owner using (true);
select shop.protect('webhook_event', 'select, insert', true);

create table shop.webhook_delivery (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    number bigint generated always as identity,
    endpoint_id uuid not null,
    event_id uuid not null,
    object text not null,
    cause text not null default 'event' constraint webhook_delivery_cause check (
        cause in ('event', 'test', 'replay')),
    state text not null default 'queued' constraint webhook_delivery_state check (
        state in ('queued', 'carried', 'delivered', 'failed', 'dropped')),
    attempts integer not null default 0 constraint webhook_delivery_attempts check (attempts >= 0),
    next_attempt_at timestamptz,
    created_at timestamptz not null default now(),
    ended_at timestamptz,
    primary key (tenant_id, id),
    constraint webhook_delivery_ended check ((state in ('queued', 'carried')) = (ended_at is null)),
    constraint webhook_delivery_endpoint foreign key (tenant_id, endpoint_id)
        references shop.webhook_endpoint (tenant_id, id) on delete cascade,
    constraint webhook_delivery_event foreign key (tenant_id, event_id)
        references shop.webhook_event (tenant_id, id) on delete cascade
) with (fillfactor = 80);
comment on table shop.webhook_delivery is
    'One event on its way to one endpoint. Queued: no run carries it yet; dropped: the endpoint was switched '
    'off before its turn.';
create index webhook_delivery_queued on shop.webhook_delivery (tenant_id, endpoint_id, object, number)
    where state = 'queued';
create index webhook_delivery_open on shop.webhook_delivery (tenant_id, endpoint_id, object, number)
    where state in ('queued', 'carried');
create index webhook_delivery_newest on shop.webhook_delivery (tenant_id, endpoint_id, number desc);
create index webhook_delivery_by_event on shop.webhook_delivery (tenant_id, event_id);
create policy telling on shop.webhook_delivery for insert to cartflux_owner with check (true);
create policy finding on shop.webhook_delivery for select to cartflux_owner using (true);
select shop.protect('webhook_delivery', 'select, insert, update', true);

create table shop.webhook_attempt (
    tenant_id uuid not null references shop.store,
    delivery_id uuid not null,
    number integer not null constraint webhook_attempt_number check (number > 0),
    started_at timestamptz not null,
    milliseconds integer not null constraint webhook_attempt_duration check (milliseconds >= 0),
    status smallint constraint webhook_attempt_status check (status between 100 and 999),
    problem text,
    answer text not null default '' constraint webhook_attempt_answer check (length(answer) <= 1000),
    primary key (tenant_id, delivery_id, number),
    constraint webhook_attempt_delivery foreign key (tenant_id, delivery_id)
        references shop.webhook_delivery (tenant_id, id) on delete cascade
);
comment on table shop.webhook_attempt is
    'Each try, with what came back. `status` is null where no answer came, `answer` its first characters.';
select shop.protect('webhook_attempt', 'select, insert', true);

create table shop.webhook_lane (
    tenant_id uuid not null references shop.store,
    endpoint_id uuid not null,
    object text not null,
    id uuid not null,
    run_id uuid,
    renewed_at timestamptz not null,
    primary key (tenant_id, endpoint_id, object),
    constraint webhook_lane_endpoint foreign key (tenant_id, endpoint_id)
        references shop.webhook_endpoint (tenant_id, id) on delete cascade
);
comment on table shop.webhook_lane is
    'The run that carries the events of one object to one endpoint, one after the other; at most one, while '
    'there are any. `id` is its right to do so: a run that finds another one here stops.';
create index webhook_lane_stale on shop.webhook_lane (renewed_at);
select shop.protect('webhook_lane', 'select, insert, update, delete', true);

-- Writes an event where any endpoint wants its kind, and a delivery for each that is switched on. For the
-- triggers alone: nobody else may call it, so nobody writes news of another store.
create function shop.write_event(in_tenant uuid, in_kind text, in_object text, in_data jsonb) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    event uuid := gen_random_uuid();
begin
    if not exists (select from shop.webhook_endpoint
        where tenant_id = in_tenant and in_kind = any(kinds)) then
        return;
    end if;
    insert into shop.webhook_event (tenant_id, id, kind, object, body)
    values (in_tenant, event, in_kind, in_object,
        jsonb_build_object('type', in_kind, 'timestamp',
            to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'data', in_data)::text);
    insert into shop.webhook_delivery (tenant_id, id, endpoint_id, event_id, object)
    select in_tenant, gen_random_uuid(), id, event, in_object from shop.webhook_endpoint
    where tenant_id = in_tenant and state = 'enabled' and in_kind = any(kinds) order by id;
end
$$;

create function shop.tell_order() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    facts jsonb := jsonb_build_object('order', jsonb_build_object('id', new.id, 'number', new.number,
        'currency', new.currency, 'total_minor', new.g_minor, 'margin_minor', new.n_minor,
        'payment_status', new.payment_status, 'fulfilment_status', new.fulfilment_status,
        'placed_at', new.placed_at, 'paid_at', new.paid_at));
    about text := 'order:' || new.id;
begin
    if tg_op = 'INSERT' then
        perform shop.write_event(new.tenant_id, 'order.placed', about, facts);
        return null;
    end if;
    if shop.payment_rank(old.payment_status) < 3 and new.payment_status in ('paid', 'late_paid') then
        perform shop.write_event(new.tenant_id, 'order.paid', about, facts);
    end if;
    if new.fulfilment_status <> old.fulfilment_status and new.fulfilment_status in ('shipped', 'delivered')
    then
        perform shop.write_event(new.tenant_id, case new.fulfilment_status
            when 'shipped' then 'order.fulfilled' else 'order.delivered' end, about, facts);
    end if;
    if new.payment_status <> old.payment_status and new.payment_status = 'canceled'
        or new.fulfilment_status <> old.fulfilment_status and new.fulfilment_status = 'canceled' then
        perform shop.write_event(new.tenant_id, 'order.cancelled', about, facts);
    end if;
    return null;
end
$$;
create trigger tell_new after insert on shop.orders for each row execute function shop.tell_order();
create trigger tell_change after update on shop.orders for each row
    when (old.payment_status is distinct from new.payment_status
        or old.fulfilment_status is distinct from new.fulfilment_status)
    execute function shop.tell_order();

create policy telling on shop.supplier_order for select to cartflux_owner using (true);
create function shop.tell_parcel() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    whose uuid := (select order_id from shop.supplier_order
        where tenant_id = new.tenant_id and id = new.supplier_order_id);
    facts jsonb := jsonb_build_object('order_id', whose, 'shipment', jsonb_build_object('id', new.id,
        'carrier', new.carrier, 'tracking_number', new.tracking_number, 'tracking_url', new.tracking_url,
        'status', new.status, 'shipped_at', new.shipped_at, 'delivered_at', new.delivered_at));
begin
    if tg_op = 'INSERT' then
        perform shop.write_event(new.tenant_id, 'shipment.created', 'order:' || whose, facts);
    end if;
    -- A parcel may be seen for the first time when it has arrived.
    if new.status = 'delivered' then
        perform shop.write_event(new.tenant_id, 'shipment.delivered', 'order:' || whose, facts);
    end if;
    return null;
end
$$;
create trigger tell_new after insert on shop.parcel for each row execute function shop.tell_parcel();
create trigger tell_change after update on shop.parcel for each row
    when (new.status = 'delivered' and old.status <> 'delivered') execute function shop.tell_parcel();

create function shop.tell_refund() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    perform shop.write_event(new.tenant_id, 'order.refunded', 'order:' || new.order_id,
        jsonb_build_object('order_id', new.order_id, 'refund', jsonb_build_object('id', new.id,
            'cause', new.cause, 'currency', new.currency, 'amount_minor', new.amount_minor)));
    return null;
end
$$;
create trigger tell_new after insert on shop.refund for each row
    when (new.status = 'settled' and new.amount_minor > 0) execute function shop.tell_refund();
create trigger tell_change after update on shop.refund for each row
    when (new.status = 'settled' and old.status <> 'settled' and new.amount_minor > 0)
    execute function shop.tell_refund();

create function shop.tell_invoice() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    perform shop.write_event(new.tenant_id, 'invoice.issued', 'order:' || new.order_id,
        jsonb_build_object('order_id', new.order_id, 'invoice', jsonb_build_object('id', new.id,
            'kind', split_part(new.kind, ':', 1), 'series', new.series, 'number', new.number,
            'issued_at', new.issued_at)));
    return null;
end
$$;
create trigger tell_change after update on shop.invoice for each row
    when (new.status = 'issued' and old.status <> 'issued') execute function shop.tell_invoice();

create policy telling on shop.payment for select to cartflux_owner using (true);
create function shop.tell_dispute() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    whose uuid := (select order_id from shop.payment
        where tenant_id = new.tenant_id and id = new.payment_id);
begin
    perform shop.write_event(new.tenant_id,
        case when new.state = 'open' then 'dispute.opened' else 'dispute.closed' end, 'order:' || whose,
        jsonb_build_object('order_id', whose, 'dispute', jsonb_build_object('id', new.id,
            'state', new.state, 'reason', new.reason, 'currency', new.currency,
            'amount_minor', new.amount_minor, 'evidence_due_by', new.evidence_due_by)));
    return null;
end
$$;
create trigger tell_new after insert on shop.dispute for each row execute function shop.tell_dispute();
create trigger tell_change after update on shop.dispute for each row
    when (new.state <> old.state and new.state <> 'open') execute function shop.tell_dispute();

create function shop.tell_product() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    perform shop.write_event(new.tenant_id,
        case when tg_op = 'INSERT' then 'product.created' else 'product.updated' end, 'product:' || new.id,
        jsonb_build_object('product', jsonb_build_object('id', new.id, 'sku', new.sku, 'slug', new.slug,
            'title', new.title, 'status', new.status, 'currency', new.currency,
            'price_minor', new.price_minor)));
    return null;
end
$$;
create trigger tell_new after insert on shop.product for each row execute function shop.tell_product();
create trigger tell_change after update on shop.product for each row
    when ((old.sku, old.slug, old.title, old.status, old.price_minor)
        is distinct from (new.sku, new.slug, new.title, new.status, new.price_minor))
    execute function shop.tell_product();

-- Drops what is older than `in_before` and no longer on its way, at most `in_limit` events at a time.
create function shop.forget_webhook_events(in_before timestamptz, in_limit integer) returns integer
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    gone integer;
begin
    delete from shop.webhook_event e using (
        select o.tenant_id, o.id from shop.webhook_event o where o.created_at < in_before
            and not exists (select from shop.webhook_delivery d where d.tenant_id = o.tenant_id
                and d.event_id = o.id and d.state in ('queued', 'carried'))
        order by o.created_at limit in_limit) old
    where e.tenant_id = old.tenant_id and e.id = old.id;
    get diagnostics gone = row_count;
    return gone;
end
$$;
grant execute on function shop.forget_webhook_events(timestamptz, integer) to cartflux_platform;

-- Keys of the API: what each may do, and when it was last used.
alter table shop.api_key
    add column scopes text[] not null default '{store,events}'
        constraint api_key_scopes check (cardinality(scopes) between 1 and 20),
    add column last_used_at timestamptz;
comment on column shop.api_key.last_used_at is 'To the minute, so that a busy key does not write all day.';
create policy using_key on shop.api_key for update to cartflux_owner using (true) with check (true);
create function shop.use_api_key(in_hash bytea, in_now timestamptz)
    returns table (tenant uuid, scopes text[])
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    update shop.api_key k set last_used_at = in_now where k.token_hash = in_hash and k.revoked_at is null
        and (k.last_used_at is null or k.last_used_at < in_now - interval '1 minute');
    return query select k.tenant_id, k.scopes from shop.api_key k
        where k.token_hash = in_hash and k.revoked_at is null;
end
$$;
grant execute on function shop.use_api_key(bytea, timestamptz) to cartflux_app;

-- Custom domains: how long one has not pointed here, and the store's address that all others lead to.
alter table shop.custom_domain
    add column failing_since timestamptz,
    add column checks integer not null default 0 constraint custom_domain_checks check (checks >= 0);
comment on column shop.custom_domain.failing_since is
    'Since when its DNS has not led here; null where the latest check found it right.';

reset role;
