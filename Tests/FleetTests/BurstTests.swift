import Durable
import Foundation
import Postgres
import Redis
import TestServers
import Testing

@testable import Fleet

@Suite("Bursts that Redis accepts")
struct BurstTests {
    /// Killed at a point of the drain.
    struct Killed: Error {}

    /// A fleet whose Redis writes to disk before it answers.
    static func with(
        masterKeys: MasterKeys? = nil, _ body: @Sendable (FleetUnderTest) async throws -> Void
    ) async throws {
        try await PrivateServers.with([.postgres, .redis], redisSync: "always") { servers in
            let database = try await servers.createDatabase("burst")
            try await FleetUnderTest.migrate(database.superuserURL)
            let fleet = try FleetUnderTest(
                databaseURL: database.url(role: "cartflux_engine"), redisURL: servers.redisURL(),
                queue: "burst", masterKeys: masterKeys)
            try await body(fleet)
            await fleet.pool.shutdown()
            await fleet.redis.shutdown()
        }
    }

    @Test("a drainer that is killed at any point loses nothing and doubles nothing")
    func killed() async throws {
        try await Self.with { fleet in
            for point in BurstBuffer.Point.allCases {
                let buffer = BurstBuffer(fleet.runs.queue, pool: fleet.pool)
                var accepted: Set<RunID> = []
                for number in 0..<20 {
                    accepted.insert(try await fleet.runs.startBurst(Napping.self, number, for: "t"))
                }

                await #expect(throws: Killed.self) {
                    _ = try await buffer.drain { if $0 == point { throw Killed() } }
                }
                // Runs that were started go on and end before the next drainer comes.
                let ended = try await fleet.pool.execute(
                    """
                    with gone as (delete from engine.run returning *),
                    kept as (
                        insert into engine.run_history (id, tenant, workflow, version, status, epoch, input,
                            created_at)
                        select id, tenant, workflow, version, 'succeeded', 1, input, created_at from gone)
                    select id from gone
                    """)
                var started = try ended.rows.map { RunID(rawValue: try $0.decode(0, as: UUID.self)) }
                while try await buffer.drain() > 0 {}
                let rest = try await fleet.pool.execute("delete from engine.run returning id")
                started += try rest.rows.map { RunID(rawValue: try $0.decode(0, as: UUID.self)) }

                #expect(started.count == 20, "killed at \(point)")
                #expect(Set(started) == accepted, "killed at \(point)")
                let held = try await fleet.redis.send(RedisCommand("GET", "cf:{burst:burst}:bytes"))
                #expect(held.int == 0, "killed at \(point)")
            }
        }
    }

    @Test("several drainers at once start every run once")
    func several() async throws {
        try await Self.with { fleet in
            for number in 0..<1_200 {
                _ = try await fleet.runs.startBurst(Napping.self, number, for: "t")
            }

            let started = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<3 {
                    let buffer = BurstBuffer(fleet.runs.queue, pool: fleet.pool)
                    group.addTask {
                        var count = 0
                        for _ in 0..<6 { count += try await buffer.drain() }
                        return count
                    }
                }
                return try await group.reduce(0, +)
            }

            #expect(started == 1_200)
            let rows = try await fleet.pool.execute("select count(*) from engine.run")
            #expect(try rows.rows[0].decode(0, as: Int64.self) == 1_200)
        }
    }

    @Test("a Redis that lost its data begins a new buffer, whose runs are not taken for old ones")
    func lostBuffer() async throws {
        try await Self.with { fleet in
            let buffer = BurstBuffer(fleet.runs.queue, pool: fleet.pool)
            for number in 0..<5 { _ = try await fleet.runs.startBurst(Napping.self, number, for: "t") }
            #expect(try await buffer.drain() == 5)

            _ = try await fleet.redis.send(RedisCommand("FLUSHALL"))
            for number in 0..<3 { _ = try await fleet.runs.startBurst(Napping.self, number, for: "t") }

            #expect(try await buffer.drain() == 3)
        }
    }

    @Test("a Redis that fell back to an older state loses nothing that it accepts after that")
    func olderReplica() async throws {
        try await Self.with { fleet in
            let buffer = BurstBuffer(fleet.runs.queue, pool: fleet.pool)
            var accepted: Set<RunID> = []
            func accept(_ many: Int) async throws {
                for number in 0..<many {
                    accepted.insert(try await fleet.runs.startBurst(Napping.self, number, for: "t"))
                }
            }
            let keys = Copies(base: "cf:{burst:burst}", redis: fleet.redis)
            try await accept(2)
            try await keys.take()
            try await accept(3)
            #expect(try await buffer.drain() == 5)
            // One of them has ended by now, which makes it no less known.
            _ = try await fleet.pool.execute(
                """
                with gone as (delete from engine.run
                    where id in (select id from engine.run order by id limit 1) returning *)
                insert into engine.run_history (id, tenant, workflow, version, status, epoch, input,
                    created_at)
                select id, tenant, workflow, version, 'succeeded', 1, input, created_at from gone
                """)

            try await keys.restore()
            try await accept(4)
            var started = 0
            while try await buffer.drain() > 0 { started += 1 }

            let known = try await fleet.pool.execute(
                "select id from engine.run union all select id from engine.run_history"
            ).rows.map { RunID(rawValue: try $0.decode(0, as: UUID.self)) }
            #expect(started > 0 && known.count == 9)
            #expect(Set(known) == accepted)
            let held = try await fleet.redis.send(RedisCommand("GET", "cf:{burst:burst}:bytes"))
            #expect(held.int == 0)
        }
    }

    @Test("what came into the buffer after a drainer read it is not trimmed with what it read")
    func trimmed() async throws {
        try await Self.with { fleet in
            let buffer = BurstBuffer(fleet.runs.queue, pool: fleet.pool)
            let keys = Copies(base: "cf:{burst:burst}", redis: fleet.redis)
            _ = try await fleet.runs.startBurst(Napping.self, 0, for: "t")
            try await keys.take()
            for number in 1..<4 { _ = try await fleet.runs.startBurst(Napping.self, number, for: "t") }
            let read = try await buffer.read()

            try await keys.restore()
            let late = try await fleet.runs.startBurst(Napping.self, 9, for: "t")
            try await buffer.trim(read)

            let left = try await buffer.read()
            #expect(left.map(\.entry.id) == [late])
        }
    }

    /// The keys of a buffer, as another server might still have them.
    struct Copies {
        let base: String
        let redis: RedisClient
        static let parts = ["bytes", "list"]

        func take() async throws { try await copy(from: "", to: ":then") }
        func restore() async throws { try await copy(from: ":then", to: "") }

        private func copy(from: String, to: String) async throws {
            for part in Self.parts {
                _ = try await redis.send(
                    RedisCommand(
                        "COPY", "\(base):\(part)\(from)", "\(base):\(part)\(to)", "REPLACE"))
            }
        }
    }

    @Test("a run that lay in the buffer until its week was gone is started all the same")
    func oldWeek() async throws {
        try await Self.with { fleet in
            let id = RunID(now: Date(timeIntervalSinceNow: -60 * 86_400))
            let entry = BurstEntry(
                id: id, tenant: "t", workflow: "w", version: 1, priority: 0, input: "1", trace: nil)
            let buffer = BurstBuffer(fleet.runs.queue, pool: fleet.pool)
            let refusal = await #expect(throws: RunsError.self) { try await buffer.append(entry) }
            let text = String(decoding: JSONB(encoded: entry).bytes, as: UTF8.self)
            // As an earlier release wrote it.
            _ = try await fleet.redis.send(RedisCommand("RPUSH", "cf:{burst:burst}:list", "7\n\(text)"))

            #expect(try await buffer.drain() == 1)

            #expect(refusal?.code == "run_id_untimely")
            let kept = try await fleet.pool.execute(
                """
                insert into engine.step (run, name, item, epoch, attempt, failed, output, started_at)
                values (\(id.rawValue), 'one', '', 1, 1, false, '1', now())
                """)
            #expect(kept.affected == 1)
            #expect(try await buffer.read().isEmpty)
        }
    }

    @Test("a full buffer is refused, and takes runs again when it has been drained")
    func full() async throws {
        try await Self.with { fleet in
            let buffer = BurstBuffer(fleet.runs.queue, pool: fleet.pool, byteLimit: 2_000)
            func entry() -> BurstEntry {
                BurstEntry(
                    id: RunID(), tenant: "t", workflow: "w", version: 1, priority: 0,
                    input: String(repeating: "1", count: 500), trace: nil)
            }
            var accepted = 0
            let refusal = await #expect(throws: RunsError.self) {
                for _ in 0..<10 {
                    try await buffer.append(entry())
                    accepted += 1
                }
            }

            #expect((1...3).contains(accepted))
            #expect(refusal?.code == "fleet_overloaded")
            #expect(refusal?.disposition == .transient(retryAfter: .seconds(1)))
            #expect(try await buffer.drain() == accepted)
            try await buffer.append(entry())
        }
    }

    @Test("a Redis that may forget what it answered is refused")
    func notDurable() async throws {
        let fleet = try await FleetUnderTest.shared()

        let refusal = await #expect(throws: RunsError.self) {
            _ = try await fleet.runs.startBurst(Napping.self, 1, for: "t")
        }

        #expect(refusal?.code == "burst_not_durable")
    }

    @Test("a run whose input Postgres refuses ends as failed, and the others of its portion start")
    func refused() async throws {
        try await Self.with { fleet in
            let buffer = BurstBuffer(fleet.runs.queue, pool: fleet.pool)
            var ids: [RunID] = []
            for input in ["1", "1e200000", "3"] {
                let entry = BurstEntry(
                    id: RunID(), tenant: "t", workflow: "w", version: 1, priority: 0, input: input,
                    trace: nil)
                ids.append(entry.id)
                try await buffer.append(entry)
            }

            _ = try await buffer.drain()

            #expect(try await fleet.runs.report(ids[0])?.status == .pending)
            #expect(try await fleet.runs.report(ids[1])?.status == .failed)
            #expect(try await fleet.runs.report(ids[2])?.status == .pending)
        }
    }
}
