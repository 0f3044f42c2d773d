/// A worker in a child process.
struct WorkerProcess: Sendable {
    private let child: BenchChild

    var id: Int32 { child.id }

    /// Runs `body` beside a worker that has registered, and stops it afterwards.
    static func with<Value>(
        slots: Int, in database: BenchDatabase, _ body: (WorkerProcess) async throws -> Value
    ) async throws -> Value {
        let worker = WorkerProcess(child: try BenchChild(["--worker-slots", "\(slots)"]))
        return try await worker.child.during {
            try await database.waitForWorker(worker.id)
            return try await body(worker)
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
}
