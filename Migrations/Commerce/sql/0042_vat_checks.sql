-- What the tax authorities said about merchants' VAT numbers. A business of another member state owes the VAT
-- on the platform's invoices itself, but only where its number is registered there: VIES is asked, and its
-- answer kept as the evidence for an invoice without VAT. A register that is away says nothing, and leaves
-- nothing here.
set local role cartflux_owner;

create table shop.vat_check (
    tenant_id uuid not null references shop.billing_account,
    run_id uuid not null,
    vat_number text not null constraint vat_check_number check (vat_number ~ '^[A-Z]{2}[A-Z0-9+*]{2,13}$'),
    asked_at timestamptz not null,
    is_valid boolean not null,
    consultation_number text constraint vat_check_consultation
        check (length(consultation_number) between 1 and 100),
    registered_name text constraint vat_check_name check (length(registered_name) between 1 and 400),
    registered_address text constraint vat_check_address
        check (length(registered_address) between 1 and 1000),
    primary key (tenant_id, run_id)
);
comment on table shop.vat_check is
    'Each answer about an account''s VAT number, as it was given: evidence, never changed. Kept with the '
    'account''s home store.';
comment on column shop.vat_check.run_id is 'The run that asked.';
comment on column shop.vat_check.consultation_number is
    'Proves the question to a tax office. Null where VIES did not know the platform''s own number.';
comment on column shop.vat_check.registered_name is
    'As the member state''s register has it. Null where it tells none.';
create trigger append_only before update or delete on shop.vat_check
    for each row execute function shop.refuse_change();
select shop.protect('vat_check', 'select, insert', true);

comment on column shop.billing_account.vat_checked_at is
    'When the member state''s register last said that the VAT number is valid; the answer is in '
    'shop.vat_check. Without it a merchant of another country is billed with VAT.';
comment on column shop.business_identity.vat_checked_at is
    'When the form and the check digits were found right. Whether the number is registered is asked for the '
    'account that the store is billed with: see shop.vat_check.';

-- The daily round looks for numbers that are due over all accounts.
grant execute on function shop.home_of_account(uuid) to cartflux_platform;

-- A trader's copy of their data has the answers too. Nothing else of the function changes, so its own text is
-- taken and the place put right.
create policy keeping on shop.vat_check for select to cartflux_owner using (true);
do $$
declare
    body text := pg_get_functiondef('shop.copy_of_user()'::regprocedure);
    place text := '''invoices'', (select';
    changed text := replace(body, place,
        '''vat_checks'', (select coalesce(jsonb_agg(to_jsonb(v) - ''tenant_id'' order by v.asked_at), ''[]'')
            from shop.vat_check v join shop.billing_account o on o.tenant_id = v.tenant_id
            where o.account_id = shop.this_tenant()),
        ' || place);
begin
    if changed = body then
        raise exception 'copy_of_user does not say where it is expected to: %', place;
    end if;
    execute changed;
end
$$;

reset role;
