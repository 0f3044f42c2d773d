// How to add a vendor.
//
// 1. Make a folder named for it and an actor in it that conforms to `SandboxVendor`; its initialiser takes
//    a `Workbench`. The actor holds all of the vendor's state.
// 2. Describe its endpoints in a `SandboxRoutes` table and dispatch in `respond(to:)`. Finish every change
//    before the first `await`, so that two requests cannot interleave inside one change. Never throw: every
//    refusal is an answer in the vendor's own status, headers and words.
// 3. Return an `effect` whenever something changed (`.init("invoice.create", on: "CF-0001")`) and none when
//    nothing did. Tests count effects to prove that work was done exactly once.
// 4. List the object kinds in `objects(_:)`; they are served at `GET /_sandbox/objects/{kind}`.
// 5. Read the time only from `workbench.clock`. Send webhooks with `workbench.send(_:to:)`; the target
//    carries the signing function, which is called again for each try.
// 6. Implement `refusal(_:)` so that injected failures look like the vendor's.
// 7. Give it its line in `VendorSandbox.vendors` and a property beside `stripe`. Tests that need it alone
//    call `SandboxServer.start(MyVendor(workbench), workbench)`.
//
// The server does the rest for every vendor alike: recording, faults, dropped connections, latency, reset,
// clock, the delivery log. A path under `/_sandbox/` that the server does not know itself is passed to the
// vendor, which is how hosted pages are made.

/// One vendor's behaviour behind a sandbox server.
package protocol SandboxVendor: Actor {
    /// The name in logs and answers, lower case.
    nonisolated var name: String { get }

    /// Whether this vendor waits out `request.delay` itself, at the point where its own latency would be.
    /// When false (the default) the server waits before calling `respond`.
    nonisolated var pausesItself: Bool { get }

    /// Answers one request, with its effect.
    func respond(to request: SandboxRequest) async -> SandboxResponse

    /// Everything of one kind, oldest first, or nil when there is no such kind.
    func objects(_ kind: String) async -> [JSON]?

    /// Forgets everything but what a new sandbox would have.
    func reset() async

    /// Runs what has become due because the clock moved.
    func clockMoved() async

    /// An injected failure, in this vendor's words. Changes nothing.
    nonisolated func refusal(_ failure: InjectedFailure) -> SandboxResponse
}

extension SandboxVendor {
    package nonisolated var pausesItself: Bool { false }
    package func clockMoved() async {}
}

/// A status that a fault asks for.
package struct InjectedFailure: Sendable, Equatable {
    package let status: Int
    package let retryAfterSeconds: Int?

    /// The `Retry-After` header, when one was asked for.
    package var headers: [(name: String, value: String)] {
        retryAfterSeconds.map { [(name: "Retry-After", value: String($0))] } ?? []
    }
}
