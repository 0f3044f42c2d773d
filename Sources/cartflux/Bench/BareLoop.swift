// The limit: the rows of the engine in batches as large as its slots, with the driver alone. No run is a
// task, nothing is queued, nobody waits for an answer. As in the engine, one connection starts runs while
// another one works on them.

import Durable
import Foundation
import Postgres

struct BareLoop {
    private let starter: PostgresConnection
    private let worker: PostgresConnection
    private let width: Int
    private let owner = UUID()
    private let inputs: [JSONB]
    private let results: [JSONB]
    private let outputs: [JSONB]

    /// Runs waves of `width` workflows for `limit` and returns workflows per second.
    static func rate(width: Int, for limit: Duration, _ servers: BenchServers) async throws -> Double {
        let starter = try await connect(servers)
        let worker = try await connect(servers)
        let loop = BareLoop(starter: starter, worker: worker, width: width)
        let rate: Result<Double, any Error>
        do {
            // Both servers and connections have seen every statement before the clock starts.
            _ = try await loop.run(for: .milliseconds(200))
            rate = .success(try await loop.run(for: limit))
        } catch {
            rate = .failure(error)
        }
        await starter.close()
        await worker.close()
        return try rate.get()
    }

    private static func connect(_ servers: BenchServers) async throws -> PostgresConnection {
        let connection = try await PostgresConnection.connect(servers.engine)
        // As the engine's writer does.
        _ = try await connection.execute("set plan_cache_mode = force_generic_plan")
        _ = try await connection.execute("set enable_seqscan = off")
        return connection
    }

    private init(starter: PostgresConnection, worker: PostgresConnection, width: Int) {
        self.starter = starter
        self.worker = worker
        self.width = width
        inputs = Array(repeating: JSONB("1"), count: width)
        results = Array(repeating: JSONB("\"\(FiveStepBench.result)\""), count: width)
        outputs = Array(repeating: JSONB("{}"), count: width)
    }

    private func run(for limit: Duration) async throws -> Double {
        let began = ContinuousClock.now
        var finished = 0
        var wave = try await start()
        while true {
            let isLast = ContinuousClock.now - began >= limit
            async let next = isLast ? [] : start()
            try await work(on: wave)
            finished += wave.count
            wave = try await next
            if isLast { break }
        }
        return Double(finished) / (ContinuousClock.now - began).inSeconds
    }

    private func start() async throws -> [UUID] {
        let runs = (0..<width).map { _ in RunID().rawValue }
        try await write(BareStatements.start(runs, inputs: inputs), "started", on: starter)
        return runs
    }

    private func work(on runs: [UUID]) async throws {
        let claimed = try await worker.execute(BareStatements.claim(runs, by: owner).prepared()).rows
        let owned = try claimed.map { try $0.decode(0, as: UUID.self) }
        let epochs = try claimed.map { try $0.decode(1, as: Int64.self) }
        for step in FiveStepBench.Step.allCases {
            let startedAt = [Date](repeating: Date(), count: owned.count)
            let query = BareStatements.step(
                step.rawValue, of: owned, epochs: epochs, outputs: results, startedAt: startedAt)
            try await write(query, "steps", on: worker)
        }
        try await write(
            BareStatements.finish(owned, epochs: epochs, outputs: outputs), "finished", on: worker)
    }

    private func write(_ query: Query, _ what: String, on connection: PostgresConnection) async throws {
        let affected = try await connection.execute(query.prepared()).affected
        guard affected == width else {
            throw BenchError.unexpectedRows("bare loop, \(what)", wanted: width, got: affected)
        }
    }
}

extension Duration {
    var inSeconds: Double { self / .seconds(1) }
}
