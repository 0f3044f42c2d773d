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
    primary key (tenant_id, store_id, transaction_id),
    constraint platform_overrun_once unique (store_id, transaction_id)
);
comment on table shop.platform_overrun is
    'Debts for accepted higher prices that an account''s invoice of a month collects, by the entry of the '
    'books that each came from. Negative: a supplier gave back what a merchant had paid before.';
comment on column shop.platform_overrun.store_id is 'The account''s store whose books hold the entry.';
create index platform_overrun_by_month on shop.platform_overrun (tenant_id, month);
create trigger append_only before update or delete on shop.platform_overrun
    for each row execute function shop.refuse_change();
select shop.protect('platform_overrun', 'select', true);
create policy keeping on shop.platform_overrun for all to cartflux_owner using (true) with check (true);

-- Few entries are debts of merchants, and all of them are looked through at the end of a month.
create index ledger_entry_receivable on shop.ledger_entry (tenant_id, transaction_id)
    where account like 'merchant_receivable:%';

alter table shop.platform_statement add column overrun_minor bigint not null default 0;
comment on column shop.platform_statement.overrun_minor is
    'What the month collects for accepted higher prices of suppliers; see shop.platform_overrun.';

alter table shop.platform_invoice_line drop constraint platform_invoice_line_kind;
alter table shop.platform_invoice_line add constraint platform_invoice_line_kind
    check (kind in ('subscription', 'markup', 'commission', 'processing', 'overrun'));

-- Lists what was posted up to the cut and is not listed yet. What suppliers gave back is set against what
-- the same invoice asks for, the plan's price included; an invoice asks for no less than nothing, so what
-- goes beyond waits for the next month.
create function shop.list_overruns(in_month date) returns void
    language sql security definer set search_path = pg_catalog, pg_temp as
$$
    insert into shop.platform_overrun (tenant_id, month, store_id, transaction_id, store_name, order_number,
            currency, amount_minor)
        with open as (
            select b.tenant_id, t.tenant_id as store_id, t.id as transaction_id, s.name as store_name,
                o.number as order_number, e.amount_minor, t.occurred_at, this.starts_at
            from shop.platform_month this
            join shop.ledger_entry e on e.account like 'merchant_receivable:%' and e.currency = 'EUR'
            join shop.ledger_transaction t on t.tenant_id = e.tenant_id and t.id = e.transaction_id
            join shop.store s on s.tenant_id = t.tenant_id
            join shop.billing_account b on b.account_id = s.owner_id
            left join shop.orders o on o.tenant_id = t.tenant_id and o.id = t.order_id
            where this.month = in_month and t.source in ('supplier_order', 'supplier_credit')
                and t.occurred_at < this.ends_at and t.posted_at <= this.posted_until
                and not exists (select from shop.platform_overrun known
                    where known.store_id = t.tenant_id and known.transaction_id = t.id)
        ), ordered as (
            select open.*,
                coalesce(sum(amount_minor) filter (where amount_minor > 0) over (partition by tenant_id), 0)
                    as debts,
                sum(least(amount_minor, 0)) over (partition by tenant_id
                    order by occurred_at, store_id, transaction_id) as given_back
            from open
        )
        select tenant_id, in_month, store_id, transaction_id, left(store_name, 200), order_number, 'EUR',
            amount_minor
        from ordered
        where amount_minor > 0 or debts + given_back + coalesce((
            select shop.plan_monthly(p.plan, ordered.starts_at) from shop.plan_period p
            where p.tenant_id = ordered.tenant_id and p.effective_at <= ordered.starts_at
            order by p.effective_at desc, p.position desc limit 1), 0) >= 0
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
        if changed = body or position(place[1] in replace(changed, place[2], '')) > 0 then
            raise exception 'close_month does not say where it is expected to: %', place[1];
        end if;
        body := changed;
    end loop;
    execute body;
end
$$;

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
