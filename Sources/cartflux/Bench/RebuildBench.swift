// Redis loses everything while runs are pending: how long until all of them can be dispatched again.

import Fleet
import Foundation
import Redis

struct RebuildBench: Bench {
    let scene: BenchScene
    let pending: Int

    private static let patience: Duration = .seconds(60)

    func run() async throws -> BenchReport {
        let loadBefore = try ProcessUsage.machineLoad()
        var seconds: [Double] = []
        for round in 1...scene.rounds {
            scene.say("round \(round) of \(scene.rounds): \(pending) pending runs, then FLUSHALL")
            seconds.append(try await measure())
        }
        try await scene.clear()
        let figure = BenchFigure(
            "rebuild", "FLUSHALL with \(pending) pending runs to all queued", "s", seconds, .below(10))
        return try await scene.report(
            .rebuild, loadBefore: loadBefore, [figure],
            notes: [
                "From the loss to the moment when Redis holds every pending run again, no worker helping."
            ])
    }

    private func measure() async throws -> Double {
        try await scene.clear()
        return try await BenchClient.with(scene.servers) { client in
            try await client.start(pending, of: NoStepBench.self)
            return try await rebuild(watching: Control(client.runs))
        }
    }

    private func rebuild(watching control: Control) async throws -> Double {
        let servers = scene.servers
        let pool = servers.pool()
        let redis = RedisClient(servers.redis, logger: servers.logger)
        let caretaker = Caretaker(servers.fleet(slots: 1), redis: redis, pool: pool, logger: servers.logger)
        let elapsed: Result<Double, any Error>
        do {
            elapsed = .success(
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await caretaker.run() }
                    defer { group.cancelAll() }
                    try await waitUntilQueued(control)
                    _ = try await redis.send(RedisCommand("FLUSHALL"))
                    let began = ContinuousClock.now
                    try await waitUntilQueued(control)
                    return (ContinuousClock.now - began).inSeconds
                })
        } catch {
            elapsed = .failure(error)
        }
        await redis.shutdown()
        await pool.shutdown()
        return try elapsed.get()
    }

    private func waitUntilQueued(_ control: Control) async throws {
        let deadline = ContinuousClock.now + Self.patience
        var ready = 0
        while ContinuousClock.now < deadline {
            ready = try await control.depth(of: BenchServers.queue)?.ready ?? 0
            if ready == pending { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw BenchError.unexpectedRows("runs queued in Redis", wanted: pending, got: ready)
    }
}
