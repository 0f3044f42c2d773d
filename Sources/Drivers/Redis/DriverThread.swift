internal import Glibc

// Each connection has a thread that polls its socket and a wake-up descriptor. It is not a serial executor:
// an executor runs jobs that others give it, while this thread must sleep in `poll` until the server or a
// caller has something to say, and serves hundreds of callers in one turn.

enum DriverThread {
    /// Starts a detached thread. Whoever starts it must have a way to make `body` return.
    static func start(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Body(run: body))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 512 << 10)

        var thread = pthread_t()
        let outcome = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                DriverThread.leaveSignalsToOthers()
                body.run()
                return nil
            }, box.toOpaque())
        precondition(outcome == 0, "no thread for a Redis connection: \(String(cString: strerror(outcome)))")
    }

    /// Signals are for the program's own threads. SIGPIPE above all: OpenSSL writes to sockets with
    /// `write`, and a peer that has gone is an error to return, not a reason to end the process. Faults
    /// stay deliverable.
    private static func leaveSignalsToOthers() {
        var signals = sigset_t()
        sigfillset(&signals)
        for fault in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT] {
            sigdelset(&signals, fault)
        }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}

/// A pipe that wakes a thread out of `poll`. Owned by one object, closed with it.
final class WakeSignal: Sendable {
    let descriptor: Int32
    private let entrance: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "no pipe for a Redis connection: \(String(cString: strerror(errno)))")
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        descriptor = ends[0]
        entrance = ends[1]
    }

    deinit {
        close(descriptor)
        close(entrance)
    }

    /// A full pipe is as good: the thread has not yet noticed that it was woken.
    func raise() {
        var mark: UInt8 = 1
        _ = write(entrance, &mark, 1)
    }

    func clear() {
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { bytes in
            while read(descriptor, bytes.baseAddress, bytes.count) == bytes.count {}
        }
    }
}

/// What `poll` found.
struct Readiness {
    var socket = false
    var isWoken = false

    /// Waits for the socket, for the wake-up, or until the deadline. An interrupted wait returns with
    /// nothing.
    static func wait(_ wake: WakeSignal, socket: SocketInterest?, until deadline: Moment) -> Readiness {
        var entries = [
            pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: socket?.descriptor ?? -1, events: socket?.events ?? 0, revents: 0),
        ]
        poll(&entries, 2, deadline.pollTimeout(from: .now))
        let found = Readiness(socket: entries[1].revents != 0, isWoken: entries[0].revents != 0)
        if found.isWoken { wake.clear() }
        return found
    }
}

/// A socket and the `poll` events it waits for.
struct SocketInterest {
    let descriptor: Int32
    let events: Int16
}
