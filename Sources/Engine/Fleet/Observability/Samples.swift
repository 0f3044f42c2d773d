// What the overview's figures were over the last day: the highest of each quarter hour. The engine's own are
// noted once a minute by whoever leads the storage duties; other parts of a process may keep theirs beside
// them. A gauge of monitoring says more, but lies in another place than the page that people open first.

import Durable
import Foundation
import Postgres

/// Which figure. Names are stored: they never change.
public struct SampleName: RawRepresentable, Hashable, Sendable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    /// Runs accepted within a minute.
    public static let accepted = SampleName(rawValue: "accepted")
    /// Waiting for a person.
    public static let aside = SampleName(rawValue: "aside")
    /// How long the oldest ready run has been ready, in seconds.
    public static let oldestReady = SampleName(rawValue: "oldest_ready")
    /// How long the oldest step has not come to its end, in seconds.
    public static let oldestStep = SampleName(rawValue: "oldest_step")
    /// What 95 of 100 steps took at most, in seconds.
    public static let stepLatency = SampleName(rawValue: "step_latency")

    /// Live runs that stand so.
    public static func live(_ status: RunStatus, _ wait: WaitReason.Kind? = nil) -> SampleName {
        SampleName(rawValue: [status.rawValue, wait?.rawValue].compactMap(\.self).joined(separator: "."))
    }

    /// Ended so, among those accepted in 24 hours.
    public static func ended(_ status: RunStatus) -> SampleName {
        SampleName(rawValue: "ended.\(status.rawValue)")
    }
}

/// The highest of each figure in each quarter hour.
public struct Samples: Sendable {
    /// One quarter hour of one figure; nil where nobody looked.
    public struct Quarter: Sendable, Equatable {
        public let began: Date
        public let value: Double?

        public init(began: Date, value: Double?) {
            self.began = began
            self.value = value
        }
    }

    /// The quarters of a day.
    public static let day = 96
    private static let quarter: TimeInterval = 900
    private static let kept: TimeInterval = 2 * 86_400

    private let pool: PostgresPool

    public init(_ pool: PostgresPool) {
        self.pool = pool
    }

    /// Keeps the values for the quarter hour of `now` where they are higher than what is there, and drops
    /// what is older than two days.
    public func note(_ values: [SampleName: Double], at now: Date) async throws {
        // In one order, so that two who note at once never wait for each other.
        let sorted = values.sorted { $0.key.rawValue < $1.key.rawValue }
        _ = try await pool.pipeline([
            """
            insert into engine.sample as s (quarter, name, value)
            select \(Self.start(of: now)), *
            from unnest(\(sorted.map(\.key.rawValue)), \(sorted.map(\.value)))
            on conflict (quarter, name) do update set value = excluded.value where excluded.value > s.value
            """,
            "delete from engine.sample where quarter < \(now.addingTimeInterval(-Self.kept))",
        ])
    }

    /// The last 24 hours of every figure that was noted in them, oldest quarter first and the one that is
    /// under way last.
    public func lastDay(at now: Date) async throws -> [SampleName: [Quarter]] {
        let quarters = Self.quarters(of: now)
        let rows = try await pool.execute(
            """
            select name, quarter, value from engine.sample
            where quarter between \(quarters[0]) and \(Self.start(of: now))
            """
        ).rows
        var found: [SampleName: [Date: Double]] = [:]
        for row in rows {
            let name = SampleName(rawValue: try row.decode(0, as: String.self))
            found[name, default: [:]][try row.decode(1, as: Date.self)] = try row.decode(2, as: Double.self)
        }
        return found.mapValues { values in quarters.map { Quarter(began: $0, value: values[$0]) } }
    }

    /// The day of a figure that nobody noted.
    public static func unknownDay(at now: Date) -> [Quarter] {
        quarters(of: now).map { Quarter(began: $0, value: nil) }
    }

    private static func quarters(of now: Date) -> [Date] {
        (0..<day).map { start(of: now).addingTimeInterval(Double($0 - day + 1) * quarter) }
    }

    private static func start(of instant: Date) -> Date {
        Date(timeIntervalSince1970: (instant.timeIntervalSince1970 / quarter).rounded(.down) * quarter)
    }
}

extension FleetCensus {
    /// What of it is kept for the day. What does not exist just now counts as nothing waiting; a latency
    /// without steps is none.
    var samples: [SampleName: Double] {
        var values: [SampleName: Double] = [
            .accepted: Double(acceptedLastMinute.atLeast), .aside: Double(aside.atLeast),
            .oldestReady: oldestReady?.seconds ?? 0, .oldestStep: oldestStep?.seconds ?? 0,
        ]
        values[.stepLatency] = stepLatency?.seconds
        for status in [RunStatus.running, .pending, .waiting] {
            values[.live(status)] = Double(count(status))
        }
        for kind in WaitReason.Kind.allCases {
            values[.live(.waiting, kind)] = Double(count(.waiting, kind))
        }
        for ended in endedToday { values[.ended(ended.status)] = Double(ended.count.atLeast) }
        return values
    }
}
