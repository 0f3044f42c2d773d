import Durable
import Foundation
import Postgres

/// Nominal times on their way into one firing statement, column by column.
struct FiringBatch {
    private(set) var nominals: [Date] = []
    private(set) var outcomes: [String] = []
    private(set) var reasons: [String?] = []
    private(set) var runs: [UUID?] = []
    private(set) var inputs: [JSONB?] = []
    private(set) var keys: [String] = []

    var isEmpty: Bool { nominals.isEmpty }
    var count: Int { nominals.count }

    mutating func start(_ nominal: Date, _ input: Payload, key: String) {
        add(nominal, .started, nil, key)
        runs[runs.count - 1] = RunID().rawValue
        inputs[inputs.count - 1] = JSONB(input.bytes)
    }

    mutating func add(_ nominal: Date, _ outcome: FiringOutcome, _ reason: SkipReason?, _ key: String) {
        nominals.append(nominal)
        outcomes.append(outcome.rawValue)
        reasons.append(reason?.rawValue)
        runs.append(nil)
        inputs.append(nil)
        keys.append(key)
    }
}
