// What may go wrong in one simulation, drawn from its seed: some seeds are calm with one death, others are a
// storm. After `calm` nothing fails any more, and everything that was accepted has to end.

import Synchronization

struct FaultPlan: Sendable {
    /// Nothing fails from here on.
    var calm: Duration
    /// Of every call: the connection breaks before or after the effect, or an effect comes late.
    var broken: Double
    /// Of every call: it takes long.
    var slow: Double
    /// Of calls that are broken: the server does what was asked although the caller has given up on it.
    var late: Double
    /// Of messages to the dispatcher: they arrive twice.
    var doubled: Double
    /// Of calls to the world outside.
    var outside: Double

    init(_ loop: SimulationLoop) {
        calm = loop.random(.seconds(5) ... .seconds(14))
        let weather = loop.random(0...3)
        broken = [0.002, 0.01, 0.03, 0.08][weather]
        slow = [0.01, 0.02, 0.05, 0.1][loop.random(0...3)]
        late = [0, 0.1, 0.3][loop.random(0...2)]
        doubled = [0, 0.05][loop.random(0...1)]
        outside = [0, 0.05, 0.2][loop.random(0...2)]
    }
}

/// The deliberate faults of the model, each of which the checker must find.
enum BrokenBuild: String, Sendable, CaseIterable {
    /// Writes of a former owner are accepted.
    case noFence
    /// A batch is answered before it is durable.
    case acknowledgeBeforeCommit
    /// The dispatcher forgets a run before it knows who has it.
    case popBeforeLease
}

/// The way between a process and a server: it delays, breaks, and loses questions and answers.
final class Wire: Sendable {
    enum Failure: Error { case lost, ended }

    let loop: SimulationLoop
    let plan: FaultPlan
    private let downUntil = Mutex<Duration>(.zero)
    private let restarts = Mutex(0)

    init(_ loop: SimulationLoop, _ plan: FaultPlan) {
        self.loop = loop
        self.plan = plan
    }

    var isCalm: Bool { loop.uptime >= plan.calm }
    /// Rises with each restart, which breaks every connection.
    var generation: Int { restarts.withLock { $0 } }

    func restart(for duration: Duration) {
        restarts.withLock { $0 += 1 }
        downUntil.withLock { $0 = max($0, loop.uptime + duration) }
    }

    /// Asks the server for `effect`. A caller that hears of a failure does not know whether it took place.
    func call<R: Sendable>(
        from process: SimulatedProcess, _ effect: @escaping @Sendable () -> R
    ) async throws(Failure) -> R {
        try await pass(process)
        let before = generation
        await travel()
        let isBroken = !isCalm && loop.chance(plan.broken)
        if isBroken, loop.chance(plan.late) { deliverLater(effect) }
        let isBefore = isBroken && loop.chance(0.5)
        let isCut = isDown || generation != before || isBefore
        // What a killed process had sent may still arrive.
        if isCut || process.isDead && loop.chance(0.5) {
            if isDown { await pause(loop.random(.milliseconds(1) ... .milliseconds(400))) }
            try await pass(process)
            throw .lost
        }
        let result = effect()
        await travel()
        try await pass(process)
        if isBroken || generation != before { throw .lost }
        return result
    }

    private var isDown: Bool { downUntil.withLock { $0 > loop.uptime } }

    private func pass(_ process: SimulatedProcess) async throws(Failure) {
        do { try await process.gate() } catch { throw .ended }
    }

    /// The caller has given the question up, but it is still under way.
    private func deliverLater<R: Sendable>(_ effect: @escaping @Sendable () -> R) {
        let delay = loop.random(.milliseconds(20) ... .seconds(5))
        // Ends by itself after the delay; nobody waits for it, which is the point.
        Task {
            await pause(delay)
            _ = effect()
        }
    }

    private func travel() async {
        let isSlow = !isCalm && loop.chance(plan.slow)
        await pause(
            isSlow
                ? loop.random(.milliseconds(20) ... .milliseconds(1_500))
                : loop.random(.microseconds(80) ... .milliseconds(3)))
    }

    private func pause(_ duration: Duration) async {
        // Awaited here, in a task of its own: nothing cancels what is on the wire.
        await Task { try? await self.loop.sleep(for: duration) }.value
    }
}
