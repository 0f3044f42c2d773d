// Cancelling is a message on a second connection: it names the backend, not the statement, so one that is
// late would hit the next statement. Therefore each operation has a number, the message is sent only while
// that operation runs, and the end of the operation waits for a message that is under way. A signal that
// reaches an idle backend is ignored by it, so after that wait the next statement is safe.

internal import CLibpq
internal import ConnectionThread
internal import Synchronization

/// Reaches the server while the connection's own thread waits for it.
final class Canceller: Sendable {
    private struct State {
        var handle: CancelHandle?
        var running: Int?
        var wasAsked = false
    }

    /// Held while the message is sent. Only threads that may block take it: the connection's and the short-
    /// lived ones.
    private let state = Mutex(State())

    func attach(_ handle: CancelHandle?) { state.withLock { $0.handle = handle } }

    func begin(_ operation: Int) {
        state.withLock {
            $0.running = operation
            $0.wasAsked = false
        }
    }

    /// Returns whether the operation was to be cancelled.
    func end() -> Bool {
        state.withLock {
            $0.running = nil
            return $0.wasAsked
        }
    }

    /// Cancels an operation if it is still running; whatever runs if it is nil. Returns at once.
    ///
    /// A backend that has not read the statement yet is idle and ignores the message, so it is repeated
    /// until the operation has ended.
    func cancel(_ operation: Int?) {
        guard let operation = operation ?? state.withLock({ $0.running }) else { return }
        ConnectionThread.run(named: "pg-cancel") {
            var pause = Self.firstPause
            while self.send(operation) {
                ConnectionThread.block(for: pause)
                pause = min(pause * 2, Self.longestPause)
            }
        }
    }

    /// Sends the message once, on a thread that may block. False when the operation has ended.
    @discardableResult
    func send(_ operation: Int) -> Bool {
        state.withLock { state in
            guard state.running == operation else { return false }
            state.wasAsked = true
            state.handle?.send()
            return true
        }
    }

    private static let firstPause: Duration = .milliseconds(20)
    private static let longestPause: Duration = .seconds(1)
}

/// Owns what libpq needs to cancel.
///
/// `@unchecked Sendable`: the pointer never changes, libpq documents `PQcancel` as safe on any thread, and
/// `deinit` runs when nobody else holds it.
final class CancelHandle: @unchecked Sendable {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { PQfreeCancel(handle) }

    func send() {
        var message = [CChar](repeating: 0, count: 256)
        // If it cannot be sent, the server is gone or refuses connections, and the operation ends by itself
        // or by its deadline.
        _ = PQcancel(handle, &message, Int32(message.count))
    }
}
