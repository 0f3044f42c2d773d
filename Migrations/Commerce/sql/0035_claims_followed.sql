-- What is said about a claim reaches its run even where the word to it is lost; what a supplier credits is
-- bounded by what it was paid for its order, however many claims there are; and merchants' own programs hear
-- of claims.
set local role cartflux_owner;

alter table shop.order_claim
    add column news integer not null default 0 constraint order_claim_news check (news >= 0),
    add column wake_at timestamptz;
comment on column shop.order_claim.news is
    'How often something was said that the run has to look at. Names the word to the run, so that one that '
    'is sent again is the same.';
comment on column shop.order_claim.wake_at is
    'When the run is to be told, again where it was told before; null once it has looked. Written with the '
    'news itself, so that no word to the run can be lost.';
create index order_claim_unheard on shop.order_claim (wake_at) where wake_at is not null;
create index order_claim_by_supplier_order on shop.order_claim (tenant_id, supplier_order_id);

create function shop.note_claim_news() returns trigger language plpgsql as
$$
begin
    new.news := old.news + 1;
    new.wake_at := clock_timestamp();
    return new;
end
$$;
grant execute on function shop.note_claim_news() to cartflux_app, cartflux_platform;
create trigger note_news before update on shop.order_claim for each row
    when ((old.remedy, old.sent_at, old.answer) is distinct from (new.remedy, new.sent_at, new.answer))
    execute function shop.note_claim_news();

-- A claim's shopper has the money when any refund of the order has settled, whoever made it.
create function shop.note_claims_refunded() returns trigger language plpgsql as
$$
begin
    update shop.order_claim set news = news + 1, wake_at = clock_timestamp()
    where tenant_id = new.tenant_id and order_id = new.order_id and settled_at is null;
    return null;
end
$$;
grant execute on function shop.note_claims_refunded() to cartflux_app, cartflux_platform;
create trigger note_claims after update on shop.refund for each row
    when (new.status = 'settled' and old.status <> 'settled' and new.amount_minor > 0)
    execute function shop.note_claims_refunded();

-- All claims on one supplier order together get no more back than it cost.
create function shop.bound_claim_credit() returns trigger language plpgsql as
$$
declare
    paid record;
    others bigint;
begin
    -- All claims on a supplier order take turns on their order's row, so that of two credits at once the
    -- second counts the first. Who wrote this one has it already.
    perform from shop.orders where tenant_id = new.tenant_id and id = new.order_id for no key update;
    select coalesce(cost_actual_minor, cost_snapshot_minor) as amount, currency into paid
    from shop.supplier_order where tenant_id = new.tenant_id and id = new.supplier_order_id;
    select coalesce(sum(credit_minor), 0) into others from shop.order_claim
    where tenant_id = new.tenant_id and supplier_order_id = new.supplier_order_id and id <> new.id;
    if new.credit_currency <> paid.currency or others + new.credit_minor > paid.amount then
        perform shop.refuse('order_claim_credit_within_cost', 'order_claim',
            format('supplier order %s cost less than what is credited for it', new.supplier_order_id));
    end if;
    return new;
end
$$;
grant execute on function shop.bound_claim_credit() to cartflux_app, cartflux_platform;
create trigger bound_credit before update on shop.order_claim for each row
    when (new.credit_minor is not null and old.credit_minor is null)
    execute function shop.bound_claim_credit();

create function shop.tell_claim() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    about text := 'order:' || new.order_id;
    facts jsonb := jsonb_build_object('order_id', new.order_id, 'claim', jsonb_build_object('id', new.id,
        'line_id', new.line_id, 'problem', new.problem, 'wish', new.wish, 'reported_at', new.reported_at,
        'remedy', new.remedy, 'settlement', new.settlement, 'answer', new.answer,
        'credit_currency', new.credit_currency, 'credit_minor', new.credit_minor));
begin
    if tg_op = 'INSERT' then
        perform shop.write_event(new.tenant_id, 'claim.opened', about, facts);
        return null;
    end if;
    if old.answer is null and new.answer is not null then
        perform shop.write_event(new.tenant_id, 'claim.answered', about, facts);
    end if;
    if old.settled_at is null and new.settled_at is not null then
        perform shop.write_event(new.tenant_id, 'claim.settled', about, facts);
    end if;
    return null;
end
$$;
create trigger tell_new after insert on shop.order_claim for each row execute function shop.tell_claim();
create trigger tell_change after update on shop.order_claim for each row
    when (old.answer is null and new.answer is not null
        or old.settled_at is null and new.settled_at is not null)
    execute function shop.tell_claim();

reset role;
