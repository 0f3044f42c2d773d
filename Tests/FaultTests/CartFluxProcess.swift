import Foundation
import Synchronization

// The program itself as a child, because a fault that matters hits a process: it is killed or stopped in
// the middle of anything, and shares no memory with the test that watches it. A thread of its own starts
// each child and waits for it. That thread outlives its child, so the kernel's signal at the death of a
// parent, which follows the thread and not the process, ends no child too early and leaves none behind.

/// A running `cartflux`, known by its process id.
final class CartFluxProcess: Sendable {
    private struct State {
        var exit: Int32?
        var waiters: [CheckedContinuation<Int32, Never>] = []
    }

    let name: String
    let id: pid_t
    /// Everything it prints.
    let log: URL
    private let state = Mutex(State())

    /// Starts `cartflux` with these arguments and this environment, and of our own only what names places.
    static func start(
        _ arguments: [String], as name: String, environment: [String: String], logs: URL
    ) async throws -> CartFluxProcess {
        let program = try program()
        let log = logs.appending(path: "\(name).log")
        try Data().write(to: log)
        var inherited = ProcessInfo.processInfo.environment.filter {
            ["PATH", "HOME", "LANG", "TZ"].contains($0.key)
        }
        inherited.merge(environment) { $1 }
        let command = Spawn(
            words: ["/usr/bin/env", "setpriv", "--pdeathsig", "KILL", program] + arguments,
            environment: inherited.map { "\($0.key)=\($0.value)" }, log: log)
        return try await withCheckedThrowingContinuation { started in
            Thread.detachNewThread {
                do {
                    let process = CartFluxProcess(name: name, id: try command.start(), log: log)
                    started.resume(returning: process)
                    process.waitForEnd()
                } catch {
                    started.resume(throwing: error)
                }
            }
        }
    }

    private init(name: String, id: pid_t, log: URL) {
        self.name = name
        self.id = id
        self.log = log
    }

    /// Signals the process unless it has ended: its id may be another's by then.
    func signal(_ signal: Int32) {
        state.withLock { if $0.exit == nil { Foundation.kill(id, signal) } }
    }

    var hasEnded: Bool { state.withLock { $0.exit != nil } }

    /// How it ended: what it returned, or 128 and the signal.
    @discardableResult
    func ended() async -> Int32 {
        await withCheckedContinuation { continuation in
            let exit = state.withLock { state -> Int32? in
                if state.exit == nil { state.waiters.append(continuation) }
                return state.exit
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }

    /// Ends it at once and waits until it is gone.
    func end() async {
        signal(SIGKILL)
        await ended()
    }

    /// The end of what it printed, for the message of a failed test.
    var lastWords: String {
        // A log that cannot be read has nothing to add to the failure that is being reported.
        let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
        return "\(name) (\(id)):\n" + text.suffix(3_000)
    }

    private func waitForEnd() {
        // Only looked at here: the id stays ours until it is reaped below, under the lock that signals take.
        var information = siginfo_t()
        while waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) == -1, errno == EINTR {}
        let (exit, waiters) = state.withLock { state -> (Int32, [CheckedContinuation<Int32, Never>]) in
            var status: Int32 = 0
            while waitpid(id, &status, 0) == -1, errno == EINTR {}
            let exit = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
            state.exit = exit
            defer { state.waiters = [] }
            return (exit, state.waiters)
        }
        for waiter in waiters { waiter.resume(returning: exit) }
    }

    /// The program that was built with these tests: it lies beside their bundle.
    private static func program() throws -> String {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let places = [
            URL(fileURLWithPath: ProcessInfo.processInfo.arguments[0]).deletingLastPathComponent(),
            Bundle.main.bundleURL, root.appending(path: ".build/debug"),
        ].map { $0.appending(path: "cartflux").path }
        guard let found = places.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw ProgramMissing(places: places)
        }
        return found
    }
}

private struct ProgramMissing: Error, CustomStringConvertible {
    let places: [String]
    var description: String { "no cartflux at \(places.joined(separator: ", ")); build it first" }
}

/// What is needed to start a program.
private struct Spawn: Sendable {
    let words: [String]
    let environment: [String]
    let log: URL

    func start() throws -> pid_t {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&files, 1, log.path, O_WRONLY | O_APPEND, 0)
        posix_spawn_file_actions_adddup2(&files, 1, 2)

        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        var child: pid_t = 0
        let refusal = posix_spawn(&child, words[0], &files, nil, &arguments, &variables)
        guard refusal == 0 else { throw POSIXError(POSIXErrorCode(rawValue: refusal) ?? .ENOENT) }
        return child
    }
}
