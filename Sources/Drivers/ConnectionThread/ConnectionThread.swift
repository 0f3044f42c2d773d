// A serial executor that owns one thread. Calls into C libraries block; Swift's shared pool has one thread
// per core and must never block, so each connection is an actor on a thread of its own.
//
// The queue is a pair of arrays swapped under one mutex: the thread takes everything that waits in one step,
// and a caller that enqueues while the thread is busy pays for a lock and an append, not for a wake-up. A
// dispatch queue was rejected: it moves between threads of a shared pool, which libraries with per-thread
// state do not expect, and a blocked dispatch worker makes the pool start another.

internal import Glibc

/// A thread that runs the jobs of the actors it is the executor of, one at a time and in order.
///
/// It ends after ``stop()`` once its queue is empty. An actor that uses it holds it and stops it in its
/// `deinit`.
public final class ConnectionThread: SerialExecutor {
    /// Seen in `top -H` and debuggers; the kernel keeps the first fifteen bytes.
    public let name: String
    private let queue = JobQueue()
    private let bell: WakeUp?

    /// Starts the thread.
    ///
    /// - Parameter polls: true if jobs of this thread will use ``poll(_:for:until:)`` and other threads
    ///   ``wake()``. It costs two file descriptors.
    public init(name: String, polls: Bool = false) {
        self.name = name
        self.bell = polls ? WakeUp() : nil
        start()
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        queue.append(UnownedJob(job))
    }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    public func checkIsolated() {
        precondition(queue.isOwnedByCurrentThread, "this code belongs on the connection thread \(name)")
    }

    /// Lets the thread end once its queue is empty. Returns at once; may be called from the thread itself.
    public func stop() {
        queue.close()
        wake()
    }

    /// Ends the wait of a job that is in ``poll(_:for:until:)``, or of the next one to call it. From any
    /// thread.
    public func wake() { bell?.ring() }

    /// Waits on this thread until a descriptor is ready, ``wake()`` is called, or the deadline has passed.
    public func poll(
        _ descriptor: Int32, for interest: Readiness, until deadline: ContinuousClock.Instant?
    ) -> Readiness {
        checkIsolated()
        return Readiness.wait(descriptor, for: interest, bell: bell?.descriptor, until: deadline)
    }

    private func start() {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, Self.stackBytes)
        var thread = pthread_t()
        let status = pthread_create(&thread, &attributes, threadBody, Unmanaged.passRetained(self).toOpaque())
        precondition(status == 0, "no thread for \(name): error \(status); raise the limit of threads")
        pthread_attr_destroy(&attributes)
    }

    fileprivate func run() {
        nameCurrentThread()
        queue.adoptCurrentThread()
        let executor = asUnownedSerialExecutor()
        var jobs: [UnownedJob] = []
        while queue.takeAll(into: &jobs) {
            for job in jobs {
                job.runSynchronously(on: executor)
            }
            jobs.removeAll(keepingCapacity: true)
        }
    }

    /// Through `/proc`, since the C function for it is not visible to Swift. A thread without a name works
    /// as well.
    private func nameCurrentThread() {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        let bytes = Array(name.utf8.prefix(15))
        _ = write(file, bytes, bytes.count)
        close(file)
    }

    /// Enough for a TLS handshake and deep generic decoding; the default of 8 MiB is only address space, but
    /// hundreds of connections would count against strict memory limits.
    private static let stackBytes = 1 << 20
}

/// The thread holds its executor until it ends, so a job can never outlive the queue it stands in.
private func threadBody(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    // Taken back here and released when the loop has ended.
    let thread = Unmanaged<ConnectionThread>.fromOpaque(context!).takeRetainedValue()
    thread.run()
    return nil
}

extension ConnectionThread {
    /// Runs one piece of blocking work on a thread that ends with it. For what is rare, such as cancelling a
    /// query.
    public static func run(named name: String, _ body: @escaping @Sendable () -> Void) {
        let thread = ConnectionThread(name: name)
        let work = OneJob(executor: thread, body: body)
        // Nobody awaits or cancels it: the work is bounded by the caller's own limits.
        Task { await work.run() }
    }
}

extension ConnectionThread {
    /// Blocks the calling thread, which must be one that may block.
    public static func block(for duration: Duration) {
        _ = Readiness.wait(-1, for: [], until: .now + duration)
    }
}

private actor OneJob {
    private let executor: ConnectionThread
    private let body: @Sendable () -> Void

    init(executor: ConnectionThread, body: @escaping @Sendable () -> Void) {
        self.executor = executor
        self.body = body
    }

    deinit { executor.stop() }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    func run() { body() }
}
