-- A worker that is stopped in the middle of a transaction keeps its locks, and others wait for them as long
-- as it is stopped. Twenty seconds is longer than any call that is made within a transaction may take.
-- Several databases of one cluster may be migrated at once, and all of them want the same.
do $$
begin
    if not exists (
        select from pg_db_role_setting s join pg_roles r on r.oid = s.setrole
        where r.rolname = 'cartflux_app' and s.setdatabase = 0
          and 'idle_in_transaction_session_timeout=20s' = any(s.setconfig))
    then
        alter role cartflux_app set idle_in_transaction_session_timeout = '20s';
    end if;
exception when others then
    -- Another database's migration was faster: "tuple concurrently updated" has no condition name of its own.
    if sqlerrm not like '%concurrently updated%' then raise; end if;
end
$$;
