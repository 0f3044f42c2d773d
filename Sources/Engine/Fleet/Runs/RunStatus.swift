/// Where a run stands. The first three are live; the others are ends.
public enum RunStatus: String, Sendable, Codable, CaseIterable {
    case pending, running, waiting
    case succeeded, failed, cancelled, poisoned
    case needsAttention = "needs_attention"

    public var isEnd: Bool {
        switch self {
        case .pending, .running, .waiting: false
        case .succeeded, .failed, .cancelled, .poisoned, .needsAttention: true
        }
    }
}
