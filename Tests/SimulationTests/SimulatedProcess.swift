// A process of the simulated fleet. It touches the world only through gates; a killed process never comes
// back from one, and a paused one stands there until it is let go, which is all that anybody else can see of
// a SIGKILL or a SIGSTOP.

import Durable
import Foundation
import Synchronization

@testable import Fleet

final class SimulatedProcess: Sendable {
    private struct State {
        var isDead = false
        var isPaused = false
        var isOver = false
        var standing: [CheckedContinuation<Void, Never>] = []
    }

    struct Ended: Error {}

    let name: String
    let loop: SimulationLoop
    private let state = Mutex(State())

    init(_ name: String, on loop: SimulationLoop) {
        self.name = name
        self.loop = loop
    }

    var isDead: Bool { state.withLock { $0.isDead } }

    /// The process's own look at time and chance.
    var machine: Machine {
        Machine(clock: ProcessClock(process: self), randomBits: { [loop] in loop.randomBits() })
    }

    func kill() { state.withLock { $0.isDead = true } }
    func pause() { state.withLock { $0.isPaused = true } }

    func goOn() {
        let standing = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.isPaused = false
            guard !state.isDead else { return [] }
            defer { state.standing = [] }
            return state.standing
        }
        for continuation in standing { continuation.resume() }
    }

    /// The simulation is over and the memory of the dead can go: everything they still try fails at once.
    func bury() {
        let standing = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.isDead = true
            state.isOver = true
            defer { state.standing = [] }
            return state.standing
        }
        for continuation in standing { continuation.resume() }
    }

    /// Stands between the process and everything else.
    func gate() async throws(Ended) {
        while true {
            let isOpen = state.withLock { $0.isOver || !($0.isDead || $0.isPaused) }
            if isOpen { break }
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    if state.isOver || !(state.isDead || state.isPaused) { return true }
                    state.standing.append(continuation)
                    return false
                }
                if isOpen { continuation.resume() }
            }
        }
        if state.withLock({ $0.isOver }) { throw Ended() }
    }

    fileprivate var isOver: Bool { state.withLock { $0.isOver } }
}

/// Virtual time as one process sees it.
struct ProcessClock: DurableClock {
    let process: SimulatedProcess

    var now: Date { process.loop.now }
    // Nobody trusts a lease after the end.
    var uptime: Duration { process.loop.uptime + (process.isOver ? .seconds(1_000_000) : .zero) }

    func sleep(for duration: Duration) async throws {
        // After the end only what is still on the wire has to arrive.
        try await process.loop.sleep(for: process.isOver ? min(duration, .milliseconds(5)) : duration)
        do { try await process.gate() } catch { return }
    }

    func giveWay(for moment: Duration) async {
        // Whoever gave way looks at its own stop conditions next.
        try? await sleep(for: moment)
    }
}
