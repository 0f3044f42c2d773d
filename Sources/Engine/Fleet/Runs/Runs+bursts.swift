import Durable
import Logging
import ServiceLifecycle

extension Runs {
    /// Accepts a run in Redis alone, for bursts: durable when this returns, in Postgres and started shortly
    /// after. After `.notAccepted` it is not known whether the run was accepted: a burst has no key.
    ///
    /// `subject` is as for `start`: the input lies sealed in the buffer too, so that erasing the person
    /// covers it there. Their key is asked of Postgres where it was not used here within half a minute.
    ///
    /// Throws `RunsError`: `.overloaded` where the buffer is full, `.notDurable` where Redis does not write
    /// to disk before it answers.
    public func startBurst<W: Workflow>(
        _ workflow: W.Type, _ input: W.Input, for tenant: Tenant, priority: Int = 0, trace: String? = nil,
        subject: Subject? = nil
    ) async throws(RunsError) -> RunID {
        try await backpressure.check()
        let plain = try prepare(W.self, input, nil, tenant, priority, nil, trace)
        let entry = BurstEntry(try await sealed(plain, about: subject))
        try await burst.append(entry)
        return entry.id
    }
}

/// Moves bursts from Redis into Postgres until the process stops. Any number of processes may run one.
public struct BurstDrainer: Service {
    private let burst: BurstBuffer
    private let logger: Logger
    private static let idle: Duration = .milliseconds(100)
    private static let trouble: Duration = .seconds(1)

    public init(_ runs: Runs) {
        burst = runs.burst
        logger = runs.logger
    }

    /// Drains until the process is asked to stop. What is left stays in Redis for the next drainer.
    public func run() async throws {
        await cancelWhenGracefulShutdown { await drainUntilCancelled() }
    }

    private func drainUntilCancelled() async {
        while !Task.isCancelled {
            var pause = Self.idle
            do {
                if try await burst.drain() > 0 { pause = .zero }
            } catch {
                logger.warning("burst not drained; it will be tried again", metadata: ["error": "\(error)"])
                pause = Self.trouble
            }
            guard pause > .zero else { continue }
            // Cancellation ends the loop at its condition.
            try? await Task.sleep(for: pause)
        }
    }
}
