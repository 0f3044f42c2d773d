// The bench measures on a database of its own, which it empties between rounds; `ops/bench` makes one. It
// refuses a database that holds anybody else's runs.

import ArgumentParser
import Foundation

/// What `cartflux bench` can measure.
enum BenchWorkload: String, ExpressibleByArgument, CaseIterable {
    case durable, fair, sleepers, history, rebuild, scale, billing, feed, checkouts, quote, web
}

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures the engine and prints the figures beside their targets.",
        discussion: """
            Needs ENGINE_DATABASE_URL, MIGRATE_DATABASE_URL and REDIS_URL of servers that hold nothing \
            else, after `cartflux migrate`. `ops/bench` builds with optimisation, starts such servers and \
            removes them.
            """)

    @Argument(help: "What to measure: \(BenchWorkload.allCases.map(\.rawValue).joined(separator: ", ")).")
    var workload = BenchWorkload.durable

    @Option(help: ArgumentHelp("Write the figures there as JSON too.", valueName: "file"))
    var json: String?

    @Option(
        help: """
            How long each measurement of a rate takes; a rush of checkouts takes \
            \(CheckoutsBench.rushes) times as long, within limits of their number.
            """)
    var seconds = 3

    @Option(help: "How often everything is measured; the table shows medians.")
    var rounds = 3

    @Option(
        help: """
            How many things a workload of many has: queued runs (fair, rebuild), sleeping runs (sleepers), \
            finished steps (history), ledger entries (billing), rows (feed), runs in the list (web). Each \
            has its own default.
            """)
    var count: Int?

    // A subcommand would be read as the name of a workload.
    @Option(help: ArgumentHelp("Be the worker under measurement.", visibility: .private))
    var workerSlots: Int?

    @Option(help: ArgumentHelp("Be this process of the shop under measurement.", visibility: .private))
    var shopPart: ShopPart?

    @Option(help: ArgumentHelp("Be the vendors, from this port on.", visibility: .private))
    var vendorsPort: Int?

    @Option(help: ArgumentHelp("Be a route that gives the answer in this file.", visibility: .private))
    var bareRoute: String?

    func validate() throws {
        guard (1...60).contains(seconds) else { throw ValidationError("--seconds must be from 1 to 60") }
        guard (1...20).contains(rounds) else { throw ValidationError("--rounds must be from 1 to 20") }
        guard count.map({ (1_000...50_000_000).contains($0) }) ?? true else {
            throw ValidationError("--count must be from 1,000 to 50,000,000")
        }
    }

    func run() async throws {
        if let workerSlots { return try await BenchWorker(slots: workerSlots).run() }
        if let shopPart { return try await shopPart.run() }
        if let vendorsPort { return try await ShopPart.runVendors(port: vendorsPort) }
        if let bareRoute { return try await BenchBareRoute.run(bareRoute) }
        let servers = try BenchServers()
        let database = try await BenchDatabase.open(servers)
        let report: BenchReport
        do {
            report = try await bench(BenchScene(servers, database, seconds: seconds, rounds: rounds)).run()
        } catch {
            await database.close()
            throw error
        }
        await database.close()
        print(report.table)
        if let json { try report.json().write(to: URL(filePath: json), options: .atomic) }
    }

    private func bench(_ scene: BenchScene) -> any Bench {
        switch workload {
        case .durable: DurableBench(scene: scene)
        case .fair: FairBench(scene: scene, queued: count ?? 100_000)
        case .sleepers: SleepersBench(scene: scene, sleepers: count ?? 1_000_000)
        case .history: HistoryBench(scene: scene, finishedSteps: count ?? 10_000_000)
        case .rebuild: RebuildBench(scene: scene, pending: count ?? 100_000)
        case .scale: ScaleBench(scene: scene)
        case .billing: BillingBench(scene: scene, entries: count ?? 1_000_000)
        case .feed: FeedBench(scene: scene, rows: count ?? 100_000)
        case .checkouts: CheckoutsBench(scene: scene)
        case .quote: QuoteBench(scene: scene)
        case .web: WebBench(scene: scene, runs: count ?? 1_000_000)
        }
    }
}
