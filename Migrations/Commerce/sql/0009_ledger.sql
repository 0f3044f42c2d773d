-- Double entry, append only. A transaction that does not balance per currency cannot be committed.
set local role cartflux_owner;

create table shop.ledger_transaction (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    source text not null,
    source_id text not null,
    kind text not null,
    order_id uuid,
    note text not null default '',
    occurred_at timestamptz not null,
    posted_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint ledger_transaction_once unique (tenant_id, source, source_id, kind),
    constraint ledger_transaction_order foreign key (tenant_id, order_id)
        references shop.orders (tenant_id, id)
);
comment on table shop.ledger_transaction is
    'One business event in money. Unique on what caused it, so that posting it again adds nothing.';
create index ledger_transaction_by_order on shop.ledger_transaction (tenant_id, order_id);
create index ledger_transaction_by_time on shop.ledger_transaction (tenant_id, occurred_at);

create table shop.ledger_entry (
    tenant_id uuid not null references shop.store,
    transaction_id uuid not null,
    position smallint not null,
    account text not null constraint ledger_entry_account check (account ~ '^[a-z_]+(:[A-Za-z0-9_.-]+)*$'),
    currency text not null,
    amount_minor bigint not null constraint ledger_entry_not_zero check (amount_minor <> 0),
    primary key (tenant_id, transaction_id, position),
    constraint ledger_entry_transaction foreign key (tenant_id, transaction_id)
        references shop.ledger_transaction (tenant_id, id)
);
comment on table shop.ledger_entry is
    'Debit positive, credit negative. Balances are always derived from these rows.';
create index ledger_entry_by_account on shop.ledger_entry (tenant_id, account, currency)
    include (amount_minor);

create trigger append_only before update or delete on shop.ledger_transaction
    for each row execute function shop.refuse_change();
create trigger append_only before update or delete on shop.ledger_entry
    for each row execute function shop.refuse_change();

-- Deferred to the commit: entries arrive one by one. It sees only what row security shows, so if the tenant
-- was unset meanwhile it sees nothing, and nothing does not balance.
create function shop.check_ledger_balance() returns trigger language plpgsql as
$$
declare
    id uuid;
    entries bigint;
    uneven text;
begin
    id := case when tg_table_name = 'ledger_entry' then (to_jsonb(new) ->> 'transaction_id')::uuid
        else (to_jsonb(new) ->> 'id')::uuid end;
    select count(*) into entries from shop.ledger_entry e
        where e.tenant_id = new.tenant_id and e.transaction_id = id;
    select string_agg(format('%s %s', total, currency), ', ') into uneven from (
        select e.currency, sum(e.amount_minor) as total from shop.ledger_entry e
        where e.tenant_id = new.tenant_id and e.transaction_id = id
        group by e.currency having sum(e.amount_minor) <> 0) as off;
    if entries < 2 or uneven is not null then
        perform shop.refuse('ledger_transaction_balances', 'ledger_transaction', format(
            'ledger transaction %s has %s entries and is off by %s', id, entries,
            coalesce(uneven, 'nothing')));
    end if;
    return null;
end
$$;
grant execute on function shop.check_ledger_balance() to cartflux_app, cartflux_platform;
create constraint trigger balances after insert on shop.ledger_transaction
    deferrable initially deferred for each row execute function shop.check_ledger_balance();
create constraint trigger balances after insert on shop.ledger_entry
    deferrable initially deferred for each row execute function shop.check_ledger_balance();

select shop.protect('ledger_transaction', 'select, insert', true);
select shop.protect('ledger_entry', 'select, insert', true);

reset role;
