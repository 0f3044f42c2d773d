// The night of the first: a month of all accounts is closed and every account's invoice issued, by the same
// workflows, worker and database roles as in production. Letters and payments go out afterwards at the pace
// that the vendors allow, and are not waited for.

import Commerce
import Durable
import Fleet
import Foundation
import Postgres
import VendorSandbox
import Workflows

struct BillingBench: Bench {
    let scene: BenchScene
    let entries: Int

    private static let accounts = 10_000
    private static let patience: Duration = .seconds(600)
    private static let month = BillingMonth(year: 2026, month: 10)

    func run() async throws -> BenchReport {
        let loadBefore = try ProcessUsage.machineLoad()
        var (closed, billed, memory): ([Double], [Double], [Double]) = ([], [], [])
        for round in 1...scene.rounds {
            scene.say(
                "round \(round) of \(scene.rounds): \(entries) ledger entries of \(Self.accounts) accounts")
            try await scene.clear()
            try await scene.database.fillLedger(accounts: Self.accounts, entries: entries)
            let measured = try await bill()
            closed.append(measured.closed)
            billed.append(measured.billed)
            memory.append(measured.megabytes)
        }
        try await scene.clear()
        return try await scene.report(
            .billing, loadBefore: loadBefore,
            [
                BenchFigure("closed", "month closed, statements made", "s", closed),
                BenchFigure("billed", "every invoice issued", "s", billed, .below(60)),
                BenchFigure("memory", "memory of the process", "MB", memory),
            ],
            notes: ["Letters and payments wait for their vendors' limits and are not counted."])
    }

    private func bill() async throws -> (closed: Double, billed: Double, megabytes: Double) {
        try await Self.withPlatform { platform in
            let began = ContinuousClock.now
            _ = try await platform.runs.start(
                MonthlyPlatformBilling.self, .init(month: Self.month), for: .none)
            try await scene.database.wait(upTo: Self.patience, for: "platform_month", rows: 1, closed: true)
            let closed = (ContinuousClock.now - began).inSeconds
            try await scene.database.wait(
                upTo: Self.patience, for: "platform_invoice", rows: Self.accounts, closed: false)
            let billed = (ContinuousClock.now - began).inSeconds
            let bytes = try ProcessUsage.memoryBytes(of: ProcessInfo.processInfo.processIdentifier)
            return (closed, billed, Double(bytes) / 1_000_000)
        }
    }

    /// A platform with a worker, on sandboxes in this process.
    static func withPlatform<Value: Sendable>(
        _ body: @escaping @Sendable (Platform) async throws -> Value
    ) async throws -> Value {
        let sandbox = try await VendorSandbox.start()
        var environment = ProcessInfo.processInfo.environment
        environment.merge([
            "STRIPE_SECRET_KEY": "sk_test_bench", "STRIPE_API_BASE": sandbox.stripe.baseURL,
            "RESEND_API_KEY": "re_bench", "RESEND_API_BASE": sandbox.resend.baseURL,
            "BIGBUY_API_KEY": "bench", "BIGBUY_API_BASE": sandbox.bigBuy.baseURL,
            "MAIL_FROM": "bench@mail.cartflux.example", "WEB_BASE_DOMAIN": "cartflux.example",
            "CREDENTIALS_KEY": Data(repeating: 1, count: 32).base64EncodedString(), "LOG_LEVEL": "error",
        ]) { _, ours in ours }
        let platform = try await Platform(Settings(environment), label: "bench")
        let worker = try platform.worker()
        let value = try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                try await platform.runs.run()
                return nil
            }
            group.addTask {
                try await worker.run()
                return nil
            }
            group.addTask { try await body(platform) }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
        await platform.close()
        await sandbox.stop()
        return value
    }
}

extension BenchDatabase {
    /// Accounts of one store each on the free plan, and orders of last month: four ledger entries each.
    func fillLedger(accounts: Int, entries: Int) async throws {
        for statement in Self.ledger(accounts: accounts, orders: entries / 4) {
            _ = try await connection.execute(statement)
        }
    }

    func wait(upTo limit: Duration, for table: String, rows: Int, closed: Bool) async throws {
        let condition = closed ? "where closed_at is not null" : ""
        let isDone = try await poll(upTo: limit, every: .milliseconds(50)) {
            try await value(
                "select count(*) >= \(rows) from shop.\(raw: table) \(raw: condition)", as: Bool.self)
        }
        guard !isDone else { return }
        throw BenchError.stuck(live: rows, limit)
    }

    private static func ledger(accounts: Int, orders: Int) -> [Query] {
        [
            "set session_replication_role = replica",
            """
            truncate shop.app_user, shop.store, shop.platform_month, shop.platform_series, shop.orders,
                shop.ledger_transaction, shop.ledger_entry cascade
            """,
            """
            insert into shop.app_user (id, email, name)
            select md5('u' || n)::uuid, 'u' || n || '@example.test', 'Bench'
            from generate_series(1, \(accounts)) n
            """,
            """
            insert into shop.store (tenant_id, owner_id, slug, name, currency, plan, status, contact_email,
                created_at)
            select md5('s' || n)::uuid, md5('u' || n)::uuid, 'bench-' || n, 'Bench', 'EUR', 'free',
                'published', 'bench@example.test', '2026-01-01' from generate_series(1, \(accounts)) n
            """,
            """
            insert into shop.orders (tenant_id, id, number, token, checkout_id, quote_id, plan, currency,
                locale, email, phone, address, goods_minor, discount_minor, shipping_minor, g_minor, s_minor,
                m_minor, c_minor, p_minor, w_minor, n_minor, payment_status, placed_at, paid_at)
            select md5('s' || n % \(accounts) + 1)::uuid, md5('o' || n)::uuid, n, n::text,
                md5('o' || n)::uuid, md5('o' || n)::uuid, 'free', 'EUR', 'en', 'x@example.test', '', '{}',
                1500, 0, 0, 1500, 1000, 100, 75, 0, 1175, 325, 'paid', '2026-10-12', '2026-10-12'
            from generate_series(1, \(orders)) n
            """,
            """
            insert into shop.ledger_transaction (tenant_id, id, source, source_id, kind, order_id,
                occurred_at)
            select tenant_id, id, 'payment', id::text, 'captured', id, '2026-10-12' from shop.orders
            """,
            """
            insert into shop.ledger_entry (tenant_id, transaction_id, position, account, currency,
                amount_minor)
            select o.tenant_id, o.id, e.position, e.account, 'EUR', e.amount from shop.orders o cross join
                (values (1, 'stripe:platform', 1175), (2, 'revenue:markup', -100),
                    (3, 'revenue:commission', -75), (4, 'supplier_payable:bench', -1000))
                as e (position, account, amount)
            """,
            "reset session_replication_role",
            "analyze shop.orders, shop.ledger_transaction, shop.ledger_entry, shop.store",
        ]
    }
}
