// Why a run stands where it stands, in one sentence. The decision is a pure function of the evidence, so that
// a table of cases can prove that every state has its sentence.

import Durable
import Foundation
import Postgres

/// What was found about a run.
struct RunEvidence: Sendable {
    var status: RunStatus
    var workflow: String
    var version: Int
    var queue: String
    var readyFor: Duration = .zero
    var wait: WaitReason?
    var wakeAt: Date?
    var waitingFor: [String] = []
    var worker: String?
    var leaseUntil: Date?
    var isDraining = false
    /// Whether any live worker takes this queue, and whether one knows this workflow.
    var queueHasWorker = true
    var workflowHasWorker = true
    var readyAhead = 0
    var redisAnswers = true
    var redisIsWhole = true
    var failure: FailureRecord?
    var endedAt: Date?
    var now: Date
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
        case .needsAttention: ended("It needs a person: something could not be decided or undone")
        case .poisoned: ended("It was set aside as poisoned: its workers kept dying under it")
        }
    }

    private var pending: Explanation {
        let waited = "ready for \(Self.text(readyFor))"
        if !queueHasWorker {
            return Explanation(
                sentence:
                    "It is ready, but no live worker takes queue \(queue); start one with `cartflux work`.",
                evidence: [waited])
        }
        if !workflowHasWorker {
            return Explanation(
                sentence:
                    "It is ready, but no live worker knows \(workflow) version \(version); deploy one.",
                evidence: [waited])
        }
        if !redisAnswers {
            return Explanation(
                sentence:
                    "It is ready and Redis does not answer, so workers take runs from Postgres, more slowly.",
                evidence: [waited])
        }
        if !redisIsWhole {
            return Explanation(
                sentence:
                    "It is ready; Redis has lost its data and the queue is being rebuilt from Postgres.",
                evidence: [waited])
        }
        return Explanation(
            sentence: "It is ready and waits for a free slot; \(readyAhead) ready runs are queued.",
            evidence: [waited, "queue \(queue)"])
    }

    private var running: Explanation {
        guard let worker, let leaseUntil else {
            return Explanation(
                sentence:
                    "Its worker is gone from the list; the sweeper gives the run to another within seconds.",
                evidence: [])
        }
        let lease = "lease until \(leaseUntil.formatted(.iso8601))"
        if leaseUntil < now {
            return Explanation(
                sentence:
                    "Worker \(worker) is silent past its lease; the sweeper takes the run from it next.",
                evidence: [lease])
        }
        return Explanation(
            sentence: "Worker \(worker) runs it" + (isDraining ? " and is draining." : "."), evidence: [lease]
        )
    }

    private var waiting: Explanation {
        let until = wakeAt.map { " until \($0.formatted(.iso8601))" } ?? ""
        let overdue = wakeAt.map { $0 < now } ?? false
        let evidence = overdue ? ["its time has come; it is being queued"] : []
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
                sentence: "It waits for its child \(wait.step) to end.",
                evidence: waitingFor.sorted() + evidence)
        case .retry:
            return Explanation(
                sentence: "Step \(wait.step) failed; attempt \(wait.attempt ?? 2) comes"
                    + (wakeAt.map { " at \($0.formatted(.iso8601))" } ?? " next") + ".",
                evidence: [wait.error.map { "last error: \($0)" }].compactMap { $0 } + evidence)
        case .deferral:
            return Explanation(
                sentence: "Step \(wait.step) was put off by its other side\(until); this costs no attempt.",
                evidence: [wait.error].compactMap { $0 } + evidence)
        }
    }

    private var ended: String { endedAt.map { " at \($0.formatted(.iso8601))" } ?? "" }

    private func ended(_ how: String) -> Explanation {
        let step = failure?.step.map { " in step \($0)" } ?? ""
        let why = failure.map { ": \($0.message) (\($0.code))" } ?? ""
        return Explanation(sentence: "\(how)\(step)\(ended)\(why).", evidence: [])
    }

    private static func text(_ duration: Duration) -> String {
        duration < .seconds(1) ? "under a second" : "\(Int(duration.seconds)) s"
    }
}

extension Runs {
    /// Why a run stands where it stands; nil where there is no such run.
    public func why(_ run: RunID) async throws -> Explanation? {
        let rows = try await pool.execute(
            """
            select r.status, r.workflow, r.version, r.queue,
                extract(epoch from clock_timestamp() - r.ready_at)::float8, r.wait_reason, r.wake_at,
                    r.waiting_for,
                w.host || ':' || w.process, w.lease_until, coalesce(w.draining, false),
                exists (select 1 from engine.worker l where l.lease_until > clock_timestamp() and l.queue =
                    r.queue),
                exists (select 1 from engine.worker l where l.lease_until > clock_timestamp() and l.queue =
                    r.queue
                    and r.workflow = any(l.workflows)),
                null::jsonb, null::timestamptz, clock_timestamp()
            from engine.run r left join engine.worker w on w.id = r.worker where r.id = \(run.rawValue)
            union all
            select status, workflow, version, '', 0, null, null, null, null, null, false, true, true, error,
                ended_at,
                clock_timestamp()
            from engine.run_history where id = \(run.rawValue)
            """)
        guard let row = rows.first else { return nil }
        var evidence = try RunEvidence(row)
        if evidence.status == .pending {
            do {
                let depth = try await queue.depth()
                evidence.readyAhead = depth.ready
                evidence.redisIsWhole = depth.isWhole
            } catch {
                // Not answering is the very evidence that is asked for.
                evidence.redisAnswers = false
            }
        }
        return evidence.explanation
    }
}

extension RunEvidence {
    init(_ row: Row) throws {
        status = RunStatus(rawValue: try row.decode(0, as: String.self)) ?? .pending
        workflow = try row.decode(1, as: String.self)
        version = Int(try row.decode(2, as: Int32.self))
        queue = try row.decode(3, as: String.self)
        readyFor = .seconds(try row.decode(4, as: Double.self))
        wait = try row.decode(5, as: JSONB?.self)?.decode(WaitReason.self)
        wakeAt = try row.decode(6, as: Date?.self)
        waitingFor = try row.decode(7, as: [String]?.self) ?? []
        worker = try row.decode(8, as: String?.self)
        leaseUntil = try row.decode(9, as: Date?.self)
        isDraining = try row.decode(10, as: Bool.self)
        queueHasWorker = try row.decode(11, as: Bool.self)
        workflowHasWorker = try row.decode(12, as: Bool.self)
        failure = try row.decode(13, as: JSONB?.self)?.decode(FailureRecord.self)
        endedAt = try row.decode(14, as: Date?.self)
        now = try row.decode(15, as: Date.self)
    }
}
