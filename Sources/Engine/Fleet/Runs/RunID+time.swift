import Durable
import Foundation
import Postgres

extension RunID {
    /// The instant that an id of version 7 begins with.
    var time: Date {
        let bytes = rawValue.uuid
        let parts = [bytes.0, bytes.1, bytes.2, bytes.3, bytes.4, bytes.5]
        let milliseconds = parts.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Date(timeIntervalSince1970: Double(milliseconds) / 1_000)
    }
}

extension RunStart {
    /// Why it was refused, where that was for the time of its id.
    var untimely: JournalFailure { .refused("\(RunsError.untimely(id))") }
}

extension PostgresError {
    /// What the engine's doors raise where the id of a start is of another time.
    private static let untimely = "CF002"

    /// The error as the callers of a start know it.
    func refusing(_ start: RunStart) -> any Error {
        sqlState?.rawValue == Self.untimely ? RunsError.untimely(start.id) : self
    }
}
