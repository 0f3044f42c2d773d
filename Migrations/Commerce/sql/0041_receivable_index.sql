-- Few entries are debts of merchants, and all of them are looked through at the end of a month. The index has
-- a migration of its own, because whoever posts waits until it is committed.
set local role cartflux_owner;
create index ledger_entry_receivable on shop.ledger_entry (tenant_id, transaction_id)
    where account like 'merchant_receivable:%';
reset role;
