// Gathers the evidence for `RunEvidence`: the run's row and its worker in one statement, then only what its
// state asks for.

import Durable
import Foundation
import Postgres

extension Runs {
    /// Why a run stands where it stands; nil where there is no such run. Words that are sealed are opened
    /// where this process has the keys, as in `detail`.
    public func why(_ run: RunID) async throws -> Explanation? {
        let results = try await pool.pipeline([Self.standing(of: run), RecordOpener.query(run)])
        guard let row = results[0].first else { return nil }
        let opener = try RecordOpener(results[1], subjects.masters)
        var evidence = try RunEvidence(row)
        evidence.wait = evidence.wait.map { opener.wait($0, of: run) }
        evidence.failure = evidence.failure.map {
            opener.failure($0, at: SealedPlace(run: run, role: .error))
        }
        switch evidence.status {
        case .pending: try await askDispatch(&evidence)
        case .waiting: try await askWait(of: run, &evidence, opener)
        default: break
        }
        return evidence.explanation
    }

    private func askDispatch(_ evidence: inout RunEvidence) async throws {
        evidence.standing = try await Control(self).standing(
            of: WorkflowName(rawValue: evidence.workflow), for: Tenant(evidence.tenant), in: evidence.queue)
        do {
            let depth = try await queue(named: evidence.queue).depth()
            evidence.readyAhead = depth.ready
            evidence.redisIsWhole = depth.isWhole
        } catch {
            // Not answering is the very evidence that is asked for.
            evidence.redisAnswers = false
        }
    }

    private func queue(named name: String) -> RunQueue {
        name == queue.name ? queue : RunQueue(name, redis: queue.redis, logger: logger)
    }

    private func askWait(of run: RunID, _ evidence: inout RunEvidence, _ opener: RecordOpener) async throws {
        guard let wait = evidence.wait else { return }
        switch wait.kind {
        case .child:
            let rows = try await pool.execute(
                """
                select id::text || ' ' || workflow || ' is ' || status from engine.run
                where parent = \(run.rawValue) order by id limit 10
                """)
            evidence.children = try rows.column(0)
        case .retry, .deferral:
            let row = try await pool.execute(
                """
                select error, name, item from engine.attempt where run = \(run.rawValue)
                order by (name || case when item = '' then '' else '[' || item || ']' end = \(wait.step))
                    desc, started_at desc limit 1
                """
            ).first
            evidence.lastAttempt = try row.map { row in
                let key = StepKey(
                    try row.decode(1, as: String.self), item: try row.decode(2, as: String.self))
                return opener.failure(
                    FailureRecord(stored: try row.decode(0, as: JSONB.self)),
                    at: .step(run, key, .attempt))
            }
            await askBreaker(&evidence)
        case .timer, .signal: break
        }
    }

    private func askBreaker(_ evidence: inout RunEvidence) async {
        guard let attempt = evidence.lastAttempt,
            LimitRefusal.Reason.recorded(as: attempt.code) == .breakerOpen,
            let account = LimitRefusal.account(in: attempt.message)
        else { return }
        do {
            let limits = Limits(redis: queue.redis, logger: logger)
            evidence.breakerOpenSince = try await limits.state(of: LimitKey(account)).breakerOpenSince
        } catch {
            // The sentence goes without the instant.
            logger.debug("breaker not asked", metadata: ["error": "\(error)"])
        }
    }

    private static func standing(of run: RunID) -> Query {
        """
        select r.status, r.workflow, r.version, r.queue,
            extract(epoch from clock_timestamp() - r.ready_at)::float8, r.wait_reason, r.wake_at,
            r.waiting_for, w.host || ':' || w.process, w.lease_until, coalesce(w.draining, false),
            exists (select from engine.worker l
                where l.lease_until > clock_timestamp() and l.queue = r.queue),
            exists (select from engine.worker l
                where l.lease_until > clock_timestamp() and l.queue = r.queue
                  and r.workflow = any(l.workflows)),
            exists (select from engine.worker l, unnest(l.workflows, l.lowest, l.highest)
                    as k(workflow, low, high)
                where l.lease_until > clock_timestamp() and l.queue = r.queue and k.workflow = r.workflow
                  and r.version between coalesce(k.low, r.version) and coalesce(k.high, r.version)),
            null::jsonb, null::timestamptz, clock_timestamp(), r.tenant, r.cancel_reason
        from engine.run r left join engine.worker w on w.id = r.worker where r.id = \(run.rawValue)
        union all
        select status, workflow, version, '', 0, null, null, null, null, null, false, true, true, true,
            error, ended_at, clock_timestamp(), tenant, cancel_reason
        from engine.run_history where id = \(run.rawValue)
        """
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
        versionHasWorker = try row.decode(13, as: Bool.self)
        failure = try row.decode(14, as: JSONB?.self)?.decode(FailureRecord.self)
        endedAt = try row.decode(15, as: Date?.self)
        now = try row.decode(16, as: Date.self)
        tenant = try row.decode(17, as: String.self)
        cancelReason = try row.decode(18, as: String?.self)
    }
}

extension LimitRefusal {
    /// The account that a refusal by an open breaker names.
    static func account(in message: String) -> String? {
        guard let opening = message.range(of: "the breaker of "),
            let end = message[opening.upperBound...].range(of: " is open")
        else { return nil }
        return String(message[opening.upperBound..<end.lowerBound])
    }
}
