// What the children of a bench of the business run: the program's own commands, with three differences. The
// end of the standard input stops them, as SIGTERM would. The worker counts its calls to vendors in Redis as
// always and holds none back, because sandboxes allow everything, and what a vendor allows says nothing about
// this machine. And it knows the mirror of a checkout beside the shop's workflows.

import ArgumentParser
import Fleet
import Foundation
import Workflows

/// A process of the shop under measurement.
enum ShopPart: String, ExpressibleByArgument {
    case web, worker

    /// Serves until the standard input ends.
    func run() async throws {
        Self.stopAtEndOfInput()
        switch self {
        case .web: try await ServeCommand().run()
        case .worker: try await Self.work()
        }
    }

    /// The vendors' sandboxes, until the standard input ends.
    static func runVendors(port: Int) async throws {
        stopAtEndOfInput()
        try await SandboxCommand.parse(["--port", "\(port)"]).run()
    }

    private static func work() async throws {
        let settings = Settings()
        let instruments = try Instruments(settings, label: "cartflux.bench.work")
        let platform = try await Platform(settings, label: "cartflux.bench.work", holdsVendorLimits: false)
        var registry = try platform.registry()
        registry.register(RunMirror(transactions: StoreTransactions(platform.database)))
        let worker = Worker(
            platform.fleet, registry: registry, redis: platform.redis, pool: platform.enginePool,
            logger: platform.logger)
        try await platform.serve(
            instruments.services(platform) + [platform.runs, worker, BurstDrainer(platform.runs)])
    }

    /// For commands that SIGTERM stops.
    static func stopAtEndOfInput() {
        BenchChild.atEndOfInput { kill(getpid(), SIGTERM) }
    }
}
