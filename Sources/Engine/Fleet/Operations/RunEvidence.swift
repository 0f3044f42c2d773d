// Why a run stands where it stands, in one sentence. A pure function of the evidence, so that a table of
// cases can prove that every state has its sentence. What is nearest to the cause is said first: a pause
// hides a full cap, a full cap hides a missing slot.

import Durable
import Foundation

/// What was found about a run.
struct RunEvidence: Sendable {
    var status: RunStatus
    var workflow: String
    var version: Int
    var queue: String
    var tenant = ""
    var readyFor: Duration = .zero
    var wait: WaitReason?
    var wakeAt: Date?
    var waitingFor: [String] = []
    var worker: String?
    var leaseUntil: Date?
    var isDraining = false
    /// Whether any live worker takes this queue, and whether one knows this workflow, and this version of it.
    var queueHasWorker = true
    var workflowHasWorker = true
    var versionHasWorker = true
    var standing = Standing(pauses: [], fullCaps: [])
    var readyAhead = 0
    var redisAnswers = true
    var redisIsWhole = true
    /// The last failed attempt of the step that waits.
    var lastAttempt: FailureRecord?
    /// Since when the breaker is open that put the step off.
    var breakerOpenSince: Date?
    /// The live children, with where they stand.
    var children: [String] = []
    var cancelReason: String?
    var failure: FailureRecord?
    var endedAt: Date?
    var now: Date

    /// A ready run is normally queued within milliseconds of its commit.
    static let unqueuedAge: Duration = .seconds(3)
}

/// One sentence with its evidence.
public struct Explanation: Sendable, Equatable {
    public let sentence: String
    public let evidence: [String]
}

extension RunEvidence {
    var explanation: Explanation {
        switch status {
        case .pending: pending
        case .running: running
        case .waiting: waiting
        case .succeeded: Explanation(sentence: "It succeeded\(ended).", evidence: [])
        case .failed: ended("It failed")
        case .cancelled: ended("It was cancelled")
        case .needsAttention:
            ended(
                "It needs a person\(failure?.owner.map { " (\($0))" } ?? "") and was set aside as it stands")
        case .poisoned: ended("It was set aside as poisoned: its workers kept dying under it")
        }
    }

    // MARK: Ready

    private var pending: Explanation {
        let waited = ["ready for \(Self.text(readyFor))"] + cancelling
        return missingWorker(waited) ?? held(waited) ?? dispatch(waited)
    }

    private func missingWorker(_ waited: [String]) -> Explanation? {
        if !queueHasWorker {
            return Explanation(
                sentence:
                    "It is ready, but no live worker takes queue \(queue); start one with `cartflux work`.",
                evidence: waited)
        }
        if !workflowHasWorker {
            return Explanation(
                sentence: "It is ready, but no live worker knows \(workflow); deploy one that does.",
                evidence: waited)
        }
        if !versionHasWorker {
            return Explanation(
                sentence:
                    "It is ready, but no live worker runs version \(version) of \(workflow); deploy one.",
                evidence: waited)
        }
        return nil
    }

    private func held(_ waited: [String]) -> Explanation? {
        if let pause = standing.pauses.first {
            return Explanation(
                sentence:
                    "It is ready, but \(pause.subject.text) is paused since \(Self.text(pause.since)) by "
                    + "\(pause.actor).",
                evidence: ["reason: \(pause.reason)"] + waited
                    + standing.pauses.dropFirst().map { "\($0.subject.text) is paused too" })
        }
        guard let full = standing.fullCaps.first else { return nil }
        return Explanation(
            sentence:
                "It is ready, but \(full.subject.text) has as many runs under way as it may: \(full.cap).",
            evidence: ["under way: \(full.runs.map(\.description).joined(separator: ", "))"] + waited)
    }

    private func dispatch(_ waited: [String]) -> Explanation {
        if !redisAnswers {
            return Explanation(
                sentence:
                    "It is ready and Redis does not answer, so workers take runs from Postgres, more slowly.",
                evidence: waited)
        }
        if !redisIsWhole {
            return Explanation(
                sentence:
                    "It is ready; Redis has lost its data and the queue is being rebuilt from Postgres.",
                evidence: waited)
        }
        if readyAhead == 0 && readyFor > Self.unqueuedAge {
            return Explanation(
                sentence:
                    "It is being reconciled: Redis does not have it, and the next sweep queues it again.",
                evidence: waited)
        }
        return Explanation(
            sentence: "It is ready and waits for a free slot; \(readyAhead) ready runs are queued.",
            evidence: waited + ["queue \(queue)"])
    }

    // MARK: Under way

    private var running: Explanation {
        guard let worker, let leaseUntil else {
            return Explanation(
                sentence:
                    "Its worker is gone from the list; the sweeper gives the run to another within seconds.",
                evidence: cancelling)
        }
        let lease = ["lease until \(Self.text(leaseUntil))"]
        if leaseUntil < now {
            return Explanation(
                sentence:
                    "Worker \(worker) is silent past its lease; the sweeper takes the run from it next.",
                evidence: lease + cancelling)
        }
        if cancelReason != nil {
            return Explanation(
                sentence: "Worker \(worker) runs it and was asked to stop: the step under way ends first.",
                evidence: lease + cancelling)
        }
        return Explanation(
            sentence: "Worker \(worker) runs it" + (isDraining ? " and is draining." : "."), evidence: lease)
    }

    private var cancelling: [String] { cancelReason.map { ["being cancelled: \($0)"] } ?? [] }

    // MARK: Asleep

    private var waiting: Explanation {
        let until = wakeAt.map { " until \(Self.text($0))" } ?? ""
        let overdue = wakeAt.map { $0 < now } ?? false
        let evidence = (overdue ? ["its time has come; it is being queued"] : []) + cancelling
        guard let wait else {
            return Explanation(sentence: "It sleeps\(until).", evidence: evidence)
        }
        switch wait.kind {
        case .timer: return Explanation(sentence: "It sleeps in \(wait.step)\(until).", evidence: evidence)
        case .signal:
            let names = waitingFor.sorted().joined(separator: ", ")
            return Explanation(
                sentence: "It waits for the signal \(names.isEmpty ? wait.step : names)\(until).",
                evidence: evidence)
        case .child:
            return Explanation(
                sentence: "It waits for its child \(wait.step) to end.", evidence: children + evidence)
        case .retry:
            return Explanation(
                sentence: "Step \(wait.step) failed; attempt \(wait.attempt ?? 2) comes"
                    + (wakeAt.map { " at \(Self.text($0))" } ?? " next") + ".",
                evidence: lastError + evidence)
        case .deferral: return deferred(wait, until, evidence)
        }
    }

    private var lastError: [String] {
        if let lastAttempt { return ["last error: \(lastAttempt.message) (\(lastAttempt.code))"] }
        return wait?.error.map { ["last error: \($0)"] } ?? []
    }

    private func deferred(_ wait: WaitReason, _ until: String, _ evidence: [String]) -> Explanation {
        let said = (lastAttempt?.message ?? wait.error).map { [$0] } ?? []
        let free = " this costs no attempt."
        let refills = wakeAt.map { " refills at \(Self.text($0));" } ?? " refills soon;"
        switch lastAttempt.flatMap({ LimitRefusal.Reason.recorded(as: $0.code) }) {
        case .rateLimit:
            return Explanation(
                sentence: "Step \(wait.step) waits for a rate limit, which\(refills)" + free,
                evidence: said + evidence)
        case .parked:
            return Explanation(
                sentence: "Step \(wait.step) waits because the vendor asked for a pause\(until);" + free,
                evidence: said + evidence)
        case .breakerOpen:
            let since = breakerOpenSince.map { " since \(Self.text($0))" } ?? ""
            return Explanation(
                sentence: "Step \(wait.step) waits because a breaker is open\(since);" + free,
                evidence: said + (wakeAt.map { ["tried again at \(Self.text($0))"] } ?? []) + evidence)
        case .unknown:
            return Explanation(
                sentence: "Step \(wait.step) waits because Redis, which keeps the rate limits, is away;"
                    + free,
                evidence: said + evidence)
        case nil:
            return Explanation(
                sentence: "Step \(wait.step) was put off by its other side\(until);" + free,
                evidence: said + evidence)
        }
    }

    // MARK: Ended

    private var ended: String { endedAt.map { " at \(Self.text($0))" } ?? "" }

    private func ended(_ how: String) -> Explanation {
        let step = failure?.step.map { " in step \($0)" } ?? ""
        let why = failure.map { ": \($0.message) (\($0.code))" } ?? ""
        return Explanation(
            sentence: "\(how)\(step)\(ended)\(why).",
            evidence: failure.map { ["cause \($0.fingerprint)"] } ?? [])
    }

    private static func text(_ duration: Duration) -> String {
        duration < .seconds(1) ? "under a second" : "\(Int(duration.seconds)) s"
    }

    private static func text(_ instant: Date) -> String { instant.formatted(.iso8601) }
}

extension PolicySubject {
    var text: String { "\(kind) \(name)" }
}

extension LimitRefusal.Reason {
    private static let prefix = "limits."

    /// The reason behind the code of a recorded failure.
    static func recorded(as code: String) -> LimitRefusal.Reason? {
        guard code.hasPrefix(prefix) else { return nil }
        return LimitRefusal.Reason(rawValue: String(code.dropFirst(prefix.count)))
    }
}
