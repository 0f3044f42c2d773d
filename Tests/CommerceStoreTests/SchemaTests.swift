import Commerce
import Foundation
import Postgres
import Testing

@testable import CommerceStore

// The walk reads the catalogue, not our SQL: a table that somebody adds without its protection fails here
// by itself.

@Suite struct SchemaTests {
    /// Tables that belong to no tenant, each for a reason that its comment in the schema gives.
    static let shared: Set<String> = [
        "plan", "app_user", "platform_supplier", "fx_rate", "stock_item", "webhook_inbox", "migration",
        "ledger_report", "platform_identity", "platform_month", "platform_series", "affiliate_referral",
        "throttle", "admin", "admin_recovery_code", "admin_session", "bulk_proposal",
        "catalogue_item", "catalogue_category", "catalogue_sync", "catalogue_quarantine",
        "catalogue_safety_loss", "catalogue_attribute", "catalogue_attribute_group", "platform_attention",
        "plan_version", "admin_view",
    ]

    /// Those of them that the application may write, and those in which every store may read every row.
    static let written: Set<String> = ["webhook_inbox"]
    static let readByAll: Set<String> = [
        "plan", "platform_supplier", "fx_rate", "webhook_inbox", "platform_identity",
        "catalogue_item", "catalogue_category", "catalogue_sync",
    ]

    /// One line per flaw, such as "orders: row security is not forced".
    static func flaws(_ connection: PostgresPool, schema: String) async throws -> [String] {
        try await connection.execute(
            """
            with tables as (
                select c.oid, c.relname::text as name, c.relrowsecurity, c.relforcerowsecurity,
                    exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id'
                        and a.attnotnull) as has_tenant
                from pg_class c where c.relnamespace = \(schema)::regnamespace and c.relkind in ('r', 'p')
            ), keys as (
                select k.*, (select attname::text from pg_attribute
                    where attrelid = k.conrelid and attnum = k.conkey[1]) as first_column,
                    exists (select from pg_attribute where attrelid = k.conrelid and attname = 'tenant_id'
                        and attnum = any(k.conkey)) as covers
                from pg_constraint k
            )
            select name || ': ' || flaw as flaw from tables, lateral (
                select 'has neither a tenant nor a place on the list of shared tables'
                    where not has_tenant and not name = any(\(Array(shared)))
                union all select 'may be written by the application'
                    where not has_tenant and not name = any(\(Array(written)))
                        and (has_table_privilege('cartflux_app', tables.oid, 'insert, update, delete')
                            or has_any_column_privilege('cartflux_app', tables.oid, 'insert, update'))
                union all select 'shows every store every row'
                    where not has_tenant and not name = any(\(Array(readByAll)))
                        and has_any_column_privilege('cartflux_app', tables.oid, 'select')
                        and (not (relrowsecurity and relforcerowsecurity)
                            or exists (select from pg_policy p where p.polrelid = tables.oid
                                and 'cartflux_app'::regrole = any(p.polroles)
                                and pg_get_expr(p.polqual, p.polrelid) = 'true'))
                union all select 'row security is not forced'
                    where has_tenant and not (relrowsecurity and relforcerowsecurity)
                union all select 'has no restrictive policy on the tenant'
                    where has_tenant and not exists (select from pg_policy p where p.polrelid = tables.oid
                        and not p.polpermissive and pg_get_expr(p.polqual,
                            p.polrelid) like '%cartflux.tenant%'
                        and pg_get_expr(p.polwithcheck, p.polrelid) like '%cartflux.tenant%')
                union all select 'the primary key does not begin with the tenant'
                    where has_tenant and not exists (select from keys
                        where conrelid = tables.oid and contype = 'p' and first_column = 'tenant_id')
                union all select 'foreign key ' || conname || ' leaves the tenant out' from keys
                    where has_tenant and conrelid = tables.oid and contype = 'f' and not covers
                        and exists (select from pg_attribute where attrelid = confrelid
                            and attname = 'tenant_id')
                union all select 'is open to TRUNCATE or REFERENCES'
                    where exists (select from unnest(array['cartflux_app', 'cartflux_platform',
                        'cartflux_engine']) as role
                        where has_table_privilege(role, tables.oid, 'truncate')
                            or has_table_privilege(role, tables.oid, 'references'))
                union all select 'belongs to ' || pg_get_userbyid(relowner) from pg_class
                    where pg_class.oid = tables.oid and pg_get_userbyid(relowner) <> 'cartflux_owner'
                        and name <> 'migration'
                union all select 'has no comment that says why'
                    where obj_description(tables.oid, 'pg_class') is null and name <> 'migration'
            ) as found (flaw) order by 1
            """
        ).column(0)
    }

    @Test("every tenant table forces row security and carries the tenant in its keys")
    func everyTableIsProtected() async throws {
        let servers = try await TestPlatform.shared.servers()

        let flaws = try await Self.flaws(servers.app, schema: "shop")

        #expect(flaws == [])
    }

    @Test("the walk finds a table that was left open")
    func walkFindsAnOpenTable() async throws {
        let servers = try await TestPlatform.shared.servers()
        try await servers.raw.psql(
            """
            create schema careless; grant usage on schema careless to cartflux_app;
            create table careless.gift (id uuid primary key, tenant_id uuid not null);
            create table careless.ribbon (id uuid primary key, tenant_id uuid not null,
                gift uuid references careless.gift);
            create table careless.card (id uuid primary key);
            grant truncate on careless.gift to cartflux_app;
            grant select, update (id) on careless.card to cartflux_app;
            """)

        let flaws = try await Self.flaws(servers.app, schema: "careless")

        #expect(flaws.contains("gift: row security is not forced"))
        #expect(flaws.contains("gift: has no restrictive policy on the tenant"))
        #expect(flaws.contains("gift: the primary key does not begin with the tenant"))
        #expect(flaws.contains("gift: is open to TRUNCATE or REFERENCES"))
        #expect(flaws.contains("ribbon: foreign key ribbon_gift_fkey leaves the tenant out"))
        #expect(flaws.contains("card: may be written by the application"))
        #expect(flaws.contains("card: shows every store every row"))
        #expect(flaws.contains("card: has neither a tenant nor a place on the list of shared tables"))
    }

    @Test("without a tenant there are no rows, and another tenant's rows cannot be written")
    func noTenantNoRows() async throws {
        let shop = try await TestShop.open()
        let other = try await TestShop.open()
        let servers = try await TestPlatform.shared.servers()

        let unset = try await servers.app.execute("select count(*) from shop.product").rows[0].decode(
            0, as: Int.self)

        #expect(unset == 0)
        await #expect(throws: PostgresError.self) {
            try await shop.transaction { tx in
                try await tx.execute(
                    "insert into shop.coupon values (\(other.tenant.rawValue), \(UUID()), 'GIFT', 10)")
            }
        }
    }

    @Test("constraints that have a name in Swift exist in the database", arguments: Problem.allCases)
    func namesExist(problem: Problem) async throws {
        let servers = try await TestPlatform.shared.servers()

        let known = try await servers.app.execute(
            """
            select exists (select from pg_constraint where conname = \(problem.rawValue))
                or exists (select from pg_class where relkind = 'i' and relname = \(problem.rawValue))
                or exists (select from pg_proc where pronamespace = 'shop'::regnamespace
                    and (prosrc like '%''' || \(problem.rawValue) || '''%'
                        or prosrc like '%_append_only''%' and \(problem.rawValue) like '%\\_append\\_only'))
            """
        ).rows[0].decode(0, as: Bool.self)

        #expect(known)
    }

    @Test("ranks and machines are the same in Swift and in the database")
    func machinesAgree() async throws {
        let app = try await TestPlatform.shared.servers().app
        for from in SupplierOrderState.allCases {
            for to in SupplierOrderState.allCases {
                let may = try await app.execute(
                    "select shop.supplier_order_may(\(from.rawValue), \(to.rawValue))"
                ).rows[0].decode(0, as: Bool.self)
                #expect(may == from.canMove(to: to), "\(from) to \(to)")
            }
        }
        try await expectRanks(PaymentStatus.self, "payment_rank", app)
        try await expectRanks(FulfilmentStatus.self, "fulfilment_rank", app)
        try await expectRanks(InvoiceStatus.self, "invoice_rank", app)
    }

    private func expectRanks<Status: RankedStatus>(
        _ type: Status.Type, _ function: String, _ app: PostgresPool
    ) async throws {
        for status in Status.allCases {
            let rank = try await app.execute("select shop.\(raw: function)(\(status.rawValue))")
                .rows[0].decode(0, as: Int.self)
            #expect(rank == status.rank, "\(status)")
        }
    }

    @Test("the seeded plans are the rule book's")
    func plansAreTheRuleBooks() async throws {
        let database = try await TestPlatform.shared.servers().database

        let stored = try await Plans(database).catalogue()

        #expect(stored == PlanCatalogue.standard)
    }

    @Test(
        "a role that row security does not bind is refused at the start",
        arguments: ["postgres", "cartflux_app", "cartflux_platform"])
    func powerfulRolesAreRefused(role: String) async throws {
        let servers = try await TestPlatform.shared.servers()
        let pool = PostgresPool(try PostgresConfiguration(servers.raw.url(role: role)), size: 1)
        var refusal: StoreError?

        do { try await RoleCheck.refusePowerfulRole(pool, variable: "DATABASE_URL") } catch {
            refusal = error as? StoreError
        }

        if role == "postgres" {
            #expect(refusal == .unsafeRole(variable: "DATABASE_URL", reason: "postgres is a superuser"))
        } else {
            #expect(refusal == nil)
        }
        await pool.shutdown()
    }
}
