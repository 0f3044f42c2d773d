import Foundation

/// A worker in a child process.
struct WorkerProcess: Sendable {
    private let process: Process
    private let input: FileHandle
    private let ended: AsyncStream<Void>

    private static let patience: Duration = .seconds(20)

    var id: Int32 { process.processIdentifier }

    private init(slots: Int) throws {
        let pipe = Pipe()
        let (ended, continuation) = AsyncStream.makeStream(of: Void.self)
        process = Process()
        process.executableURL = URL(
            filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        process.arguments = ["bench", "--worker-slots", "\(slots)"]
        process.standardInput = pipe
        process.terminationHandler = { _ in continuation.finish() }
        try process.run()
        input = pipe.fileHandleForWriting
        self.ended = ended
    }

    /// Runs `body` beside a worker that has registered, and stops it afterwards.
    static func with<Value>(
        slots: Int, in database: BenchDatabase, _ body: (WorkerProcess) async throws -> Value
    ) async throws -> Value {
        let worker = try WorkerProcess(slots: slots)
        do {
            try await database.waitForWorker(worker.id)
            let value = try await body(worker)
            try await worker.stop()
            return value
        } catch {
            try await worker.stop()
            throw error
        }
    }

    /// The same with several workers.
    static func with<Value>(
        _ count: Int, slots: Int, in database: BenchDatabase, _ body: ([WorkerProcess]) async throws -> Value
    ) async throws -> Value {
        guard count > 0 else { return try await body([]) }
        return try await with(slots: slots, in: database) { worker in
            try await with(count - 1, slots: slots, in: database) { others in
                try await body([worker] + others)
            }
        }
    }

    private func stop() async throws {
        try input.close()
        let process = process
        // Ends with the process: cancelled below.
        let watchdog = Task {
            try await Task.sleep(for: Self.patience)
            kill(process.processIdentifier, SIGKILL)
        }
        for await _ in ended {}
        watchdog.cancel()
    }
}
