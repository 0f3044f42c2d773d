// The columns of a batch, as arrays for `unnest`.

import Durable
import Foundation
import Postgres

struct StepColumns {
    var runs: [UUID] = []
    var epochs: [Int64] = []
    var names: [String] = []
    var items: [String] = []
    var attempts: [Int32] = []
    var failed: [Bool] = []
    var outputs: [JSONB] = []
    var startedAt: [Date] = []

    mutating func add(_ record: StepRecord, _ lease: Lease) {
        runs.append(lease.run.rawValue)
        epochs.append(lease.epoch)
        names.append(record.key.name)
        items.append(record.key.item)
        attempts.append(Int32(clamping: record.attempt))
        startedAt.append(record.startedAt)
        switch record.result {
        case .output(let payload):
            failed.append(false)
            outputs.append(payload.jsonb)
        case .failure(let failure):
            failed.append(true)
            outputs.append(failure.jsonb)
        }
    }
}

struct AttemptColumns {
    var runs: [UUID] = []
    var epochs: [Int64] = []
    var names: [String] = []
    var items: [String] = []
    var numbers: [Int32] = []
    var counts: [Bool] = []
    var errors: [JSONB] = []
    var startedAt: [Date] = []
    var nextAt: [Date] = []

    mutating func add(_ record: AttemptRecord, _ lease: Lease) {
        runs.append(lease.run.rawValue)
        epochs.append(lease.epoch)
        names.append(record.key.name)
        items.append(record.key.item)
        numbers.append(Int32(clamping: record.number))
        counts.append(record.counts)
        errors.append(record.failure.jsonb)
        startedAt.append(record.startedAt)
        nextAt.append(record.nextAt)
    }
}

struct SuspendColumns {
    var runs: [UUID] = []
    var epochs: [Int64] = []
    var wakeAt: [Date?] = []
    var signals: [JSONB] = []
    var mailSeen: [Int64] = []
    var wakeMail: [Int64?] = []
    var cancellationSeen: [Bool] = []
    var reasons: [JSONB] = []

    mutating func add(_ suspension: Suspension, _ lease: Lease) {
        runs.append(lease.run.rawValue)
        epochs.append(lease.epoch)
        wakeAt.append(suspension.wakeAt)
        signals.append(JSONB(encoded: suspension.signals.sorted()))
        mailSeen.append(suspension.mailSeen)
        wakeMail.append(suspension.wakeMail)
        cancellationSeen.append(suspension.cancellationSeen)
        reasons.append(JSONB(encoded: suspension.reason))
    }
}

struct FinishColumns {
    var runs: [UUID] = []
    var epochs: [Int64] = []
    var statuses: [String] = []
    var outputs: [JSONB?] = []
    var errors: [JSONB?] = []

    mutating func add(_ outcome: Outcome, _ lease: Lease) {
        runs.append(lease.run.rawValue)
        epochs.append(lease.epoch)
        statuses.append(outcome.status.rawValue)
        switch outcome {
        case .succeeded(let payload):
            outputs.append(payload.jsonb)
            errors.append(nil)
        case .failed(let failure), .needsAttention(let failure):
            outputs.append(nil)
            errors.append(failure.jsonb)
        case .cancelled(let reason):
            outputs.append(nil)
            errors.append(FailureRecord(code: "cancelled", message: reason).jsonb)
        }
    }
}

struct SignalColumns {
    var runs: [UUID] = []
    var names: [String] = []
    var keys: [String] = []
    var payloads: [JSONB] = []
    var children: [UUID?] = []
    var childEpochs: [Int64?] = []

    mutating func add(
        _ name: String, _ payload: Payload, to run: RunID, once key: String, from child: Lease? = nil
    ) {
        runs.append(run.rawValue)
        names.append(name)
        keys.append(key)
        payloads.append(payload.jsonb)
        children.append(child?.run.rawValue)
        childEpochs.append(child?.epoch)
    }
}

struct StartColumns {
    var ids: [UUID] = []
    var tenants: [String] = []
    var workflows: [String] = []
    var versions: [Int32] = []
    var queues: [String] = []
    var priorities: [Int16] = []
    var inputs: [JSONB] = []
    var keys: [String?] = []
    var notBefore: [Date?] = []
    var parents: [UUID?] = []
    var parentEpochs: [Int64?] = []
    var replies: [String?] = []
    var traces: [String?] = []
    var subjectKeys: [UUID?] = []

    mutating func add(_ run: RunStart) {
        ids.append(run.id.rawValue)
        tenants.append(run.tenant.rawValue)
        workflows.append(run.workflow.rawValue)
        versions.append(Int32(clamping: run.version))
        queues.append(run.queue)
        priorities.append(Int16(clamping: run.priority))
        inputs.append(run.input.jsonb)
        keys.append(run.key)
        notBefore.append(run.notBefore)
        parents.append(run.parent?.run.rawValue)
        parentEpochs.append(run.parent?.epoch)
        replies.append(run.reply)
        traces.append(run.trace)
        subjectKeys.append(run.subjectKey)
    }
}

extension Payload {
    var jsonb: JSONB { JSONB(bytes) }
}

extension FailureRecord {
    var jsonb: JSONB { JSONB(encoded: self) }
}

extension JSONB {
    /// For the engine's own small types, which always encode.
    init(encoded value: some Encodable) {
        do {
            self.init([UInt8](try JSONEncoder().encode(value)))
        } catch {
            preconditionFailure("an engine type must encode as JSON: \(error)")
        }
    }
}

extension Outcome {
    var status: RunStatus {
        switch self {
        case .succeeded: .succeeded
        case .failed: .failed
        case .cancelled: .cancelled
        case .needsAttention: .needsAttention
        }
    }
}
