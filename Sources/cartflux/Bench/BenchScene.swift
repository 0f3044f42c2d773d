import Foundation

/// One workload of the bench.
protocol Bench: Sendable {
    func run() async throws -> BenchReport
}

/// What every workload measures on and with.
struct BenchScene: Sendable {
    let servers: BenchServers
    let database: BenchDatabase
    let seconds: Int
    let rounds: Int

    init(_ servers: BenchServers, _ database: BenchDatabase, seconds: Int, rounds: Int) {
        self.servers = servers
        self.database = database
        self.seconds = seconds
        self.rounds = rounds
    }

    func say(_ text: String) { FileHandle.standardError.write(Data("bench: \(text)\n".utf8)) }

    /// Empties the database and the bench's queue.
    func clear() async throws {
        try await database.reset()
        try await BenchQueue.remove(servers)
    }

    func report(
        _ workload: BenchWorkload, loadBefore: Double, _ figures: [BenchFigure], notes: [String]
    ) async throws -> BenchReport {
        BenchReport(
            workload: workload.rawValue, measuredAt: Date(), seconds: seconds, rounds: rounds,
            isOptimised: Self.isOptimised, cores: ProcessInfo.processInfo.activeProcessorCount,
            loadBefore: loadBefore, postgres: try await database.settings(), figures: figures, notes: notes)
    }

    private static var isOptimised: Bool {
        #if DEBUG
        false
        #else
        true
        #endif
    }
}
