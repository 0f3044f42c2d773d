// Where the limits of merchants' programs are counted: beside the fleet's other limits.

import Durable
import Fleet
import Foundation
import Logging
import WebSupport

extension FleetLimit {
    /// - Parameters:
    ///   - own: how much there is for each program, and what holds in this process while Redis is away.
    ///   - limits: what the fleet shares.
    package convenience init(
        _ own: RateLimit, in limits: Limits, pause: Duration = .seconds(5), logger: Logger
    ) {
        self.init(own, pause: pause, logger: logger) { client, capacity, interval in
            let standing = try await limits.take(
                LimitKey("program:\(client)"),
                of: .steady(capacity, per: interval * capacity, burst: capacity))
            return Turn(
                isAdmitted: standing.isAdmitted, remaining: standing.remaining, wait: standing.wait,
                reset: standing.reset)
        }
    }
}
