// What the pages for webhooks need of the rest of the program.

import Foundation

package struct WebhookDesk: Sendable {
    /// Tells runs that wait for an endpoint to try it now.
    package typealias Nudge = @Sendable (_ runs: [UUID]) async throws -> Void

    /// For demos and tests, whose receivers live on this machine.
    package let mayReachPrivateHosts: Bool
    package let nudge: Nudge

    package init(mayReachPrivateHosts: Bool = false, nudge: @escaping Nudge = { _ in }) {
        self.mayReachPrivateHosts = mayReachPrivateHosts
        self.nudge = nudge
    }
}
