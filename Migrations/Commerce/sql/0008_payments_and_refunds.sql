-- Money in and money back. Both are recorded before the outside world is asked.
set local role cartflux_owner;

create table shop.payment (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    order_id uuid not null,
    version integer not null constraint payment_version check (version > 0),
    payment_intent text,
    client_secret text,
    charge text,
    application_fee text,
    status text not null default 'created',
    -- The vendor's time of the status: of two reports of equal rank the later one counts.
    status_at timestamptz,
    currency text not null,
    amount_minor bigint not null constraint payment_amount check (amount_minor > 0),
    fee_minor bigint not null constraint payment_fee check (fee_minor between 0 and amount_minor),
    captured_minor bigint not null default 0
        constraint payment_captured check (captured_minor between 0 and amount_minor),
    stripe_fee_minor bigint,
    stripe_fee_currency text,
    paid_at timestamptz,
    canceled_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint payment_version_once unique (tenant_id, order_id, version),
    constraint payment_intent_unique unique (payment_intent),
    constraint payment_order foreign key (tenant_id, order_id) references shop.orders (tenant_id, id)
) with (fillfactor = 80);
comment on table shop.payment is
    'One PaymentIntent. The row exists before Stripe is asked; its rank only rises, so a late webhook '
    'changes nothing.';
create unique index payment_one_open_per_order on shop.payment (tenant_id, order_id)
    where status not in ('canceled', 'succeeded');
create trigger touch before update on shop.payment for each row execute function shop.touch_updated_at();

create function shop.payment_intent_rank(status text) returns integer language sql immutable as
$$ select case status
    when 'created' then 0 when 'requires_payment_method' then 1 when 'requires_action' then 1
    when 'requires_confirmation' then 1 when 'failed' then 1 when 'processing' then 1
    when 'canceled' then 2 when 'succeeded' then 3 end $$;

create function shop.guard_payment() returns trigger language plpgsql as
$$
begin
    if shop.payment_intent_rank(new.status) is null then
        perform shop.refuse('payment_status_known', 'payment',
            format('no such payment status: %s', new.status));
    elsif tg_op = 'UPDATE' and shop.payment_intent_rank(new.status)
            < shop.payment_intent_rank(old.status) then
        perform shop.refuse('payment_status_never_lowers', 'payment',
            format('payment %s cannot go from %s to %s', old.id, old.status, new.status));
    elsif tg_op = 'UPDATE' and ((new.amount_minor, new.fee_minor, new.currency, new.order_id)
            is distinct from (old.amount_minor, old.fee_minor, old.currency, old.order_id)
            or (old.payment_intent is not null and new.payment_intent is distinct from old.payment_intent)
            or new.captured_minor < old.captured_minor) then
        perform shop.refuse('payment_amounts_frozen', 'payment',
            format('the amounts of payment %s are frozen', old.id));
    end if;
    return new;
end
$$;
grant execute on function shop.payment_intent_rank(text), shop.guard_payment()
    to cartflux_app, cartflux_platform;
create trigger guard before insert or update on shop.payment for each row
    execute function shop.guard_payment();
select shop.protect('payment', 'select, insert, update', true);

-- A webhook names a PaymentIntent, not a store.
create policy routing on shop.payment for select to cartflux_owner using (true);
create function shop.tenant_of_payment_intent(in_intent text) returns uuid
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select tenant_id from shop.payment where payment_intent = in_intent $$;
grant execute on function shop.tenant_of_payment_intent(text) to cartflux_app;

create table shop.refund (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    order_id uuid not null,
    payment_id uuid not null,
    supplier_id uuid,
    key text not null,
    cause text not null,
    currency text not null,
    amount_minor bigint not null constraint refund_amount check (amount_minor >= 0),
    fee_minor bigint not null constraint refund_fee check (fee_minor >= 0),
    marked_up_units integer not null default 0,
    c_minor bigint not null default 0, m_minor bigint not null default 0,
    s_minor bigint not null default 0, p_minor bigint not null default 0,
    status text not null default 'reserved'
        constraint refund_status check (status in ('reserved', 'sent', 'settled', 'failed')),
    stripe_refund text,
    stripe_fee_refund text,
    -- The failed refund that this one repeats.
    replaces uuid,
    settled_at timestamptz,
    problem text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint refund_key_once unique (tenant_id, key),
    constraint refund_not_empty check (amount_minor > 0 or fee_minor > 0),
    constraint refund_fee_adds_up check (fee_minor = c_minor + m_minor + s_minor + p_minor),
    constraint refund_replaces foreign key (tenant_id, replaces) references shop.refund (tenant_id, id),
    constraint refund_order foreign key (tenant_id, order_id) references shop.orders (tenant_id, id),
    constraint refund_payment foreign key (tenant_id, payment_id) references shop.payment (tenant_id, id)
);
comment on table shop.refund is
    'Row first: it reserves the amount under the payment''s row lock, then Stripe is asked. A failed one '
    'frees it.';
create index refund_by_order on shop.refund (tenant_id, order_id);
create index refund_by_stripe on shop.refund (tenant_id, stripe_refund);
create trigger touch before update on shop.refund for each row execute function shop.touch_updated_at();

create table shop.refund_unit (
    tenant_id uuid not null references shop.store,
    unit_id uuid not null,
    refund_id uuid not null,
    primary key (tenant_id, refund_id, unit_id),
    constraint refund_unit_unit foreign key (tenant_id, unit_id) references shop.unit (tenant_id, id),
    constraint refund_unit_refund foreign key (tenant_id, refund_id) references shop.refund (tenant_id, id)
);
comment on table shop.refund_unit is 'Which units a refund is for.';
create index refund_unit_by_unit on shop.refund_unit (tenant_id, unit_id);
select shop.protect('refund_unit', 'select, insert', true);

create function shop.guard_refund() returns trigger language plpgsql as
$$
declare
    paid shop.payment;
    reserved record;
begin
    if tg_op = 'UPDATE' then
        if (new.amount_minor, new.fee_minor, new.currency, new.order_id, new.payment_id, new.key)
            is distinct from
            (old.amount_minor, old.fee_minor, old.currency, old.order_id, old.payment_id, old.key) then
            perform shop.refuse('refund_amounts_frozen', 'refund',
                format('the amounts of refund %s are frozen', old.id));
        end if;
        -- Stripe can fail a refund it had accepted, so settled may still become failed; nothing revives a
        -- failed one.
        if new.status <> old.status and not (case old.status
            when 'reserved' then new.status in ('sent', 'settled', 'failed')
            when 'sent' then new.status in ('settled', 'failed')
            when 'settled' then new.status = 'failed'
            else false end) then
            perform shop.refuse('refund_move', 'refund',
                format('refund %s cannot go from %s to %s', old.id, old.status, new.status));
        end if;
        return new;
    end if;
    -- The row lock makes two refunds of one payment take turns; each sees what the other reserved.
    select * into paid from shop.payment
        where tenant_id = new.tenant_id and id = new.payment_id and order_id = new.order_id for update;
    if not found or paid.currency <> new.currency then
        perform shop.refuse('refund_payment_matches', 'refund',
            format('refund %s names no payment of its order in %s', new.id, new.currency));
    end if;
    select coalesce(sum(amount_minor), 0) as amount, coalesce(sum(fee_minor), 0) as fee into reserved
        from shop.refund
        where tenant_id = new.tenant_id and payment_id = new.payment_id and status <> 'failed';
    if reserved.amount + new.amount_minor > paid.captured_minor then
        perform shop.refuse('refund_within_captured', 'refund',
            format('%s of %s is left to refund, not %s', paid.captured_minor - reserved.amount,
                paid.captured_minor, new.amount_minor));
    end if;
    if reserved.fee + new.fee_minor > paid.fee_minor then
        perform shop.refuse('refund_fee_within_withheld', 'refund',
            format('%s of the fee is left to refund, not %s', paid.fee_minor - reserved.fee, new.fee_minor));
    end if;
    return new;
end
$$;
grant execute on function shop.guard_refund() to cartflux_app, cartflux_platform;
create trigger guard before insert or update on shop.refund for each row execute function shop.guard_refund();
select shop.protect('refund', 'select, insert, update', true);

create table shop.dispute (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    payment_id uuid not null,
    stripe_dispute text not null,
    state text not null constraint dispute_state check (state in ('open', 'won', 'lost')),
    currency text not null,
    amount_minor bigint not null,
    opened_at timestamptz not null,
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint dispute_once unique (tenant_id, stripe_dispute),
    constraint dispute_payment foreign key (tenant_id, payment_id) references shop.payment (tenant_id, id)
);
comment on table shop.dispute is
    'A shopper asked the bank for the money. A loss is final; the order carries a flag meanwhile.';
create index dispute_by_payment on shop.dispute (tenant_id, payment_id);
create trigger touch before update on shop.dispute for each row execute function shop.touch_updated_at();
select shop.protect('dispute', 'select, insert, update', true);

reset role;
