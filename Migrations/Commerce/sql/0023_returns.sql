-- What happens to an order after it was placed: the shopper withdraws from all or a part of it, units are
-- canceled and the address is corrected until the supplier has been asked.
set local role cartflux_owner;

-- The law lets some goods be kept out of the right of withdrawal. What was true at the sale stays true.
alter table shop.product add column withdrawal_exclusion text
    constraint product_withdrawal_exclusion
        check (withdrawal_exclusion in ('hygiene', 'perishable', 'custom_made', 'digital'));
comment on column shop.product.withdrawal_exclusion is
    'Why a shopper cannot withdraw from buying it; null for what can be withdrawn from.';
alter table shop.order_line add column withdrawal_exclusion text
    constraint order_line_withdrawal_exclusion
        check (withdrawal_exclusion in ('hygiene', 'perishable', 'custom_made', 'digital'));
comment on column shop.order_line.withdrawal_exclusion is 'The product''s at the sale.';

create function shop.keep_exclusion() returns trigger language plpgsql as
$$
begin
    new.withdrawal_exclusion := (select p.withdrawal_exclusion from shop.product p
        where p.tenant_id = new.tenant_id and p.id = new.product_id);
    return new;
end
$$;
grant execute on function shop.keep_exclusion() to cartflux_app, cartflux_platform;
create trigger keep_exclusion before insert on shop.order_line for each row
    execute function shop.keep_exclusion();

alter table shop.supplier_order add column given_to_merchant_at timestamptz;
comment on column shop.supplier_order.given_to_merchant_at is
    'Since when the merchant orders it by hand. From then on nothing of it can be called back here.';
comment on column shop.supplier_order.run_id is 'The run that brings it to its supplier.';

create table shop.withdrawal (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    order_id uuid not null,
    name text not null constraint withdrawal_name check (length(name) <= 100),
    email text not null constraint withdrawal_email check (length(email) between 3 and 254),
    locale text not null constraint withdrawal_locale check (locale in ('ro', 'en', 'de', 'es')),
    submitted_at timestamptz not null,
    refund_due_at timestamptz not null,
    run_id uuid,
    tracking text constraint withdrawal_tracking check (length(tracking) between 1 and 100),
    sent_at timestamptz,
    received_at timestamptz,
    received_by text constraint withdrawal_received_by check (length(received_by) between 1 and 100),
    refunded_at timestamptz,
    primary key (tenant_id, id),
    constraint withdrawal_order foreign key (tenant_id, order_id) references shop.orders (tenant_id, id),
    constraint withdrawal_due_after check (refund_due_at > submitted_at),
    constraint withdrawal_proof_whole check ((tracking is null) = (sent_at is null)),
    constraint withdrawal_receipt_whole check ((received_by is null) = (received_at is null))
);
comment on table shop.withdrawal is
    'A shopper''s declaration of withdrawal, as it was sent. The id comes with the form, so that sending it '
    'twice is one declaration. What was declared never changes; only its erasure empties name and address.';
comment on column shop.withdrawal.refund_due_at is
    'The law''s last moment for the refund, unless neither goods nor proof of sending have come by then.';
comment on column shop.withdrawal.tracking is 'The shopper''s proof of having sent the goods.';
create index withdrawal_by_order on shop.withdrawal (tenant_id, order_id);
create index withdrawal_newest on shop.withdrawal (tenant_id, submitted_at desc, id);
create index withdrawal_open on shop.withdrawal (tenant_id, refund_due_at) where refunded_at is null;

create function shop.guard_withdrawal() returns trigger language plpgsql as
$$
begin
    if (new.order_id, new.locale, new.submitted_at, new.refund_due_at)
            is distinct from (old.order_id, old.locale, old.submitted_at, old.refund_due_at)
        or new.name <> old.name and new.name <> ''
        or new.email <> old.email and new.email <> 'erased@erased.invalid'
        or old.received_at is not null and new.received_at is distinct from old.received_at
        or old.refunded_at is not null and new.refunded_at is distinct from old.refunded_at then
        perform shop.refuse('withdrawal_frozen', 'withdrawal',
            format('what was declared in withdrawal %s is never changed', old.id));
    end if;
    return new;
end
$$;
grant execute on function shop.guard_withdrawal() to cartflux_app, cartflux_platform;
create trigger guard before update on shop.withdrawal for each row execute function shop.guard_withdrawal();
select shop.protect('withdrawal', 'select, insert, update', true);

create table shop.withdrawal_unit (
    tenant_id uuid not null references shop.store,
    unit_id uuid not null,
    withdrawal_id uuid not null,
    was_canceled boolean not null,
    constraint withdrawal_unit_once primary key (tenant_id, unit_id),
    constraint withdrawal_unit_unit foreign key (tenant_id, unit_id) references shop.unit (tenant_id, id),
    constraint withdrawal_unit_withdrawal foreign key (tenant_id, withdrawal_id)
        references shop.withdrawal (tenant_id, id)
);
comment on table shop.withdrawal_unit is
    'Which units a withdrawal is about; each can be withdrawn from once.';
comment on column shop.withdrawal_unit.was_canceled is
    'No supplier had been asked for it yet: nothing has to come back before the refund.';
create index withdrawal_unit_by_withdrawal on shop.withdrawal_unit (tenant_id, withdrawal_id);
select shop.protect('withdrawal_unit', 'select, insert', true);

reset role;
