// A merchant's feed of 100,000 rows, taken in by the same workflow, worker and database roles as in
// production: the first time, when every row is new, and again with the same rows under another tag, when
// every row has to be looked at and none written. The feed's host stands in this process, so its file is
// part of the memory.

import Commerce
import CommerceStore
import Durable
import Foundation
import Postgres
import SupplierFeeds
import VendorSandbox
import Workflows

struct FeedBench: Bench {
    let scene: BenchScene
    let rows: Int

    private static let patience: Duration = .seconds(600)

    private struct Measured {
        let first: Double
        let again: Double
        let megabytes: Double
    }

    func run() async throws -> BenchReport {
        let loadBefore = try ProcessUsage.machineLoad()
        var figures: [BenchFigure] = []
        for format in [FeedFormat.csv, .xml] {
            var measured: [Measured] = []
            for round in 1...scene.rounds {
                scene.say("round \(round) of \(scene.rounds): \(rows) rows of \(format.rawValue)")
                try await scene.clear()
                measured.append(try await measure(format))
            }
            let name = format.rawValue
            figures += [
                BenchFigure("\(name).first", "\(name), every row new", "s", measured.map(\.first)),
                BenchFigure(
                    "\(name).first_rate", "\(name), every row new", "rows/s",
                    measured.map { Double(rows) / $0.first }),
                BenchFigure(
                    "\(name).unchanged", "\(name), no row changed", "s", measured.map(\.again), .below(20)),
                BenchFigure(
                    "\(name).unchanged_rate", "\(name), no row changed", "rows/s",
                    measured.map { Double(rows) / $0.again }),
                BenchFigure(
                    "\(name).memory", "\(name), peak memory", "MB", measured.map(\.megabytes), .below(200)),
            ]
        }
        try await scene.clear()
        return try await scene.report(
            .feed, loadBefore: loadBefore, figures,
            notes: ["The memory is the whole process: worker, client, and the host with its file."])
    }

    private func measure(_ format: FeedFormat) async throws -> Measured {
        let host = FeedHost(Workbench(logger: VendorSandbox.quietLogger))
        let server = try await SandboxServer.start(host, Workbench(logger: VendorSandbox.quietLogger))
        let file = Self.file(format, rows: rows)
        // From here on only: making the file is not what is measured.
        try Data("5".utf8).write(to: URL(filePath: "/proc/self/clear_refs"))
        let measured = try await BillingBench.withPlatform { platform in
            let (tenant, feed) = try await Self.seed(platform, format, server.baseURL)
            await host.publish(file, at: "/feed", type: "application/octet-stream")
            let first = try await sync(feed, 1, of: tenant, on: platform)
            await host.publish(file, at: "/feed", type: "application/octet-stream")
            let again = try await sync(feed, 2, of: tenant, on: platform)
            let process = ProcessInfo.processInfo.processIdentifier
            let bytes = try ProcessUsage(of: process).peakMemoryBytes
            return Measured(first: first, again: again, megabytes: Double(bytes) / 1_000_000)
        }
        await server.stop()
        return measured
    }

    /// Reads the feed for the `number`th time.
    private func sync(
        _ feed: SupplierFeedID, _ number: Int, of tenant: TenantID, on platform: Platform
    ) async throws -> Double {
        let began = ContinuousClock.now
        _ = try await platform.runs.start(
            SupplierSync.self, SupplierSync.Input(feed: feed), once: "\(UUID())", for: Tenant(tenant))
        while ContinuousClock.now - began < Self.patience {
            let ended = try await platform.database.transaction(for: tenant) {
                try await SupplierSyncs().recent(of: feed, in: $0).filter { $0.state != .open }
            }
            guard ended.count == number, let line = ended.first else {
                try await Task.sleep(for: .milliseconds(20))
                continue
            }
            guard line.state == .done, line.counts.read == rows else {
                throw BenchError.unexpectedRows(
                    "the sync ended \(line.state.rawValue): \(line.problem ?? "")", wanted: rows,
                    got: line.counts.read)
            }
            return (ContinuousClock.now - began).inSeconds
        }
        throw BenchError.stuck(live: 1, Self.patience)
    }

    private static func seed(
        _ platform: Platform, _ format: FeedFormat, _ base: String
    ) async throws -> (TenantID, SupplierFeedID) {
        let (tenant, supplier) = (TenantID(), SupplierID())
        let slug = "bench-" + tenant.description.suffix(12)
        try await People(platform.database).add(
            UserID(rawValue: tenant.rawValue), email: EmailAddress(parsing: "\(slug)@example.test"),
            name: "Bench", language: .english)
        let settings = FeedSettings(
            format, record: format == .xml ? "product" : nil,
            mapping: FieldMapping([
                .sku: "sku", .name: "name", .description: "description", .cost: "price", .stock: "stock",
                .brand: "brand", .category: "category", .images: "image",
            ]))
        let feed = try await platform.database.transaction(for: tenant) { tx in
            _ = try await tx.postgres.execute(
                """
                insert into shop.store (tenant_id, owner_id, slug, name, currency, plan, status,
                    contact_email)
                values (\(tenant.rawValue), \(tenant.rawValue), \(slug), 'Bench', 'EUR', 'pro', 'published',
                    'bench@example.test')
                """)
            _ = try await tx.postgres.execute(
                """
                insert into shop.supplier (tenant_id, id, name, adapter, currency)
                values (\(tenant.rawValue), \(supplier.rawValue), 'Bench', 'feed', 'EUR')
                """)
            return try await FeedBook().save(
                FeedBook.Request(address: base + "/feed", settings: try settings.json), of: supplier, in: tx)
        }
        return (tenant, feed)
    }

    private static func file(_ format: FeedFormat, rows: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        let text = "Made of oak and steel, with a cable of two metres and a switch in the middle of it"
        let image = "https://img.example/pictures/large"
        if format == .csv {
            bytes += Array("sku,name,description,price,stock,brand,category,image\n".utf8)
        } else {
            bytes += Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<products>\n".utf8)
        }
        for row in 1...rows {
            let price = "\(5 + row % 90).\(10 + row % 90)"
            let line =
                format == .csv
                ? "B-\(row),\"Lamp, model \(row)\",\"\(text)\",\(price),\(row % 50),"
                    + "Oak,Home > Light,\(image)/\(row).jpg\n"
                : "<product><sku>B-\(row)</sku><name>Lamp &amp; shade, model \(row)</name>"
                    + "<description><![CDATA[<p>\(text)</p>]]></description><price>\(price)</price>"
                    + "<stock>\(row % 50)</stock><brand>Oak</brand><category>Home &gt; Light</category>"
                    + "<image>\(image)/\(row).jpg</image></product>\n"
            bytes += Array(line.utf8)
        }
        if format == .xml { bytes += Array("</products>\n".utf8) }
        return bytes
    }
}
