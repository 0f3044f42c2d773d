// Proves that a workflow survives a crash anywhere. It first runs the scenario without a crash and counts the
// journal writes; then once for every write and every way to fail at it. Each time another worker takes over,
// and the scenario's outside effects must be the same. It knows no journal: the scenario wraps its own in
// what it is given.

import Durable
import Foundation

/// Where a crash made a difference.
public struct CrashDivergence: Error, CustomStringConvertible {
    /// Counted from 0.
    public let write: Int
    public let writes: Int
    public let side: CrashingJournal.Side
    /// What was being written.
    public let what: String
    public let expected: String
    public let actual: String

    public var description: String {
        let moment =
            switch side {
            case .before: "A worker that died before write"
            case .after: "A worker that died after write"
            case .pausedBefore: "A worker that paused before write"
            case .pausedAfter: "A worker that paused after write"
            case .twice: "A reply that got lost, so that it was sent again, of write"
            }
        return """
            \(moment) \(write + 1) of \(writes) (\(what)) changed the outside effects.
            expected: \(expected)
            actual:   \(actual)
            """
    }
}

public enum CrashRunner {
    /// A scenario, given what to wrap its journal in, returns the outside effects.
    public typealias Scenario<Effects> =
        @Sendable (_ crash: @escaping @Sendable (any Journal) -> any Journal) async throws -> Effects

    /// Plays `scenario` with a failure at every write, on every one of `sides`, and compares what it returns.
    /// Returns how many failures were survived.
    ///
    /// The pauses need a `FleetDriver` (such as `TestFleet`) underneath, which lets the paused worker go on
    /// once another has claimed its run.
    @discardableResult
    public static func survive<Effects: Equatable & Sendable>(
        _ sides: [CrashingJournal.Side] = CrashingJournal.Side.deaths, _ scenario: Scenario<Effects>
    ) async throws -> Int {
        let first = try await play(scenario, at: nil, .before)
        let expected = try first.effects.get()
        precondition(first.writes > 0, "the scenario wrote nothing, so that it proves nothing")
        for write in 0..<first.writes {
            for side in sides {
                let played = try await play(scenario, at: write, side)
                let actual: String
                switch played.effects {
                case .success(let effects) where effects == expected: continue
                case .success(let effects): actual = "\(effects)"
                case .failure(let error): actual = "the scenario threw \(error)"
                }
                throw CrashDivergence(
                    write: write, writes: first.writes, side: side, what: played.struck,
                    expected: "\(expected)", actual: actual)
            }
        }
        return first.writes * sides.count
    }

    private struct Played<Effects: Sendable>: Sendable {
        let effects: Result<Effects, any Error>
        let writes: Int
        let struck: String
    }

    private static func play<Effects: Sendable>(
        _ scenario: Scenario<Effects>, at write: Int?, _ side: CrashingJournal.Side
    ) async throws -> Played<Effects> {
        let plan = CrashPlan(at: write, side)
        let effects: Result<Effects, any Error>
        do {
            effects = .success(try await scenario { CrashingJournal($0, plan) })
        } catch let cancelled as CancellationError {
            throw cancelled
        } catch {
            effects = .failure(error)
        }
        return Played(effects: effects, writes: plan.writes, struck: plan.struckWrite ?? "never reached")
    }
}
