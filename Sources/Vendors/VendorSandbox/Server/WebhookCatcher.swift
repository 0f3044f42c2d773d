import Synchronization

// A receiver for tests of webhooks: it keeps what arrives and answers what it is told to. It is a sandbox
// vendor like the others, so faults and the record work on it too.

/// Receives webhooks at any path.
package actor WebhookCatcher: SandboxVendor {
    package nonisolated let name = "catcher"
    /// The webhooks received, oldest first, refused ones included.
    package private(set) var received: [SandboxRequest] = []
    private var answers: [Int] = []
    private var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []

    package init() {}

    /// Answers the next webhooks with these statuses, then with 200 again.
    package func answer(with statuses: [Int]) { answers += statuses }

    /// Returns once so many webhooks have arrived in all.
    package func arrival(of count: Int) async {
        if received.count >= count { return }
        await withCheckedContinuation { waiters.append((count, $0)) }
    }

    package func respond(to request: SandboxRequest) async -> SandboxResponse {
        received.append(request)
        let due = waiters.filter { $0.count <= received.count }
        waiters.removeAll { $0.count <= received.count }
        for waiter in due { waiter.continuation.resume() }
        let status = answers.isEmpty ? 200 : answers.removeFirst()
        return SandboxResponse(status: status)
    }

    package func objects(_ kind: String) async -> [JSON]? { nil }

    package func reset() async {
        received = []
        answers = []
    }

    package nonisolated func refusal(_ failure: InjectedFailure) -> SandboxResponse {
        SandboxResponse(status: failure.status, headers: failure.headers)
    }
}
