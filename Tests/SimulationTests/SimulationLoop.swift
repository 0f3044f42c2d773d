// Swift's tasks under a seed. Every job of a simulation, whoever spawned it, is kept in one list; the seed
// picks which goes next, and when none is left the clock jumps to the next timer. The runtime has a hook
// through which a process can take over the jobs of the global executor; without it the tasks that the engine
// spawns without a parent would run on the machine's own threads and the order would be theirs. A simulation
// has one thread, which is how the hook tells its jobs from those of other tests.

import Durable
import Foundation
import Synchronization

/// The scheduler, the clock and the only source of chance of one simulation.
final class SimulationLoop: TaskExecutor {
    private struct Sleeper {
        let wakeAt: Duration
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var jobs: [UnownedJob] = []
        var sleepers: [Int: Sleeper] = [:]
        var cancelled: Set<Int> = []
        var nextSleeper = 0
        var uptime: Duration = .zero
        var random: SeededRandom
        var jobsRun = 0
    }

    private let state: Mutex<State>
    /// What one job takes of the virtual time, so that nothing happens at the same instant.
    private static let jobLength: Duration = .microseconds(5)
    /// Jobs that a simulation may take: far more than any needs, so that one without an end is seen.
    private static let jobLimit = 3_000_000
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)

    init(seed: UInt64) {
        state = Mutex(State(random: SeededRandom(seed: seed)))
    }

    var uptime: Duration { state.withLock { $0.uptime } }
    var now: Date { Self.start.adding(uptime) }
    var jobsRun: Int { state.withLock { $0.jobsRun } }

    // MARK: Chance

    func randomBits() -> UInt64 { state.withLock { $0.random.next() } }

    func random(_ range: ClosedRange<Int>) -> Int {
        state.withLock { Int.random(in: range, using: &$0.random) }
    }

    func random(_ range: ClosedRange<Duration>) -> Duration {
        let width = range.upperBound - range.lowerBound
        return range.lowerBound + width * state.withLock { Double.random(in: 0..<1, using: &$0.random) }
    }

    /// True with this probability.
    func chance(_ probability: Double) -> Bool {
        probability > 0 && state.withLock { Double.random(in: 0..<1, using: &$0.random) } < probability
    }

    // MARK: Time

    func sleep(for duration: Duration) async throws {
        let id = state.withLock { state in
            state.nextSleeper += 1
            return state.nextSleeper
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return true }
                    let wakeAt = state.uptime + max(.zero, duration)
                    state.sleepers[id] = Sleeper(wakeAt: wakeAt, continuation: continuation)
                    return false
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                if let sleeper = state.sleepers.removeValue(forKey: id) { return sleeper }
                state.cancelled.insert(id)
                return nil
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    // MARK: Running

    enum End: Equatable {
        case done
        /// Nothing can go on, although the body has not ended: something waits for the world outside.
        case stuck
        case tooLong
    }

    /// Runs `body` and everything that it spawns on this thread until it has returned.
    func run(_ body: @escaping @Sendable () async -> Void) -> End {
        JobCapture.begin(self)
        defer { JobCapture.end() }
        let isDone = Atomic<Bool>(false)
        // Awaited by the loop below, which ends with it.
        Task(executorPreference: self) {
            await body()
            isDone.store(true, ordering: .relaxed)
        }
        while !isDone.load(ordering: .relaxed) {
            guard let job = nextJob() else {
                guard wakeNextSleeper() else { return .stuck }
                continue
            }
            job.runSynchronously(on: asUnownedTaskExecutor())
            if jobsRun > Self.jobLimit { return .tooLong }
        }
        return .done
    }

    func enqueue(_ job: UnownedJob) { state.withLock { $0.jobs.append(job) } }

    private func nextJob() -> UnownedJob? {
        state.withLock { state in
            guard !state.jobs.isEmpty else { return nil }
            let place = Int.random(in: 0..<state.jobs.count, using: &state.random)
            state.jobs.swapAt(place, state.jobs.count - 1)
            state.uptime += Self.jobLength
            state.jobsRun += 1
            return state.jobs.removeLast()
        }
    }

    /// Jumps to the next timer. False where there is none.
    private func wakeNextSleeper() -> Bool {
        let sleeper = state.withLock { state -> Sleeper? in
            let next = state.sleepers.min {
                ($0.value.wakeAt, $0.key) < ($1.value.wakeAt, $1.key)
            }
            guard let next else { return nil }
            state.uptime = max(state.uptime, next.value.wakeAt)
            return state.sleepers.removeValue(forKey: next.key)
        }
        sleeper?.continuation.resume()
        return sleeper != nil
    }
}

/// SplitMix64: the same seed, the same numbers, on every machine.
struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 0x1234_5678_9abc_def1 }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
