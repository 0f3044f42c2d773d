// What the page for a store's own domain needs of the rest of the program: the run that looks at its DNS.

import Commerce
import CommerceStore
import Foundation

package struct DomainDesk: Sendable {
    package typealias Begin =
        @Sendable (_ domain: DomainID, _ tx: Transaction<OneTenant>) async throws -> Void
    /// Tells the run to look now.
    package typealias Nudge = @Sendable (_ run: UUID) async throws -> Void

    package let begin: Begin
    package let nudge: Nudge

    package init(begin: @escaping Begin, nudge: @escaping Nudge) {
        self.begin = begin
        self.nudge = nudge
    }
}
