import Logging
import Synchronization

/// What a sandbox can be started with.
package struct SandboxOptions: Sendable {
    /// Seeds probabilities and shuffles. Ids of objects are never seeded: they must differ between runs.
    package var seed: UInt64 = 1
    /// The pause before the first retry of a webhook; each later pause doubles up to the longest.
    package var webhookRetryPause: Duration = .milliseconds(200)
    package var longestWebhookPause: Duration = .seconds(5)
    /// After so many tries a webhook is given up; the log keeps it and it can be sent again.
    package var webhookTries = 40
    /// How long webhooks are gathered before they are delivered out of order.
    package var shuffleWindow: Duration = .milliseconds(250)

    package init() {}
}

/// The tools every vendor works with: its clock, its faults, its record and its webhooks.
package final class Workbench: Sendable {
    package let options: SandboxOptions
    package let clock = SandboxClock()
    package let calls = CallRecorder()
    package let webhooks: WebhookDispatcher
    package let logger: Logger
    private let plan: Mutex<FaultPlan>

    package init(options: SandboxOptions = SandboxOptions(), logger: Logger = Logger(label: "sandbox")) {
        self.options = options
        self.logger = logger
        plan = Mutex(FaultPlan(seed: options.seed))
        webhooks = WebhookDispatcher(options: options, logger: logger)
    }

    /// Puts a fault in force.
    package func inject(_ fault: Fault) { plan.withLock { $0.add(fault) } }
    /// Lifts all faults.
    package func clearFaults() { plan.withLock { $0.removeAll() } }

    var faults: [Fault] { plan.withLock { $0.faults } }

    func judge(method: String, path: String) -> FaultPlan.Verdict {
        plan.withLock { $0.judge(method: method, path: path) }
    }

    /// Queues a webhook for each target, as the faults in force decide.
    package func send(_ message: WebhookMessage, to target: WebhookTarget) async {
        let delivery = plan.withLock { $0.judge(webhook: message.type, cause: message.cause) }
        await webhooks.enqueue(message, to: target, as: delivery) { [weak self] batch in
            self?.plan.withLock { $0.disorder(batch) } ?? batch
        }
    }

    func reset() async {
        await webhooks.reset()
        calls.reset()
        clock.reset()
        plan.withLock { $0 = FaultPlan(seed: options.seed) }
    }
}
