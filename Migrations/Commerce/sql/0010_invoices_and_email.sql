-- Papers: invoices with their PDF, and the e-mails that must go out exactly once per cause.
set local role cartflux_owner;

create table shop.invoice (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    order_id uuid not null,
    kind text not null constraint invoice_kind check (kind ~ '^(invoice|storno|credit:[0-9a-f-]{36})$'),
    reference text not null,
    status text not null default 'pending'
        constraint invoice_status check (status in ('pending', 'retrying', 'manual', 'issued', 'storno')),
    series text,
    number text,
    url text,
    attempts integer not null default 0,
    problem text,
    issued_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint invoice_once unique (tenant_id, order_id, kind),
    constraint invoice_number_unique unique (tenant_id, series, number),
    constraint invoice_issued_has_number
        check (status <> 'issued' or (series is not null and number is not null)),
    constraint invoice_order foreign key (tenant_id, order_id) references shop.orders (tenant_id, id)
);
comment on table shop.invoice is 'One invoice per order and kind, in the merchant''s own series.';
create trigger touch before update on shop.invoice for each row execute function shop.touch_updated_at();

create function shop.guard_invoice() returns trigger language plpgsql as
$$
begin
    if old.number is not null and (new.series, new.number) is distinct from (old.series, old.number)
        or old.status in ('issued', 'storno') and new.status not in (old.status, 'storno') then
        perform shop.refuse('invoice_issued_is_final', 'invoice',
            format('invoice %s is already issued', old.id));
    end if;
    return new;
end
$$;
grant execute on function shop.guard_invoice() to cartflux_app, cartflux_platform;
create trigger guard before update on shop.invoice for each row execute function shop.guard_invoice();
select shop.protect('invoice', 'select, insert, update', true);

create table shop.invoice_document (
    tenant_id uuid not null references shop.store,
    invoice_id uuid not null,
    pdf bytea not null constraint invoice_document_size check (octet_length(pdf) between 1 and 5242880),
    stored_at timestamptz not null default now(),
    primary key (tenant_id, invoice_id),
    constraint invoice_document_invoice foreign key (tenant_id, invoice_id)
        references shop.invoice (tenant_id, id)
);
comment on table shop.invoice_document is
    'The PDF, apart from the row that lists read. Kept as long as the law asks.';
select shop.protect('invoice_document', 'select, insert');

create table shop.email (
    tenant_id uuid not null references shop.store,
    id uuid not null,
    cause text not null,
    order_id uuid,
    sender text not null,
    recipient text not null,
    reply_to text,
    locale text not null,
    subject text not null,
    html text not null,
    plain text not null,
    status text not null default 'queued' constraint email_status check (status in (
        'queued', 'sending', 'sent', 'delivered', 'bounced', 'complained', 'failed', 'suppressed')),
    provider_id text,
    attempts integer not null default 0,
    problem text,
    sent_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    constraint email_cause_once unique (tenant_id, cause),
    constraint email_order foreign key (tenant_id, order_id) references shop.orders (tenant_id, id)
);
comment on table shop.email is
    'What was written to whom, rendered once. Unique on its cause: no cause is ever written about twice.';
create index email_waiting on shop.email (tenant_id, created_at) where status in ('queued', 'sending');
create index email_by_provider on shop.email (provider_id) where provider_id is not null;
create trigger touch before update on shop.email for each row execute function shop.touch_updated_at();
create policy routing on shop.email for select to cartflux_owner using (true);
select shop.protect('email', 'select, insert, update', true);

create function shop.tenant_of_email(in_provider_id text) returns uuid
    language sql stable security definer set search_path = pg_catalog, pg_temp as
$$ select tenant_id from shop.email where provider_id = in_provider_id $$;
grant execute on function shop.tenant_of_email(text) to cartflux_app;

create table shop.email_suppression (
    tenant_id uuid not null references shop.store,
    address text not null constraint email_suppression_normalised check (address = lower(address)),
    reason text not null,
    since timestamptz not null default now(),
    primary key (tenant_id, address)
);
comment on table shop.email_suppression is
    'Addresses that bounced or complained; nothing more is sent to them.';
select shop.protect('email_suppression', 'select, insert, delete');

reset role;
