import Durable
import Foundation

/// Why a schedule was not changed, or cannot be fired.
public enum SchedulesError: Classified, Equatable, CustomStringConvertible {
    case noSuchSchedule(ScheduleName)
    case unreadable(ScheduleName, String)
    /// This process has no code for its workflow, which makes the input.
    case unknownCode(ScheduleName)
    /// Somebody changed it at the same moment, or nominal times are just being fired.
    case movedOn(ScheduleName)
    case isDeclared(ScheduleName)
    case exists(ScheduleName)
    case badRange(String)
    case tooMany(limit: Int)

    public var disposition: Disposition {
        switch self {
        case .movedOn: .transient()
        default: .permanent
        }
    }

    public var code: String {
        switch self {
        case .noSuchSchedule: "no_such_schedule"
        case .unreadable: "schedule_unreadable"
        case .unknownCode: "schedule_without_code"
        case .movedOn: "schedule_moved_on"
        case .isDeclared: "schedule_is_declared"
        case .exists: "schedule_exists"
        case .badRange: "bad_range"
        case .tooMany: "too_many_nominal_times"
        }
    }

    public var description: String {
        switch self {
        case .noSuchSchedule(let name): "there is no schedule \(name); `cartflux schedules list` shows all"
        case .unreadable(let name, let why): "schedule \(name) cannot be read: \(why)"
        case .unknownCode(let name):
            "this program declares no schedule \(name), so it cannot make the input of its runs; "
                + "use the version that does, or remove the schedule"
        case .movedOn(let name): "schedule \(name) is just being fired or changed; look again and repeat"
        case .isDeclared(let name): "schedule \(name) is declared by the code; change it there"
        case .exists(let name): "there is a schedule \(name) already"
        case .badRange(let why): why
        case .tooMany(let limit):
            "the range holds more than \(limit) nominal times; take a shorter one"
        }
    }
}
