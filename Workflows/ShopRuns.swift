// The shop's side of the engine's client: how a face of the shop starts a checkout, and how Stripe's events
// find their run.

import Commerce
import CommerceStore
import Durable
import Fleet
import FoundationEssentials

extension Runs {
    /// Starts the run of a checkout in the transaction that writes the checkout: both or neither.
    package func start(_ checkout: Checkout, in tx: Transaction<OneTenant>) async throws -> UUID {
        try await start(
            CheckoutToFulfilment.self, CheckoutToFulfilment.Input(checkout: checkout.id),
            once: "\(checkout.id)",
            for: Tenant(tx.tenant), in: tx.postgres
        ).id.rawValue
    }
}

extension Runs: SignalSender {}

/// Starts a run in the transaction that writes its reason: both or neither, and once per key.
package protocol RunStarter: Sendable {
    func start<W: Workflow>(
        _ workflow: W.Type, _ input: W.Input, once key: String, with tx: Transaction<OneTenant>
    ) async throws

    /// The same, but unlike a key that is used once, this one is free again as soon as its run has ended,
    /// however it did.
    func startSingle<W: Workflow>(
        _ workflow: W.Type, _ input: W.Input, key: String, with tx: Transaction<OneTenant>
    ) async throws

    /// Starts many runs for many stores, each once per key. Where it throws, repeat it whole.
    func start<W: Workflow>(_ workflow: W.Type, _ runs: [KeyedRun<W.Input>]) async throws
}

/// One of many runs that are started together.
package struct KeyedRun<Input: Sendable>: Sendable {
    package let key: String
    package let input: Input
    package let tenant: TenantID

    package init(key: String, input: Input, tenant: TenantID) {
        self.key = key
        self.input = input
        self.tenant = tenant
    }
}

extension Runs: RunStarter {
    package func start<W: Workflow>(
        _ workflow: W.Type, _ input: W.Input, once key: String, with tx: Transaction<OneTenant>
    ) async throws {
        _ = try await start(W.self, input, once: key, for: Tenant(tx.tenant), in: tx.postgres)
    }

    package func startSingle<W: Workflow>(
        _ workflow: W.Type, _ input: W.Input, key: String, with tx: Transaction<OneTenant>
    ) async throws {
        _ = try await startSingle(W.self, input, key: key, for: Tenant(tx.tenant), in: tx.postgres)
    }

    package func start<W: Workflow>(_ workflow: W.Type, _ runs: [KeyedRun<W.Input>]) async throws {
        // Submitted together, they are committed together.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for run in runs {
                group.addTask {
                    _ = try await self.start(W.self, run.input, once: run.key, for: Tenant(run.tenant))
                }
            }
            try await group.waitForAll()
        }
    }
}
