// What the pages for suppliers need of the rest of the program: the run that reads a feed.

import Commerce
import CommerceStore

package struct SupplierDesk: Sendable {
    /// A reading that a merchant has asked for.
    package struct Wish: Sendable, Equatable {
        package let feed: SupplierFeedID
        package let mode: SyncMode
        /// Takes articles off although they are more than a feed may take off at once.
        package let isForced: Bool

        package init(feed: SupplierFeedID, mode: SyncMode, isForced: Bool = false) {
            self.feed = feed
            self.mode = mode
            self.isForced = isForced
        }
    }

    /// Starts the run in the transaction, once per key.
    package typealias Start =
        @Sendable (_ wish: Wish, _ key: String, _ tx: Transaction<OneTenant>) async throws -> Void

    /// For demos and tests, whose suppliers live on this machine.
    package let mayReachPrivateHosts: Bool
    package let start: Start

    package init(mayReachPrivateHosts: Bool = false, start: @escaping Start) {
        self.mayReachPrivateHosts = mayReachPrivateHosts
        self.start = start
    }
}
