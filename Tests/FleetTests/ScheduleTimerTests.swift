import Durable
import Foundation
import Redis
import Testing

@testable import Fleet

@Suite("Long timers")
struct ScheduleTimerTests {
    @Test("a run asleep for a month survives restarts, the loss of Redis and a clock that jumps ahead")
    func month() async throws {
        let fleet = try await FleetUnderTest.shared()
        var registry = WorkflowRegistry()
        registry.register(Napping())
        let napping = registry
        let month = 30 * 86_400_000

        let run = try await fleet.working([napping]) {
            let run = try await fleet.runs.start(Napping.self, month, for: "t").id
            try await fleet.until { try await fleet.runs.report(run)?.status == .waiting }
            return run
        }
        _ = try await fleet.redis.send(RedisCommand("FLUSHDB"))
        // Whatever keeps the time says that it has come: the run is woken, and sees that it has not.
        _ = try await fleet.pool.execute(
            "update engine.run set wake_at = clock_timestamp() - interval '1 h' where id = \(run.rawValue)")
        try await fleet.working([napping]) {
            try await fleet.until {
                let row = try await fleet.pool.execute(
                    """
                    select status = 'waiting' and epoch > 1
                        and wake_at > clock_timestamp() + interval '29 days'
                    from engine.run where id = \(run.rawValue)
                    """
                ).first
                return try row?.decode(0, as: Bool.self) == true
            }
        }

        // Its time really comes, while nobody is there and Redis knows nothing.
        _ = try await fleet.redis.send(RedisCommand("FLUSHDB"))
        let past = Int64(Date().timeIntervalSince1970 * 1000) - 1
        _ = try await fleet.pool.pipeline([
            "update engine.step set output = to_jsonb(\(past)) where run = \(run.rawValue)",
            "update engine.run set wake_at = clock_timestamp() - interval '1 s' where id = \(run.rawValue)",
        ])
        let slept = try await fleet.working([napping]) {
            try await fleet.runs.result(of: run, as: Napping.self, upTo: .seconds(30))
        }

        #expect(slept == month)
    }
}
