// A journal that fails its run once, at a chosen write, in one of the ways in which a worker can be lost:
// dead right before the write or right after it, or not dead at all but paused, so that it goes on when
// another worker already has the run; or with a reply that got lost, so that the write is sent again.

import Durable
import Foundation

public final class CrashingJournal: Journal {
    /// What happens at the chosen write.
    public enum Side: String, Sendable, CaseIterable {
        /// The worker dies; the write was never made.
        case before
        /// The worker dies; the write is durable, and nobody was told.
        case after
        /// The worker pauses before the write, and goes on after another worker has claimed the run.
        case pausedBefore
        /// The worker pauses after the write, and goes on after another worker has claimed the run.
        case pausedAfter
        /// The reply got lost, so that the write is made twice.
        case twice

        /// The ways to die.
        public static let deaths: [Side] = [.before, .after]

        var isPause: Bool { self == .pausedBefore || self == .pausedAfter }
    }

    private let inner: any Journal
    let plan: CrashPlan

    /// `at` counts from 0; nil never fails.
    public convenience init(_ inner: any Journal, at: Int?, _ side: Side) {
        self.init(inner, CrashPlan(at: at, side))
    }

    init(_ inner: any Journal, _ plan: CrashPlan) {
        self.inner = inner
        self.plan = plan
    }

    public var writes: Int { plan.writes }
    public var sealing: RecordSealing? { inner.sealing }

    public func commit(_ entry: JournalEntry, under lease: Lease) async throws(JournalFailure)
        -> CommitVerdict
    {
        let side = plan.side
        guard plan.isTurn(entry.summary) else { return try await inner.commit(entry, under: lease) }
        if side == .before { throw .leaseLost }
        if side == .pausedBefore { await plan.pauseUntilResumed() }
        let verdict = try await inner.commit(entry, under: lease)
        switch side {
        case .after: throw .leaseLost
        case .pausedAfter: await plan.pauseUntilResumed()
        case .twice: return try await inner.commit(entry, under: lease)
        case .before, .pausedBefore: break
        }
        return verdict
    }

    public func willTransact(_ key: StepKey, under lease: Lease) async throws(JournalFailure) {
        try await inner.willTransact(key, under: lease)
        guard plan.side == .before || plan.side == .pausedBefore,
            plan.isTurn("the transaction of step \(key)")
        else { return }
        if plan.side == .before { throw .leaseLost }
        await plan.pauseUntilResumed()
    }

    public func didTransact(_ key: StepKey, under lease: Lease) async throws(JournalFailure) {
        try await inner.didTransact(key, under: lease)
        guard plan.side == .after || plan.side == .pausedAfter,
            plan.isTurn("the transaction of step \(key)")
        else { return }
        if plan.side == .after { throw .leaseLost }
        await plan.pauseUntilResumed()
    }
}

extension JournalEntry {
    /// What is written, for messages.
    var summary: String {
        switch self {
        case .step(let record, _):
            if case .failure = record.result {
                "the failure of step \(record.key)"
            } else {
                "the result of step \(record.key)"
            }
        case .attempt(let record): "the failed attempt \(record.number) of step \(record.key)"
        case .intent(let key, _): "the intent of step \(key)"
        case .detail(let key, _, _): "the detail of step \(key)"
        case .child(let start): "the start of child \(start.key)"
        case .cancelChild(let id, _): "the request to child \(id) to stop"
        case .progress: "its progress"
        case .suspend(let suspension): "its sleep in \(suspension.reason.step)"
        case .finish(let outcome):
            switch outcome {
            case .succeeded: "its success"
            case .failed: "its failure"
            case .cancelled: "its cancellation"
            case .needsAttention: "its call for attention"
            }
        case .release: "its hand-back"
        }
    }
}
