// Who leads each duty, for people to see. Elections do not read this.

import Durable
import Foundation
import Postgres

/// A duty and who does it just now.
public struct LeaderLine: Sendable, Hashable {
    public let duty: String
    public let host: String
    /// Rises with every change of holder.
    public let term: Int64
    public let since: Date
    public let expires: Date
    /// False where the holder has fallen silent or left, and nobody has taken over yet.
    public let isHeld: Bool

    /// Every duty that was ever done, by name.
    public static func all(_ pool: PostgresPool) async throws -> [LeaderLine] {
        try await pool.execute(
            """
            select duty, host, term, since, greatest(expires, since) as expires,
                expires >= clock_timestamp() as held
            from engine.leader order by duty
            """
        ).rows.map { row in
            LeaderLine(
                duty: try row.decode(0, as: String.self), host: try row.decode(1, as: String.self),
                term: try row.decode(2, as: Int64.self), since: try row.decode(3, as: Date.self),
                expires: try row.decode(4, as: Date.self), isHeld: try row.decode(5, as: Bool.self))
        }
    }
}
