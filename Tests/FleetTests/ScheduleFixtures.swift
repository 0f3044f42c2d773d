import Durable
import DurableTesting
import Foundation
import Postgres

@testable import Fleet

/// Notes the nominal time it was started for.
struct Nightly: Workflow {
    static let name: WorkflowName = "nightly"
    enum Step: String, WorkflowStep { case note }
    struct Input: Codable, Sendable, Hashable {
        let nominal: Date
        let local: String
    }

    func run(_ input: Input, _ flow: Flow<Nightly>) async throws -> String {
        try await flow.step(.note) { _ in input.local }
    }
}

extension Nightly: Scheduled {
    static var schedules: [Schedule] {
        get throws(ScheduleError) {
            [try Schedule("nightly", .cron("30 3 * * *"), in: "Europe/Bucharest", catchUp: .all(upTo: 50))]
        }
    }
    static func input(for firing: ScheduledFiring) throws -> Input {
        Input(nominal: firing.nominal, local: firing.local.description)
    }
}

/// The same workflow as a later deployment declares it.
struct NightlyLater: Workflow {
    static let name = Nightly.name
    enum Step: String, WorkflowStep { case note }
    func run(_ input: Nightly.Input, _ flow: Flow<NightlyLater>) async throws -> Nothing { Nothing() }
}

extension NightlyLater: Scheduled {
    static var schedules: [Schedule] {
        get throws(ScheduleError) {
            [try Schedule("nightly", .cron("45 4 * * *"), in: "Europe/Bucharest", catchUp: .all(upTo: 50))]
        }
    }
    static func input(for firing: ScheduledFiring) throws -> Nightly.Input {
        Nightly.Input(nominal: firing.nominal, local: firing.local.description)
    }
}

/// And as it declares nothing any more.
struct NightlyNoMore: Workflow {
    static let name = Nightly.name
    enum Step: String, WorkflowStep { case note }
    func run(_ input: Nightly.Input, _ flow: Flow<NightlyNoMore>) async throws -> Nothing { Nothing() }
}

extension NightlyNoMore: Scheduled {
    static var schedules: [Schedule] { [] }
    static func input(for firing: ScheduledFiring) throws -> Nightly.Input {
        Nightly.Input(nominal: firing.nominal, local: "")
    }
}

/// Cannot make its input.
struct Inputless: Workflow {
    static let name: WorkflowName = "inputless"
    enum Step: String, WorkflowStep { case none }
    struct NoInput: Error {}
    func run(_ input: Nothing, _ flow: Flow<Inputless>) async throws -> Nothing { input }
}

extension Inputless: Scheduled {
    static var schedules: [Schedule] {
        get throws(ScheduleError) {
            [try Schedule("inputless", .cron("* * * * *"), in: "UTC", catchUp: .all(upTo: 50))]
        }
    }
    static func input(for firing: ScheduledFiring) throws -> Nothing { throw NoInput() }
}

/// A fleet's schedules under a clock that the test turns.
struct SchedulesUnderTest {
    let fleet: FleetUnderTest
    let clock: ManualClock
    let schedules: Schedules
    let mandate: Mandate

    init(_ types: [any Scheduled.Type] = [Nightly.self]) async throws {
        fleet = try await FleetUnderTest.shared()
        // From a full minute on, so that the times of a test read well.
        clock = ManualClock(
            Date(timeIntervalSince1970: (Date().timeIntervalSince1970 / 3_600).rounded(.down) * 3_600))
        schedules = Schedules(fleet.runs, book: try ScheduleBook(types), redis: fleet.redis)
        mandate = try Mandate(actor: "ana", reason: "a test")
    }

    func scheduler(
        _ types: [any Scheduled.Type] = [Nightly.self], pool: PostgresPool? = nil,
        timeToLive: Duration = .seconds(60)
    ) throws -> Scheduler {
        Scheduler(
            fleet.configuration, book: try ScheduleBook(types), redis: fleet.redis, pool: pool ?? fleet.pool,
            clock: clock, timeToLive: timeToLive, logger: fleet.logger)
    }

    /// A scheduler that leads.
    func leading(_ types: [any Scheduled.Type] = [Nightly.self]) async throws -> Scheduler {
        let scheduler = try scheduler(types)
        try await scheduler.leader.campaign()
        return scheduler
    }

    /// Makes a schedule by hand whose series begins at the test's time.
    func make(_ schedule: Schedule) async throws {
        try await schedules.create(schedule, starting: FiveSteps.self, with: 1, by: mandate)
        let next = schedule.next(after: clock.now)
        _ = try await fleet.pool.execute(
            """
            update engine.schedule set next_local = \(next?.local.description),
                next_nominal = \(next?.instant), fire_at = \(next?.instant.adding(schedule.spread))
            where name = \(schedule.name.rawValue)
            """)
    }

    /// Looks until there is nothing left to do.
    func settle(_ scheduler: Scheduler) async throws {
        for _ in 0..<20 where try await scheduler.pass() <= .milliseconds(1) {}
    }

    /// Each nominal time in minutes from `start` and what became of it, in order.
    func story(_ name: ScheduleName, from start: Date) async throws -> [String] {
        let rows = try await fleet.pool.execute(
            """
            select nominal, outcome, reason, run from engine.schedule_firing
            where schedule = \(name.rawValue) order by nominal
            """)
        return try rows.rows.map { row in
            let minutes = try row.decode(0, as: Date.self).timeIntervalSince(start) / 60
            let reason = try row.decode(2, as: String?.self).map { " \($0)" } ?? ""
            return "\(Int(minutes)) \(try row.decode(1, as: String.self))\(reason)"
        }
    }

    func runs(of name: ScheduleName) async throws -> [UUID] {
        try await fleet.pool.execute(
            "select id from engine.run where labels ->> 'schedule' = \(name.rawValue) order by id"
        ).column(0)
    }
}
