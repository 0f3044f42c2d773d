import Foundation

/// A workflow that declares when it is to be started. The scheduler keeps a row for each declaration; a
/// changed declaration takes effect with the deployment, without firing a nominal time again and without
/// leaving one out.
///
/// ```swift
/// extension MonthlyBilling: Scheduled {
///     static var schedules: [Schedule] {
///         get throws(ScheduleError) {
///             [try Schedule("billing.monthly", .cron("0 6 1 * *"), in: "Europe/Bucharest")]
///         }
///     }
///     static func input(for firing: ScheduledFiring) -> Input { Input(month: firing.local.day) }
/// }
/// ```
public protocol Scheduled: Workflow {
    static var schedules: [Schedule] { get throws(ScheduleError) }

    /// The input of the run for a nominal time. Pure: the same nominal time gives the same input, whenever it
    /// is fired.
    static func input(for firing: ScheduledFiring) throws -> Input
}

/// What a run's input is made of.
public struct ScheduledFiring: Sendable, Hashable {
    public let schedule: ScheduleName
    public let tenant: Tenant
    /// What the wall clock of the schedule's zone is meant to show.
    public let local: LocalTime
    /// The instant of that time. Not when it was in fact fired.
    public let nominal: Date

    public init(_ schedule: Schedule, _ occurrence: Occurrence) {
        self.schedule = schedule.name
        tenant = schedule.tenant
        local = occurrence.local
        nominal = occurrence.instant
    }
}

extension Scheduled where Input == Nothing {
    public static func input(for firing: ScheduledFiring) throws -> Nothing { Nothing() }
}

/// A declared schedule with its workflow's type taken away.
public struct DeclaredSchedule: Sendable {
    public let schedule: Schedule
    public let workflow: WorkflowName
    public let version: Int
    /// The input of the run for a nominal time, encoded and measured.
    public let input: @Sendable (Occurrence) throws -> Payload
}

/// The schedules that a process knows: those of the workflows it was given.
public struct ScheduleBook: Sendable {
    public let declared: [DeclaredSchedule]
    /// The scheduled workflows and the version that new runs of each start with.
    public let workflows: [WorkflowName: Int]

    /// Throws `ScheduleError` where a declaration is wrong, or a name is declared twice.
    public init(_ types: [any Scheduled.Type] = []) throws(ScheduleError) {
        var declared: [DeclaredSchedule] = []
        var workflows: [WorkflowName: Int] = [:]
        for type in types {
            declared += try Self.declarations(of: type)
            workflows[type.name] = type.version
        }
        var names: Set<ScheduleName> = []
        for name in declared.map(\.schedule.name) where !names.insert(name).inserted {
            throw .badPolicy("name", text: name.rawValue, mend: "is declared twice; names are unique")
        }
        self.declared = declared
        self.workflows = workflows
    }

    public subscript(_ name: ScheduleName) -> DeclaredSchedule? {
        declared.first { $0.schedule.name == name }
    }

    private static func declarations<W: Scheduled>(of type: W.Type) throws(ScheduleError)
        -> [DeclaredSchedule]
    {
        try W.schedules.map { schedule in
            DeclaredSchedule(schedule: schedule, workflow: W.name, version: W.version) { occurrence in
                try Payload.encode(try W.input(for: ScheduledFiring(schedule, occurrence)), .input)
            }
        }
    }
}
