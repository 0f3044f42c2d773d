import Durable
import Foundation
import Postgres
import Redis
import Testing

@testable import Fleet

@Suite("Claims while Redis is away")
struct ControlFallbackTests {
    struct Setting {
        let under: QueueUnderControl
        let worker: WorkerIdentity

        static func make() async throws -> Setting {
            let under = try await QueueUnderControl.make()
            var registry = WorkflowRegistry()
            registry.register(FiveSteps(effects: Effects()))
            registry.register(Napping())
            return Setting(
                under: under,
                worker: WorkerIdentity(queue: under.queue.name, slots: 50, registry: registry))
        }

        func pending(_ tenant: String, _ workflow: WorkflowName = FiveSteps.name, many: Int) async throws {
            for _ in 0..<many {
                _ = try await under.fleet.pool.execute(
                    """
                    insert into engine.run (id, tenant, workflow, version, queue, input)
                    values (\(RunID().rawValue), \(tenant), \(workflow.rawValue), 1, \(under.queue.name), '1')
                    """)
            }
        }

        func claim(_ limit: Int, by other: WorkerIdentity? = nil) async throws -> [String: Int] {
            let ids = try await ClaimWithoutRedis.claim(
                upTo: limit, for: other ?? worker, from: under.fleet.pool)
            let rows = try await under.fleet.pool.execute(
                "select tenant || '/' || workflow from engine.run where id = any(\(ids.map(\.rawValue)))")
            return try rows.rows.reduce(into: [:]) { $0[try $1.decode(0, as: String.self), default: 0] += 1 }
        }
    }

    @Test("pauses and caps hold, and tenants take turns")
    func held() async throws {
        let setting = try await Setting.make()
        let control = setting.under.control
        let mandate = setting.under.mandate
        try await control.setShare(of: "capped", weight: 1, cap: 2, by: mandate)
        try await control.pause(.tenant("paused"), by: mandate)
        try await control.setCap(of: Napping.name, to: 1, by: mandate)
        try await setting.pending("crowd", many: 30)
        try await setting.pending("few", many: 5)
        try await setting.pending("capped", many: 10)
        try await setting.pending("paused", many: 5)
        try await setting.pending("few", Napping.name, many: 4)

        let claimed = try await setting.claim(20)

        #expect(claimed["capped/five_steps"] == 2)
        #expect(claimed["paused/five_steps"] == nil)
        #expect(claimed["few/five_steps"] == 5)
        #expect(claimed["few/napping"] == 1)
        #expect(claimed["crowd/five_steps"] == 12)
    }

    @Test("two workers that claim at once never exceed a cap together")
    func atOnce() async throws {
        let setting = try await Setting.make()
        try await setting.under.control.setShare(
            of: "capped", weight: 1, cap: 7, by: setting.under.mandate)
        try await setting.pending("capped", many: 60)

        let claimed = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                let other = WorkerIdentity(
                    queue: setting.under.queue.name, slots: 10, registry: setting.registry)
                group.addTask { try await setting.claim(10, by: other).values.reduce(0, +) }
            }
            return try await group.reduce(0, +)
        }

        #expect(claimed == 7)
    }

    @Test("a paused queue gives out nothing")
    func pausedQueue() async throws {
        let setting = try await Setting.make()
        try await setting.pending("t", many: 5)
        try await setting.under.control.pause(.queue(setting.under.queue.name), by: setting.under.mandate)

        #expect(try await setting.claim(10).isEmpty)
    }
}

extension ControlFallbackTests.Setting {
    var registry: WorkflowRegistry {
        var registry = WorkflowRegistry()
        registry.register(FiveSteps(effects: Effects()))
        return registry
    }
}
