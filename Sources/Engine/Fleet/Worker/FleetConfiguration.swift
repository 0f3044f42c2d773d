import Foundation
import Postgres

/// How a process takes part in a fleet. Every limit has a default that suits one worker process of two
/// threads.
public struct FleetConfiguration: Sendable {
    /// Where runs are recorded, under the engine's role.
    public var database: PostgresConfiguration
    /// The queue whose runs this process starts and works on.
    public var queue = "default"
    /// Runs in flight at once, beside an eighth more of tenants that have none in flight anywhere.
    public var slots = 512
    /// How long the fleet waits for a silent worker before it gives its runs to others.
    public var lease: Duration = .seconds(6)
    /// How often a worker says that it lives.
    public var heartbeat: Duration = .milliseconds(1_500)
    /// How long a worker that is asked to stop lets its runs reach the next step.
    public var drain: Duration = .seconds(15)
    /// How often the sweeper looks for what was left behind.
    public var sweep: Duration = .seconds(1)
    /// Above which more runs are refused.
    public var highWater = HighWater()
    /// What seals the keys of people; needed by whoever starts or runs something about a person.
    public var masterKeys: MasterKeys?

    public init(database: PostgresConfiguration) { self.database = database }
}
