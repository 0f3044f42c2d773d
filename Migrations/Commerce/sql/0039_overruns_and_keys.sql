-- Accepted prices of suppliers are collected, and the keys that seal secrets can be changed.
set local role cartflux_owner;

-- Accepted prices ----------------------------------------------------------------------------------------

-- What merchants have accepted to pay of a supplier's higher price stands in the books of their stores as a
-- debt. It is collected with the month's invoice: closing a month lists every such entry once, whichever
-- month it is, and an entry that is listed is never listed again.
create table shop.platform_overrun (
    tenant_id uuid not null references shop.billing_account,
    month date not null constraint platform_overrun_of_month references shop.platform_month,
    store_id uuid not null,
    transaction_id uuid not null,
    store_name text not null constraint platform_overrun_store_name
        check (length(store_name) between 1 and 200),
    order_number bigint,
    currency text not null constraint platform_overrun_currency check (currency = 'EUR'),
    amount_minor bigint not null constraint platform_overrun_amount check (amount_minor <> 0),
    primary key (tenant_id, month, store_id, transaction_id),
    constraint platform_overrun_once unique (store_id, transaction_id, month)
);
comment on table shop.platform_overrun is
    'Debts for accepted higher prices that an account''s invoice of a month collects, by the entry of the '
    'books that each came from. Negative: a supplier gave it back, or it was taken from the store already.';
comment on column shop.platform_overrun.store_id is 'The account''s store whose books hold the entry.';
create index platform_overrun_by_month on shop.platform_overrun (tenant_id, month);
create trigger append_only before update or delete on shop.platform_overrun
    for each row execute function shop.refuse_change();
select shop.protect('platform_overrun', 'select', true);
create policy keeping on shop.platform_overrun for all to cartflux_owner using (true) with check (true);

alter table shop.platform_statement add column overrun_minor bigint not null default 0;
comment on column shop.platform_statement.overrun_minor is
    'What the month collects for accepted higher prices of suppliers; see shop.platform_overrun.';

alter table shop.platform_invoice_line drop constraint platform_invoice_line_kind;
alter table shop.platform_invoice_line add constraint platform_invoice_line_kind
    check (kind in ('subscription', 'markup', 'commission', 'processing', 'overrun'));

-- Lists what was posted up to the cut and is not listed yet: what was accepted, what suppliers gave back, and
-- what was taken back from a store at the vendor for an order with such a debt. The last two are set against
-- what the same invoice asks for, the plan's price included; an invoice asks for no less than nothing, so the
-- part that goes beyond waits for the next month.
create function shop.list_overruns(in_month date) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
begin
    -- Closing one month and looking ahead at another list the same entries: they take turns.
    perform pg_advisory_xact_lock(hashtext('shop.list_overruns'));
    insert into shop.platform_overrun (tenant_id, month, store_id, transaction_id, store_name, order_number,
            currency, amount_minor)
        with open as (
            select b.tenant_id, t.tenant_id as store_id, t.id as transaction_id, s.name as store_name,
                o.number as order_number, t.occurred_at,
                case when t.source = 'transfer_reversal' then greatest(e.amount_minor, -debt.accepted)
                    else e.amount_minor end - known.listed as amount_minor,
                coalesce((select shop.plan_monthly(p.plan, this.starts_at) from shop.plan_period p
                    where p.tenant_id = b.tenant_id and p.effective_at <= this.starts_at
                    order by p.effective_at desc, p.position desc limit 1), 0) as price
            from shop.platform_month this
            join shop.ledger_entry e on e.account like 'merchant_receivable:%' and e.currency = 'EUR'
            join shop.ledger_transaction t on t.tenant_id = e.tenant_id and t.id = e.transaction_id
            join shop.store s on s.tenant_id = t.tenant_id
            join shop.billing_account b on b.account_id = s.owner_id
            left join shop.orders o on o.tenant_id = t.tenant_id and o.id = t.order_id
            cross join lateral (
                select coalesce(sum(k.amount_minor), 0) as listed from shop.platform_overrun k
                where k.store_id = t.tenant_id and k.transaction_id = t.id) known
            cross join lateral (
                select coalesce(sum(x.amount_minor), 0) as accepted from shop.ledger_transaction d
                join shop.ledger_entry x on x.tenant_id = d.tenant_id and x.transaction_id = d.id
                    and x.account like 'merchant_receivable:%' and x.currency = 'EUR'
                where t.source = 'transfer_reversal' and d.tenant_id = t.tenant_id
                    and d.order_id = t.order_id and d.source = 'supplier_order') debt
            where this.month = in_month
                and t.source in ('supplier_order', 'supplier_credit', 'transfer_reversal')
                and t.occurred_at < this.ends_at and t.posted_at <= this.posted_until
        ), ordered as (
            select open.*, price + sum(greatest(amount_minor, 0)) over (partition by tenant_id) as asked,
                coalesce(sum(least(amount_minor, 0)) over (partition by tenant_id
                    order by occurred_at, store_id, transaction_id
                    rows between unbounded preceding and 1 preceding), 0) as given_before
            from open where amount_minor <> 0
        ), fitting as (
            select ordered.*, case when amount_minor > 0 then amount_minor
                else greatest(amount_minor, -greatest(asked + given_before, 0)) end as part
            from ordered
        )
        select tenant_id, in_month, store_id, transaction_id,
            coalesce(nullif(left(store_name, 200), ''), 'store'), order_number, 'EUR', part::bigint
        from fitting where part <> 0;
end
$$;

-- Closing a month lists them before it makes the statements, and each statement says what they come to.
-- Nothing else of the function changes, so its own text is taken and the places put right.
do $$
declare
    body text := pg_get_functiondef('shop.close_month(date, timestamptz)'::regprocedure);
    changed text;
    place text[];
begin
    foreach place slice 1 in array array[
        array['insert into shop.platform_statement (',
            'perform shop.list_overruns(in_month);
    insert into shop.platform_statement ('],
        array['credit_processing_minor, supplier_minor)',
            'credit_processing_minor, supplier_minor, overrun_minor)'],
        array['coalesce(f.supplier, 0) as supplier',
            'coalesce(f.supplier, 0) as supplier,
                coalesce(v.overrun, 0) as overrun, v.tenant_id is not null as has_overruns'],
        array['left join fees f on f.tenant_id = b.tenant_id',
            'left join fees f on f.tenant_id = b.tenant_id
            left join (select tenant_id, sum(amount_minor)::bigint as overrun from shop.platform_overrun
                where month = in_month group by tenant_id) v on v.tenant_id = b.tenant_id'],
        array['credit_processing, supplier
        from found', 'credit_processing, supplier, overrun
        from found'],
        array['where (subscription, markup,', 'where has_overruns or (subscription, markup,']
    ] loop
        changed := replace(body, place[1], place[2]);
        if length(body) - length(replace(body, place[1], '')) <> length(place[1]) then
            raise exception 'close_month does not say where it is expected to: %', place[1];
        end if;
        body := changed;
    end loop;
    execute body;
end
$$;

-- What closing a month would make of it now, with what it would collect.
drop function shop.preview_month(date);
create function shop.preview_month(in_month date)
    returns table (tenant_id uuid, plan text, subscription_minor bigint, fees_minor bigint,
        credits_minor bigint, overrun_minor bigint)
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
declare
    found jsonb := '[]';
begin
    begin
        if not exists (select from shop.platform_month where month = in_month) then
            insert into shop.platform_month (month, starts_at, ends_at, posted_until)
                values (in_month, shop.month_start(in_month),
                    shop.month_start((in_month + interval '1 month')::date), clock_timestamp());
        end if;
        perform shop.close_month(in_month, now());
        select coalesce(jsonb_agg(to_jsonb(s) order by s.tenant_id), '[]') into found
            from shop.platform_statement s where s.month = in_month;
        raise exception using errcode = 'CF021', message = 'only a preview';
    exception when sqlstate 'CF021' then
        null;
    end;
    return query
        select s.tenant_id, s.plan, s.subscription_minor,
            s.markup_minor + s.commission_minor + s.processing_minor,
            s.credit_markup_minor + s.credit_commission_minor + s.credit_processing_minor, s.overrun_minor
        from jsonb_populate_recordset(null::shop.platform_statement, found) s;
end
$$;
revoke all on function shop.preview_month(date) from public;
grant execute on function shop.preview_month(date) to cartflux_platform;

-- Keys -----------------------------------------------------------------------------------------------------

-- Sealed rows name their key, so that each can be sealed again under another. What spans the stores is to
-- know which keys are in use, and where: the rows themselves are opened and sealed store by store, by a
-- process that has the keys.
create policy rotating on shop.vendor_credential for select to cartflux_owner using (true);
create policy rotating on shop.personal_data_request for select to cartflux_owner using (true);
create policy rotating on shop.personal_data_document for select to cartflux_owner using (true);
create policy rotating on shop.admin for select to cartflux_owner using (true);
grant update (sealed, key_id) on shop.personal_data_document to cartflux_app;

create view shop.sealed_row as
    select tenant_id, key_id from shop.vendor_credential
    union all select tenant_id, contact_key from shop.personal_data_request where contact is not null
    union all select tenant_id, key_id from shop.personal_data_document
    union all select tenant_id, key_id from shop.api_answer
    union all select null, totp_key_id from shop.admin;
comment on view shop.sealed_row is
    'Everything that is sealed under one of the credentials'' keys, for the two functions below alone. An '
    'administrator''s belongs to no store.';

-- The names of the keys under which something is sealed, with how much.
create function shop.sealing_keys() returns table (key_id text, sealed bigint)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select key_id, count(*) from shop.sealed_row group by key_id order by key_id $$;

-- Stores, and rooms of persons, with something that is sealed under another key than this one.
create function shop.sealed_otherwise(in_key text, in_after uuid, in_limit integer)
    returns table (tenant_id uuid)
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$
    select distinct tenant_id from shop.sealed_row
    where key_id <> in_key and tenant_id > in_after order by tenant_id limit in_limit
$$;
grant execute on function shop.sealing_keys(), shop.sealed_otherwise(text, uuid, integer)
    to cartflux_platform;

reset role;
