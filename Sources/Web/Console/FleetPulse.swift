// The last hour in three lines: what was accepted, what of it failed, and how much stood ready. What was
// accepted in a minute is counted until the minute after it is over and then remembered; what of it failed is
// counted anew for the whole hour, since a run may fail long after it was accepted. An hour and not a day,
// because an operator who opens the page asks what is happening; days are what monitoring is for. How much
// stood ready is nowhere on record: it is what this process saw, twice a minute and whenever somebody looked,
// and its line begins where the process did. A table of samples was rejected: it would be one more thing that
// every fleet writes for ever, for a line that monitoring has anyway.

import Durable
import Fleet
import Foundation
import Logging
import ServiceLifecycle
import Synchronization

package final class FleetPulse: Service {
    struct Minute: Sendable, Equatable {
        let began: Date
        var accepted = 0
        var failed = 0
        /// The most that stood ready when somebody looked; nil where nobody did.
        var ready: Int?
    }

    private struct Book {
        var accepted: [Int: Int] = [:]
        var failed: [Int: Int] = [:]
        var ready: [Int: Int] = [:]
        var lookedAt: Date?
    }

    static let length = 60
    private static let pace: TimeInterval = 30

    private let runs: Runs
    private let control: Control
    private let logger = Logger(label: "cartflux.console")
    private let book = Mutex(Book())

    init(_ runs: Runs, _ control: Control) {
        self.runs = runs
        self.control = control
    }

    /// Looks twice a minute, so that the lines have no holes while nobody has the page open.
    package func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                do {
                    try await look(at: Date())
                } catch {
                    logger.warning("the last hour was not counted", metadata: ["error": "\(error)"])
                }
                do { try await Task.sleep(for: .seconds(Self.pace)) } catch { return }
            }
        }
    }

    /// The last hour, oldest minute first and the one that is under way last; looked at anew where the last
    /// look is old.
    func hour(at now: Date) async throws -> [Minute] {
        let lookedAt = book.withLock { $0.lookedAt }
        if lookedAt.map({ now.timeIntervalSince($0) > Self.pace }) ?? true { try await look(at: now) }
        let last = Self.number(of: now)
        return book.withLock { book in
            (last - Self.length + 1...last).map { number in
                Minute(
                    began: Self.start(of: number), accepted: book.accepted[number] ?? 0,
                    failed: book.failed[number] ?? 0, ready: book.ready[number])
            }
        }
    }

    private func look(at now: Date) async throws {
        let last = Self.number(of: now)
        let first = last - Self.length + 1
        let known = book.withLock { $0.accepted }
        // A run is accepted when it is committed, which may be in the minute after its own.
        let open = (first...last).first { known[$0] == nil || $0 >= last - 1 } ?? last
        async let accepted = runs.accepted(from: Self.start(of: open), minutes: last - open + 1)
        async let failed = runs.failed(from: Self.start(of: first), minutes: Self.length)
        async let ready = depth()
        let seen = (accepted: try await accepted, failed: try await failed, ready: try await ready)
        book.withLock { book in
            for (place, count) in seen.accepted.enumerated() { book.accepted[open + place] = count }
            for (place, count) in seen.failed.enumerated() { book.failed[first + place] = count }
            if let ready = seen.ready { book.ready[last] = max(book.ready[last] ?? 0, ready) }
            book.accepted = book.accepted.filter { $0.key >= first }
            book.failed = book.failed.filter { $0.key >= first }
            book.ready = book.ready.filter { $0.key >= first }
            book.lookedAt = now
        }
    }

    /// Over all queues; nil where the dispatcher does not answer.
    private func depth() async throws -> Int? {
        let depths = try await control.queues().map(\.depth)
        guard depths.allSatisfy({ $0 != nil }) else { return nil }
        return depths.reduce(0) { $0 + Int($1?.ready ?? 0) }
    }

    private static func number(of instant: Date) -> Int {
        Int((instant.timeIntervalSince1970 / 60).rounded(.down))
    }

    private static func start(of number: Int) -> Date { Date(timeIntervalSince1970: Double(number) * 60) }
}
