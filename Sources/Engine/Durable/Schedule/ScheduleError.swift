/// What is wrong with a schedule. Says which part, what it holds, and how to mend it.
public enum ScheduleError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A part of a rule that cannot be read: the field's name, its text, and what to write instead.
    case badField(String, text: String, mend: String)
    /// A rule of no known form.
    case unknownRule(String)
    /// A rule that reads well and matches no date.
    case neverFires(String)
    /// A zone that is not in the time zone database.
    case unknownZone(String)
    /// A policy with a value outside its bounds.
    case badPolicy(String, text: String, mend: String)

    public var description: String {
        switch self {
        case .badField(let field, let text, let mend), .badPolicy(let field, let text, let mend):
            "\(field) '\(text)': \(mend)"
        case .unknownRule(let text):
            "'\(text)' is no schedule; write five cron fields (minute hour day-of-month month day-of-week), "
                + "or for instance 'last business day of month at 18:00', "
                + "'second tuesday of month at 09:00', 'every 3 days at 04:00 from 2026-01-01', "
                + "'every 15 minutes'"
        case .neverFires(let text):
            "'\(text)' matches no date within a hundred years; "
                + "check the day of the month against the months (for instance 30 2 is never)"
        case .unknownZone(let name):
            "there is no time zone '\(name)'; use a name of the time zone database such as Europe/Bucharest"
        }
    }
}
