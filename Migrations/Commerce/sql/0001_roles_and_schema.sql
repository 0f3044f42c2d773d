-- Who may touch the shop's data, and the tools the later files protect their tables with.
--
-- Roles belong to the whole cluster while databases are many, and several databases may be migrated at
-- once: a role that appears between our look and our create is as good as ours. Passwords are set by
-- whoever runs the servers, never here.
do $$
declare
    wanted record;
begin
    for wanted in
        select * from (values
            ('cartflux_owner', 'nologin'),
            ('cartflux_app', 'login'),
            ('cartflux_engine', 'login'),
            ('cartflux_platform', 'login')) as roles (name, entry)
    loop
        begin
            if not exists (select from pg_roles where rolname = wanted.name) then
                execute format(
                    'create role %I %s nosuperuser nobypassrls nocreatedb nocreaterole noinherit',
                    wanted.name, wanted.entry);
            end if;
        exception when duplicate_object or unique_violation then
            null;  -- Another database's migration made it first.
        end;
    end loop;
    -- An admin who is not a superuser has to be a member to create things in the owner's name.
    begin
        if not pg_has_role(current_user, 'cartflux_owner', 'member') then
            execute format('grant cartflux_owner to %I', current_user);
        end if;
    exception when unique_violation then
        null;
    end;
end
$$;

create schema if not exists shop;
alter schema shop owner to cartflux_owner;

set local role cartflux_owner;

comment on schema shop is
    'The shop: stores, orders, money. Row security is forced on every table of a tenant.';
grant usage on schema shop to cartflux_app, cartflux_platform;
-- Nothing new is open to anyone until its own file says so.
alter default privileges for role cartflux_owner in schema shop revoke all on tables from public;
alter default privileges for role cartflux_owner revoke execute on functions from public;

-- Puts a tenant's table behind row security. Grants are what the application may do within its own
-- tenant; `platform_reads` opens the table to the platform's pages, for reading only.
-- TRUNCATE and REFERENCES are never granted: neither looks at row security.
create function shop.protect(table_name text, app_grants text, platform_reads boolean default false)
    returns void language plpgsql as
$$
begin
    execute format('alter table shop.%I enable row level security', table_name);
    execute format('alter table shop.%I force row level security', table_name);
    -- Restrictive: whatever policy is added later can never widen access across tenants.
    execute format(
        'create policy tenant_only on shop.%I as restrictive for all to cartflux_app'
        || ' using (tenant_id = (select nullif(current_setting(''cartflux.tenant'', true), '''')::uuid))'
        || ' with check (tenant_id = '
        || '(select nullif(current_setting(''cartflux.tenant'', true), '''')::uuid))',
        table_name);
    execute format(
        'create policy app_rows on shop.%I for all to cartflux_app using (true) with check (true)',
        table_name);
    execute format('grant %s on shop.%I to cartflux_app', app_grants, table_name);
    if platform_reads then
        execute format(
            'create policy platform_reads on shop.%I for select to cartflux_platform using (true)',
            table_name);
        execute format('grant select on shop.%I to cartflux_platform', table_name);
    end if;
end
$$;

create function shop.touch_updated_at() returns trigger language plpgsql as
$$
begin
    new.updated_at := clock_timestamp();
    return new;
end
$$;

-- Raises as a named constraint would, so that one table in Swift maps every refusal to a problem.
create function shop.refuse(constraint_name text, on_table text, message text)
    returns void language plpgsql as
$$
begin
    raise exception using errcode = '23514', message = message, constraint = constraint_name,
        table = on_table, schema = 'shop';
end
$$;

create function shop.refuse_change() returns trigger language plpgsql as
$$
begin
    perform shop.refuse(tg_table_name || '_append_only', tg_table_name,
        format('rows of %s are never changed or removed; post a new one against them', tg_table_name));
    return null;
end
$$;

grant execute on function shop.touch_updated_at(), shop.refuse(text, text, text), shop.refuse_change()
    to cartflux_app, cartflux_platform;

reset role;
