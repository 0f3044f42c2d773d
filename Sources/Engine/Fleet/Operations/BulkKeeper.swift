import Logging
import ServiceLifecycle

/// Works on bulk operations whose caller went away. Belongs beside the scheduled duties; several of them
/// share the work.
public struct BulkKeeper: Service {
    private let operations: Operations
    private let logger: Logger

    /// Orders are rare, and whoever makes one works on it at once.
    private static let poll: Duration = .seconds(5)

    public init(_ operations: Operations, logger: Logger) {
        self.operations = operations
        self.logger = logger
    }

    /// Looks for open orders until the process is asked to stop. An order that is half done stays open.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await operations.workOldest()
                } catch is CancellationError {
                    return
                } catch {
                    logger.warning("bulk operation stopped; it goes on soon", metadata: ["error": "\(error)"])
                }
                // Cancellation ends the loop at its condition.
                try? await Task.sleep(for: Self.poll)
            }
        }
    }
}
