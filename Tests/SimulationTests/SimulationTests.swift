import Foundation
import Testing

/// Plays seeds, each on a thread of its own, as many at once as there are processors.
enum SeedRunner {
    /// Whether the order of sets and dictionaries, on which the engine's own order rests in places, is always
    /// the same.
    static let hashesAlike = ProcessInfo.processInfo.environment["SWIFT_DETERMINISTIC_HASHING"] != nil

    /// The first failure among the results, or nil.
    static func firstFailure(of seeds: ClosedRange<UInt64>, breakage: BrokenBuild? = nil) async -> Simulation
        .Result?
    {
        await withTaskGroup(of: Simulation.Result?.self) { group in
            let lanes = UInt64(min(4, max(1, ProcessInfo.processInfo.activeProcessorCount)))
            for lane in 0..<lanes {
                group.addTask {
                    for seed in seeds where seed % lanes == lane && !Task.isCancelled {
                        let result = await play(seed, breakage: breakage)
                        if !result.complaints.isEmpty { return result }
                    }
                    return nil
                }
            }
            for await failure in group {
                guard let failure else { continue }
                group.cancelAll()
                return failure
            }
            return nil
        }
    }

    /// One seed on a thread of its own: the simulation never gives its thread back to Swift's pool.
    static func play(_ seed: UInt64, breakage: BrokenBuild? = nil) async -> Simulation.Result {
        await withCheckedContinuation { continuation in
            let thread = Thread {
                let simulation = Simulation(seed: seed, breakage: breakage)
                continuation.resume(returning: simulation.play())
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }
}

extension Simulation.Result {
    /// What a person needs to find out more.
    var story: String {
        let tail = entries.suffix(120).map(\.description).joined(separator: "\n")
        return """
            seed \(seed): \(complaints.joined(separator: "; "))
            \(tail)
            A seed means the same life only in the same build, with the same hashing of sets; again with:
            SWIFT_DETERMINISTIC_HASHING=1 SIMULATION_SEED=\(seed) \
            ops/test --filter SimulationTests
            """
    }
}

@Suite("Simulation", .serialized)
struct SimulationTests {
    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test("whatever fails, every accepted run ends once and every promise holds")
    func promises() async {
        let first = Self.number("SIMULATION_SEED") ?? 1
        let count = Self.number("SIMULATION_SEEDS") ?? (Self.number("SIMULATION_SEED") == nil ? 200 : 1)

        let failure = await SeedRunner.firstFailure(of: first...(first + count - 1))

        if let failure { Issue.record("\(failure.story)") }
    }

    @Test(
        "the same seed lives the same life",
        .enabled(
            if: SeedRunner.hashesAlike, "sets are hashed by address without SWIFT_DETERMINISTIC_HASHING=1"))
    func determinism() async {
        for seed in UInt64(1)...8 {
            let first = await SeedRunner.play(seed)
            let second = await SeedRunner.play(seed)

            let isSame = first.entries.map(\.description) == second.entries.map(\.description)
            #expect(isSame, "seed \(seed)")
            #expect(first.jobsRun == second.jobsRun)
        }
    }

    @Test("a broken build is caught", arguments: BrokenBuild.allCases)
    func brokenBuilds(_ breakage: BrokenBuild) async {
        let failure = await SeedRunner.firstFailure(of: 1...500, breakage: breakage)

        #expect(failure != nil, "500 seeds did not catch \(breakage)")
        if let failure { print("\(breakage): seed \(failure.seed): \(failure.complaints[0])") }
    }
}
