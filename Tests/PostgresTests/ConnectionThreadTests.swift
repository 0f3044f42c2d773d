import ConnectionThread
import Glibc
import Postgres
import Testing

private actor Counter {
    private let thread: ConnectionThread
    private(set) var seen: [Int] = []
    private(set) var threads: Set<UInt> = []

    init(_ thread: ConnectionThread) { self.thread = thread }

    deinit { thread.stop() }

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    func note(_ number: Int) {
        seen.append(number)
        threads.insert(UInt(pthread_self()))
    }

    func wait(on descriptor: Int32, until deadline: ContinuousClock.Instant?) -> Readiness {
        thread.poll(descriptor, for: .readable, until: deadline)
    }
}

@Suite("A connection's thread")
struct ConnectionThreadTests {
    @Test("runs every job of its actor, on one thread") func oneThread() async {
        let counter = Counter(ConnectionThread(name: "test"))
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<1000 { group.addTask { await counter.note(number) } }
        }
        #expect(await counter.seen.sorted() == Array(0..<1000))
        #expect(await counter.threads.count == 1)
    }

    @Test("is woken from a wait, and sees a descriptor and a deadline") func polls() async {
        let thread = ConnectionThread(name: "test", polls: true)
        let counter = Counter(thread)
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let (output, input) = (ends[0], ends[1])

        async let woken = counter.wait(on: output, until: nil)
        thread.wake()
        #expect(await woken == .woken)

        async let ready = counter.wait(on: output, until: nil)
        _ = write(input, [1], 1)
        #expect(await ready == .readable)
        var byte: UInt8 = 0
        _ = read(output, &byte, 1)

        #expect(await counter.wait(on: output, until: .now) == [])
        close(input)
        #expect(await counter.wait(on: output, until: nil).contains(.closed))
        close(output)
    }

    @Test("blocks instead of Swift's shared threads, of which there are few", .timeLimit(.minutes(1)))
    func sharedThreadsStayFree() async throws {
        let key = 4_711_001
        try await withConnection { holder in
            _ = try await holder.execute("select pg_advisory_lock(\(key))")
            try await withPool(size: 12) { pool in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<12 {
                        group.addTask {
                            try await pool.withTransaction {
                                _ = try await $0.execute("select pg_advisory_xact_lock_shared(\(key))")
                            }
                        }
                    }
                    // Twelve threads are blocked now. If they were shared ones, nobody could run what
                    // follows.
                    try await withConnection { observer in
                        let waiting: Query =
                            "select count(*) from pg_locks where locktype = 'advisory' and not granted"
                        while try await observer.execute(waiting).rows[0].decode(0, as: Int.self) < 12 {}
                    }
                    _ = try await holder.execute("select pg_advisory_unlock(\(key))")
                    try await group.waitForAll()
                }
            }
        }
    }
}
