// The one place through which every call to a vendor passes: somebody may hold a call back before it is sent,
// and hears how it went. Who that is, and what a vendor allows, is decided where the process is put together;
// a pool without a gate sends everything.

/// Decides whether a call may be sent now.
package protocol VendorGate: Sendable {
    /// Returns leave for one call. Throws `TransportFailure.held` where it must wait: nothing was sent.
    func enter(_ request: VendorRequest, for account: VendorAccount) async throws(TransportFailure)
        -> any VendorPassage
}

/// Leave for one call; told its outcome, once.
package protocol VendorPassage: Sendable {
    func left(_ outcome: Result<VendorResponse, TransportFailure>) async
}
