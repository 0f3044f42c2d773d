// Pages that listen, on one web process: merchants, each at some browsers with some pages open, and in every
// store a run that comes to its end again and again. A page hears at most once a second, so the pause between
// two ends is long enough to tell them apart. What the pages fetch when they hear of something is not in it:
// that is a page like any other.

import CommerceStore
import Durable
import Foundation

/// One web process with pages that listen.
struct LiveResult: Sendable {
    /// Shares of one core, in percent: while nothing happens, and while runs end.
    let calmShare: Double
    let busyShare: Double
    let megabytes: Double
    /// What the streams added.
    let grownMegabytes: Double
    /// Milliseconds from the end of a run to the page.
    let median: Double
    let p99: Double
    let missed: Int
}

extension WebBench {
    static let stores = 25
    private static let browsersPerStore = 2
    private static let pagesPerBrowser = 4
    static let streams = stores * browsersPerStore * pagesPerBrowser
    /// Of every store a run ends this often.
    static let beat: Duration = .seconds(3)
    private static let calmTime: Duration = .seconds(4)
    private static let busyTime: Duration = .seconds(12)
    /// Until the first messages are behind, and after the last end until it must have been told.
    private static let settling: Duration = .seconds(2)
    private static let slots = 64
    private static let megabyte = 1_000_000.0

    func openStreams(_ stage: WebStage) async throws -> [StreamTicket] {
        var tickets: [StreamTicket] = []
        for _ in 0..<Self.stores {
            let (tenant, owner) = try await stage.openStore()
            let target = stage.dashboard("/sse?topics=store:\(tenant)").with("Accept", "text/event-stream")
            for _ in 0..<Self.browsersPerStore {
                let page = target.with("Cookie", try await stage.signIn(owner))
                tickets += Array(
                    repeating: StreamTicket(target: page, tenant: "\(tenant)"), count: Self.pagesPerBrowser)
            }
        }
        return tickets
    }

    func listen(
        to web: BenchChild, _ stage: WebStage, _ tickets: [StreamTicket]
    ) async throws -> LiveResult {
        let before = Double(try ProcessUsage.memoryBytes(of: web.id)) / Self.megabyte
        let readers = StreamReaders(port: stage.ports.web, tickets)
        return try await readers.during {
            try await Task.sleep(for: Self.settling)
            let calm = try await share(of: web) { try await Task.sleep(for: Self.calmTime) }
            let began = Date().timeIntervalSince1970
            let busy = try await WorkerProcess.with(slots: Self.slots, in: scene.database) { _ in
                try await BenchClient.with(scene.servers) { client in
                    try await share(of: web) { try await endRuns(of: tickets.map(\.tenant), client) }
                }
            }
            try await Task.sleep(for: Self.settling)
            let megabytes = Double(try ProcessUsage.memoryBytes(of: web.id)) / Self.megabyte
            let ends = try await scene.database.ends(of: NoStepBench.name, since: began)
            let arrivals = StreamArrivals(tenants: tickets.map(\.tenant), arrivals: readers.arrivals)
            let (told, missed) = arrivals.delays(after: ends)
            var delays = LatencyHistogram()
            for seconds in told { delays.record(nanoseconds: Int(seconds * 1_000_000_000)) }
            return LiveResult(
                calmShare: calm, busyShare: busy, megabytes: megabytes, grownMegabytes: megabytes - before,
                median: delays.milliseconds(at: 50), p99: delays.milliseconds(at: 99), missed: missed)
        }
    }

    /// The share of one core that the process uses meanwhile, in percent.
    private func share(of web: BenchChild, _ body: () async throws -> Void) async throws -> Double {
        let before = try ProcessUsage(of: web.id).processorSeconds
        let began = ContinuousClock.now
        try await body()
        let used = try ProcessUsage(of: web.id).processorSeconds - before
        return 100 * used / (ContinuousClock.now - began).inSeconds
    }

    /// Store after store, at an even pace.
    private func endRuns(of tenants: [String], _ client: BenchClient) async throws {
        let stores = Array(Set(tenants)).sorted()
        let pause = Self.beat / stores.count
        let began = ContinuousClock.now
        for number in 0..<Int(Self.busyTime / pause) {
            try await Task.sleep(until: began + pause * number, clock: .continuous)
            _ = try await client.start(NoStepBench.self, number, for: stores[number % stores.count])
        }
    }
}
