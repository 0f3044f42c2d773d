// The dispatcher as one process reaches it.

import Durable
import Foundation
import Synchronization

@testable import Fleet

/// The one dispatcher of a simulation, with its wire and its bell.
final class DispatchServer: Sendable {
    let wire: Wire
    let history: History
    let breakage: BrokenBuild?
    let queue = Mutex(ModelQueue())
    private let listeners = Mutex<[Int: @Sendable () -> Void]>([:])
    private let nextListener = Mutex(0)

    init(_ wire: Wire, _ history: History, _ breakage: BrokenBuild?) {
        self.wire = wire
        self.history = history
        self.breakage = breakage
    }

    var loop: SimulationLoop { wire.loop }

    func addListener(_ heard: @escaping @Sendable () -> Void) -> Int {
        let id = nextListener.withLock { next in
            next += 1
            return next
        }
        listeners.withLock { $0[id] = heard }
        return id
    }

    func removeListener(_ id: Int) { listeners.withLock { $0[id] = nil } }

    /// Messages to listeners are not kept: whoever is not there has missed them.
    func ringBell() {
        for (_, heard) in listeners.withLock({ $0 }).sorted(by: { $0.key < $1.key })
        where wire.isCalm || !loop.chance(wire.plan.broken) { heard() }
    }

    func enqueue(_ runs: [ReadyRun]) {
        let (uptime, now) = (loop.uptime, loop.now)
        let mustRing = queue.withLock { queue in
            queue.enqueue(runs, at: uptime) { uptime + .seconds($0.timeIntervalSince(now)) }
        }
        if mustRing { ringBell() }
    }

    func ensure(_ runs: [ReadyRun]) -> Int {
        let uptime = loop.uptime
        let (missing, forgotten) = queue.withLock { $0.ensure(runs, at: uptime) }
        for id in forgotten { history.append(.forgotten(id)) }
        if missing > 0 { ringBell() }
        return missing
    }
}

final class SimulatedDispatcher: Dispatcher {
    let name = "default"
    private let server: DispatchServer
    private let process: SimulatedProcess
    private let token: String
    private let underWay = Mutex(0)

    init(_ server: DispatchServer, for process: SimulatedProcess, token: String) {
        self.server = server
        self.process = process
        self.token = token
    }

    private var loop: SimulationLoop { server.loop }

    func enqueue(_ runs: [ReadyRun]) {
        guard !runs.isEmpty else { return }
        underWay.withLock { $0 += 1 }
        // Ends when it was sent, or could not be; `flush` waits for it.
        Task {
            defer { underWay.withLock { $0 -= 1 } }
            do {
                try await server.wire.call(from: process) { [server] in
                    server.enqueue(runs)
                    if !server.wire.isCalm, server.loop.chance(server.wire.plan.doubled) {
                        server.enqueue(runs)
                    }
                }
            } catch {
                // The sweeper will queue them.
            }
        }
    }

    func flush() async {
        while underWay.withLock({ $0 }) > 0, !process.isDead {
            // Awaited here, in a task of its own, because a cancelled caller still has to wait.
            await Task { await process.machine.pause(.milliseconds(1)) }.value
        }
    }

    func ensure(_ runs: [ReadyRun]) async throws -> Int {
        guard !runs.isEmpty else { return 0 }
        return try await server.wire.call(from: process) { [server] in server.ensure(runs) }
    }

    /// The model knows no tenants: spare slots take whoever is next.
    func finishAndClaim(done: [RunID], upTo limit: Int, spare: Int) async throws -> QueueClaim {
        let token = token
        let limit = limit + spare
        if server.breakage == .popBeforeLease { return try await popThenLease(done, limit) }
        return try await server.wire.call(from: process) { [server] in
            let now = server.loop.uptime
            return server.queue.withLock { queue in
                queue.finish(done, token: token)
                let (ids, untilDue) = queue.pop(upTo: limit, at: now)
                queue.lease(ids, token: token, until: now + RunQueue.lease)
                return QueueClaim(ids: ids, untilDue: untilDue)
            }
        }
    }

    /// The broken build: two questions where there must be one.
    private func popThenLease(_ done: [RunID], _ limit: Int) async throws -> QueueClaim {
        let token = token
        let (ids, untilDue) = try await server.wire.call(from: process) { [server] in
            let now = server.loop.uptime
            return server.queue.withLock { queue in
                queue.finish(done, token: token)
                return queue.pop(upTo: limit, at: now)
            }
        }
        guard !ids.isEmpty else { return QueueClaim(ids: [], untilDue: untilDue) }
        try await server.wire.call(from: process) { [server] in
            let expiry = server.loop.uptime + RunQueue.lease
            server.queue.withLock { $0.lease(ids, token: token, until: expiry) }
        }
        return QueueClaim(ids: ids, untilDue: untilDue)
    }

    func renew(_ held: [RunID]) async throws {
        guard !held.isEmpty else { return }
        let token = token
        try await server.wire.call(from: process) { [server] in
            let expiry = server.loop.uptime + RunQueue.lease
            server.queue.withLock { $0.renew(held, token: token, until: expiry) }
        }
    }

    func reap(upTo limit: Int) async throws -> Int {
        try await server.wire.call(from: process) { [server] in
            let now = server.loop.uptime
            return server.queue.withLock { $0.reap(at: now) }
        }
    }

    func isWhole() async throws -> Bool {
        try await server.wire.call(from: process) { [server] in server.queue.withLock { $0.isWhole } }
    }

    func markWhole() async throws {
        try await server.wire.call(from: process) { [server] in server.queue.withLock { $0.markWhole() } }
    }

    func listen(_ heard: @Sendable () -> Void) async {
        let (rings, continuation) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = server.addListener { continuation.yield() }
        defer { server.removeListener(id) }
        for await _ in rings {
            do { try await process.gate() } catch { return }
            heard()
        }
    }
}

/// Nobody watches in a simulation.
struct NoNotices: RunNotices {
    func publish(_ id: RunID, of tenant: Tenant) {}
}
