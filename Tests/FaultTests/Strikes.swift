import Foundation
import Testing

// The faults of a run, in an order that the seed chooses. Each is checked to hit a busy shop: a fault that
// meets nobody proves nothing.

enum Strike: String, CaseIterable {
    case killWorker = "SIGKILL a worker"
    case emptyRedis = "FLUSHALL Redis"
    case crashPostgres = "restart Postgres in immediate mode"
}

/// Strikes a platform and keeps enough workers alive.
struct Strikes {
    let platform: Platform
    let report: Report
    private var workers: [CartFluxProcess] = []
    private var started = 0
    private var random: SeededRandom

    init(_ platform: Platform, report: Report, seed: UInt64) {
        self.platform = platform
        self.report = report
        random = SeededRandom(seed: seed)
    }

    mutating func startWorkers(_ count: Int) async throws {
        for _ in 0..<count { try await startWorker() }
    }

    /// Everything at once, and a new worker in the end.
    mutating func volley(whileAtLeast busy: Int) async throws {
        for strike in Strike.allCases.shuffled(using: &random) {
            let open = try await platform.books.openCheckouts()
            #expect(open >= busy, "\(strike.rawValue) met only \(open) checkouts")
            report.note("\(strike.rawValue) with \(open) checkouts in flight")
            try await perform(strike)
        }
        try await startWorker()
    }

    /// Kills a worker and replaces it.
    mutating func replaceWorker() async throws {
        try await perform(.killWorker)
        try await startWorker()
    }

    private mutating func perform(_ strike: Strike) async throws {
        switch strike {
        case .killWorker:
            let victim = workers.remove(at: Int.random(in: workers.indices, using: &random))
            await victim.end()
        case .emptyRedis: try await platform.servers.flushAll()
        case .crashPostgres: try await platform.servers.restartPostgres(immediate: true)
        }
    }

    private mutating func startWorker() async throws {
        started += 1
        workers.append(try await platform.startWorker("worker-\(started)"))
    }
}

/// Says what happened when. Nothing is expected of the times.
final class Report: Sendable {
    private let began = ContinuousClock.now

    func note(_ text: String) {
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        print("fault test \(String(format: "%6.2f s", seconds))  \(text)")
    }
}
