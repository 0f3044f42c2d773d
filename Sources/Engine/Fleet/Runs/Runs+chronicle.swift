// Everything that is on record of one run as one list in the order of time, for a person who wants to know
// what happened. It names what happened and never shows payloads: those are the step's, read where the seal
// is respected.

import Durable
import Foundation
import Postgres

/// One thing that happened to a run.
public struct ChronicleLine: Sendable, Hashable {
    /// What happened. The raw values are written by the statement below.
    public enum Kind: String, Sendable {
        case accepted, announced, done, failed, ended
        case attemptFailed = "attempt_failed"
        case putOff = "put_off"
        case signalled
        case signalTaken = "signal_taken"
        case setAside = "set_aside"
        case operated
    }

    public let at: Date
    public let kind: Kind
    /// The step, the signal, the verb.
    public let subject: String
    /// The attempt, the code of an error, who did it.
    public let note: String
}

/// A call to the outside world that a step announced before it made it.
public struct AnnouncedCall: Sendable, Hashable {
    public let step: StepKey
    public let attempt: Int
    public let at: Date
    /// The same on every attempt: the other side sees repetitions by it.
    public let key: String
    /// Whether the step has come to its end since; until then it is not known what the call did.
    public let isSettled: Bool
}

extension Runs {
    /// How many lines `chronicle` gives at most: the latest.
    public static let chronicleLimit = 500

    /// What happened to a run, oldest first; of a long story the latest part.
    public func chronicle(of run: RunID) async throws -> [ChronicleLine] {
        let id = run.rawValue
        let rows = try await pool.execute(
            """
            select at, kind, subject, note from (
                select created_at as at, 'accepted' as kind, workflow as subject, '' as note
                from engine.run where id = \(id)
                union all select created_at, 'accepted', workflow, '' from engine.run_history
                    where id = \(id)
                union all select at, 'announced', \(raw: Self.stepText), 'attempt ' || attempt
                    from engine.intent where run = \(id)
                union all select started_at, case when counts then 'attempt_failed' else 'put_off' end,
                    \(raw: Self.stepText), coalesce(error ->> 'code', '')
                    from engine.attempt where run = \(id)
                union all select ended_at, case when failed then 'failed' else 'done' end,
                    \(raw: Self.stepText), 'attempt ' || attempt from engine.step where run = \(id)
                union all select sent_at, 'signalled', name, '' from engine.signal where run = \(id)
                union all select taken_at, 'signal_taken', name, '' from engine.signal
                    where run = \(id) and taken_at is not null
                union all select m.sent_at, 'signalled', m.name, '' from engine.run_history h,
                    jsonb_to_recordset(h.mailbox) as m(name text, sent_at timestamptz) where h.id = \(id)
                union all select at, 'set_aside', \(raw: Self.stepText), kind || ', by ' || verb
                    from engine.set_aside where run = \(id)
                union all select at, 'operated', verb, actor from engine.audit
                    where subject = \(run.description)
                union all select ended_at, 'ended', status, coalesce(error ->> 'code', '')
                    from engine.run_history where id = \(id)
                order by 1 desc limit \(Self.chronicleLimit)) told
            order by at, kind = 'ended'
            """)
        return try rows.rows.map { row in
            ChronicleLine(
                at: try row.decode(0),
                kind: ChronicleLine.Kind(rawValue: try row.decode(1, as: String.self)) ?? .done,
                subject: try row.decode(2), note: try row.decode(3))
        }
    }

    /// The calls that a run's steps announced, oldest first, up to 500. A step that announces nothing may
    /// still have called outside: its key is formed in the same way.
    public func announcedCalls(of run: RunID) async throws -> [AnnouncedCall] {
        try await pool.execute(
            """
            select i.name, i.item, i.attempt, i.at, exists (select from engine.step s
                where s.run = i.run and s.name = i.name and s.item = i.item)
            from engine.intent i where i.run = \(run.rawValue) order by i.at limit 500
            """
        ).rows.map { row in
            let step = StepKey(try row.decode(0, as: String.self), item: try row.decode(1, as: String.self))
            return AnnouncedCall(
                step: step, attempt: Int(try row.decode(2, as: Int32.self)), at: try row.decode(3),
                key: Self.effectKey(of: step, in: run), isSettled: try row.decode(4))
        }
    }

    /// The key under which a step tells the outside world who asks; see `Attempt.key`.
    public static func effectKey(of step: StepKey, in run: RunID) -> String {
        "cf:\(run):\(step.name)" + (step.item.isEmpty ? "" : ":\(step.item)")
    }

    private static let stepText = "name || case when item = '' then '' else '[' || item || ']' end"
}
