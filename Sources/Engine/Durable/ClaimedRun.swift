import FoundationEssentials

/// A run as the journal hands it to a worker: all that a replay needs, so that no step reads anything before
/// it runs.
public struct ClaimedRun: Sendable {
    public let id: RunID
    public let epoch: Int64
    public let tenant: Tenant
    public let workflow: WorkflowName
    public let version: Int
    public var input: Payload
    public let startedAt: Date
    public var steps: [StepRecord]
    public var attempts: [AttemptRecord]
    public var intents: [StepKey]
    /// What long steps without an end last said of themselves.
    public var details: [StepKey: Payload]
    public var signals: [DeliveredSignal]
    public var mailSeen: Int64
    public let cancellation: String?
    public let trace: String?

    public init(
        id: RunID, epoch: Int64, tenant: Tenant, workflow: WorkflowName, version: Int, input: Payload,
        startedAt: Date, steps: [StepRecord] = [], attempts: [AttemptRecord] = [], intents: [StepKey] = [],
        details: [StepKey: Payload] = [:], signals: [DeliveredSignal] = [], mailSeen: Int64 = 0,
        cancellation: String? = nil, trace: String? = nil
    ) {
        self.id = id
        self.epoch = epoch
        self.tenant = tenant
        self.workflow = workflow
        self.version = version
        self.input = input
        self.startedAt = startedAt
        self.steps = steps
        self.attempts = attempts
        self.intents = intents
        self.details = details
        self.signals = signals
        self.mailSeen = mailSeen
        self.cancellation = cancellation
        self.trace = trace
    }

    public var lease: Lease { Lease(run: id, epoch: epoch) }
}
