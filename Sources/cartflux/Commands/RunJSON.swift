// Runs as JSON for scripts: one object per line, keys in order.

import Durable
import Fleet
import Foundation

enum RunJSON {
    enum Value: Encodable {
        case text(String)
        case texts([String])
        case number(Int64)
        case none

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .texts(let texts): try container.encode(texts)
            case .number(let number): try container.encode(number)
            case .none: try container.encodeNil()
            }
        }
    }

    static func text(_ object: [String: Value]) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(object), as: UTF8.self)
        } catch {
            preconditionFailure("texts and numbers encode as JSON: \(error)")
        }
    }

    static func line(_ line: RunLine) -> String {
        text([
            "id": .text("\(line.id)"), "tenant": .text("\(line.tenant)"),
            "workflow": .text("\(line.workflow)"), "version": .number(Int64(line.version)),
            "status": .text(line.status.rawValue), "accepted": .text(line.createdAt.formatted(.iso8601)),
            "waits": line.waitReason.map { .text("\($0.kind.rawValue) \($0.step)") } ?? .none,
            "error": line.failure.map { .text($0.message) } ?? .none,
            "code": line.failure.map { .text($0.code) } ?? .none,
            "fingerprint": line.failure.map { .text("\($0.fingerprint)") } ?? .none,
        ])
    }

    static func result(_ result: OperationResult) -> String {
        text([
            "run": .text("\(result.run)"), "status": .text(result.status.rawValue),
            "epoch": .number(result.epoch), "audit": result.audit.map { .number($0) } ?? .none,
            "note": .text(result.note),
        ])
    }

    static func divergent(_ run: DivergentRun) -> String {
        text([
            "run": .text("\(run.run)"), "workflow": .text("\(run.workflow)"),
            "version": .number(Int64(run.version)), "tenant": .text("\(run.tenant)"),
            "status": .text(run.status.rawValue),
            "kinds": .texts(run.findings.map(\.kind.rawValue)),
            "findings": .texts(run.findings.map(\.message)),
        ])
    }

    static func audit(_ record: AuditRecord) -> String {
        text([
            "number": .number(record.number), "at": .text(record.at.formatted(.iso8601)),
            "actor": .text(record.actor), "verb": .text(record.verb), "subject": .text(record.subject),
            "reason": .text(record.reason), "before": .text(record.before), "after": .text(record.after),
        ])
    }
}
