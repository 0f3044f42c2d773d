// Proves that a workflow survives a crash anywhere. It first runs the scenario without a crash and counts the
// journal writes; then once for every write, dying right before it, and once dying right after it, when the
// write is durable but nobody was told. Each time another worker takes over, and the scenario's outside
// effects must be the same.

import Durable
import Foundation
import Synchronization

/// Dies once, at a chosen write.
public final class CrashingJournal: Journal {
    public enum Side: Sendable, CaseIterable { case before, after }

    private let inner: any Journal
    private let countdown: Mutex<Int?>
    private let side: Side
    private let written = Mutex(0)

    /// `at` counts from 0; nil never crashes.
    public init(_ inner: any Journal, at: Int?, _ side: Side) {
        self.inner = inner
        self.side = side
        countdown = Mutex(at)
    }

    public var writes: Int { written.withLock { $0 } }

    public func commit(_ entry: JournalEntry, under lease: Lease) async throws(JournalFailure)
        -> CommitVerdict
    {
        let crashes = isTurn()
        if crashes, side == .before { throw .leaseLost }
        let verdict = try await inner.commit(entry, under: lease)
        if crashes { throw .leaseLost }
        return verdict
    }

    public func willTransact(_ key: StepKey, under lease: Lease) async throws(JournalFailure) {
        try await inner.willTransact(key, under: lease)
        if side == .before, isTurn() { throw .leaseLost }
    }

    public func didTransact(_ key: StepKey, under lease: Lease) async throws(JournalFailure) {
        try await inner.didTransact(key, under: lease)
        if side == .after, isTurn() { throw .leaseLost }
    }

    private func isTurn() -> Bool {
        written.withLock { $0 += 1 }
        return countdown.withLock { left in
            guard let count = left else { return false }
            left = count == 0 ? nil : count - 1
            return count == 0
        }
    }
}

/// Where a crash made a difference.
public struct CrashDivergence: Error, CustomStringConvertible {
    public let write: Int
    public let side: CrashingJournal.Side
    public let expected: String
    public let actual: String

    public var description: String {
        "a crash \(side) write \(write) changed the outside effects: expected \(expected), got \(actual)"
    }
}

public enum CrashRunner {
    /// Plays `scenario` against journals that crash at every write, and compares what it returns: the outside
    /// effects. Returns how many crashes were survived.
    @discardableResult
    public static func survive<Effects: Equatable & Sendable>(
        _ scenario:
            @Sendable (_ crash: @escaping @Sendable (any Journal) -> any Journal) async throws -> Effects
    ) async throws -> Int {
        let (expected, writes) = try await play(scenario, at: nil, .before)
        precondition(writes > 0, "the scenario wrote nothing, so that it proves nothing")
        for write in 0..<writes {
            for side in CrashingJournal.Side.allCases {
                let (actual, _) = try await play(scenario, at: write, side)
                if actual != expected {
                    throw CrashDivergence(
                        write: write, side: side, expected: "\(expected)", actual: "\(actual)")
                }
            }
        }
        return writes * CrashingJournal.Side.allCases.count
    }

    private static func play<Effects: Sendable>(
        _ scenario:
            @Sendable (_ crash: @escaping @Sendable (any Journal) -> any Journal) async throws -> Effects,
        at write: Int?, _ side: CrashingJournal.Side
    ) async throws -> (Effects, Int) {
        let crashing = Mutex<CrashingJournal?>(nil)
        let effects = try await scenario { inner in
            crashing.withLock { known in
                if let known { return known }
                let made = CrashingJournal(inner, at: write, side)
                known = made
                return made
            }
        }
        return (effects, crashing.withLock { $0?.writes ?? 0 })
    }
}
