import Foundation

/// A process of the bench's own program beside it: `cartflux bench` with a private option. The end of its
/// standard input is its end, so a bench that is killed leaves none behind.
struct BenchChild: Sendable {
    private let process: Process
    private let input: FileHandle
    private let ended: AsyncStream<Void>

    private static let patience: Duration = .seconds(20)

    var id: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }

    /// - Parameter isSilent: whether what it prints is dropped; its errors are seen all the same.
    init(_ options: [String], environment: [String: String]? = nil, isSilent: Bool = false) throws {
        let pipe = Pipe()
        let (ended, continuation) = AsyncStream.makeStream(of: Void.self)
        process = Process()
        process.executableURL = URL(
            filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        process.arguments = ["bench"] + options
        if let environment { process.environment = environment }
        process.standardInput = pipe
        if isSilent { process.standardOutput = FileHandle.nullDevice }
        process.terminationHandler = { _ in continuation.finish() }
        try process.run()
        input = pipe.fileHandleForWriting
        self.ended = ended
    }

    /// Runs `body` beside it, and stops it afterwards.
    func during<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            let value = try await body()
            try await stop()
            return value
        } catch {
            try await stop()
            throw error
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

    /// In the child: returns when the bench has gone or wants it to end.
    static func endOfInput() async {
        let (input, continuation) = AsyncStream.makeStream(of: Void.self)
        atEndOfInput { continuation.finish() }
        for await _ in input {}
    }

    /// In the child: does `act` once the bench has gone or wants it to end.
    static func atEndOfInput(_ act: @escaping @Sendable () -> Void) {
        FileHandle.standardInput.readabilityHandler = { handle in
            guard handle.availableData.isEmpty else { return }
            handle.readabilityHandler = nil
            act()
        }
    }
}
