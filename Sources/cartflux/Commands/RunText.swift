// Runs as text for a terminal.

import Durable
import Fleet
import Foundation

enum RunText {
    static func table(_ lines: [RunLine]) -> String {
        let rows = lines.map { line in
            [
                line.id.description, line.status.rawValue, line.workflow.rawValue, line.tenant.rawValue,
                time(line.createdAt),
                line.failure?.message ?? line.waitReason.map { "\($0.kind.rawValue) \($0.step)" } ?? "",
            ]
        }
        return columns([["run", "status", "workflow", "tenant", "accepted", "note"]] + rows)
    }

    static func detail(_ run: RunDetail, why: Explanation?) -> String {
        var out = [
            "run       \(run.line.id)", "workflow  \(run.line.workflow) v\(run.line.version)",
            "tenant    \(run.line.tenant)", "status    \(run.line.status.rawValue) (epoch \(run.epoch))",
            "accepted  \(time(run.line.createdAt))",
        ]
        if let endedAt = run.endedAt { out.append("ended     \(time(endedAt))") }
        if let parent = run.parent { out.append("parent    \(parent)") }
        if let failure = run.line.failure {
            out.append("error     \(failure.message) (\(failure.code))")
            out.append("cause     --fingerprint \(failure.fingerprint)")
        }
        if let why {
            out.append("why       \(why.sentence)")
            out += why.evidence.map { "          \($0)" }
        }
        out += ["", timeline(run)]
        if !run.children.isEmpty { out += ["", "children", table(run.children)] }
        return out.joined(separator: "\n")
    }

    /// The steps in the order of their ends, with offsets from the run's start and failed attempts.
    static func timeline(_ run: RunDetail) -> String {
        let start = run.line.createdAt
        var rows = [["at", "took", "step", "attempts", "result"]]
        for step in run.steps {
            rows.append([
                offset(step.endedAt.timeIntervalSince(start)),
                offset(step.endedAt.timeIntervalSince(step.startedAt)), step.key.description,
                "\(step.attempt)",
                step.hasFailed ? "failed: \(shortened(step.output.text))" : shortened(step.output.text),
            ])
        }
        for attempt in run.openAttempts {
            rows.append([
                offset(attempt.startedAt.timeIntervalSince(start)), "", attempt.key.description,
                "\(attempt.number)", "will be tried again: \(attempt.failure.message)",
            ])
        }
        return columns(rows)
    }

    static func result(_ result: OperationResult) -> String {
        let audit = result.audit.map { "audit row \($0)" } ?? "nothing changed, so nothing is in the audit"
        let status = "\(result.status.rawValue) (epoch \(result.epoch))"
        return "run \(result.run) is \(status): \(result.note)\n\(audit)"
    }

    static func bulk(_ bulk: BulkOperation) -> String {
        var text = "\(bulk.id.uuidString.lowercased())  \(bulk.status.rawValue)  \(bulk.acted) of about "
        text += "\(bulk.counted) done, \(bulk.refused) refused  (\(bulk.filter.description))"
        if let note = bulk.lastNote { text += "\n  last refusal: \(note)" }
        return text
    }

    static func divergent(_ run: DivergentRun) -> String {
        let code = "\(run.workflow) v\(run.version)"
        let head = "\(run.run)  \(code)  tenant \(run.tenant)  \(run.status.rawValue)"
        return ([head] + run.findings.map { "  \($0.kind.rawValue): \($0.message)" }).joined(separator: "\n")
    }

    static func audit(_ records: [AuditRecord]) -> String {
        let rows = records.map { record in
            [
                "\(record.number)", time(record.at), record.actor, record.verb, record.subject, record.reason,
                record.after,
            ]
        }
        return columns([["no", "at", "who", "verb", "subject", "why", "after"]] + rows)
    }

    private static func shortened(_ text: String) -> String {
        text.count > 60 ? String(text.prefix(57)) + "..." : text
    }

    private static func offset(_ seconds: TimeInterval) -> String {
        let milliseconds = Int((seconds * 1000).rounded())
        return milliseconds < 10_000 ? "\(milliseconds) ms" : "\(milliseconds / 1000) s"
    }

    private static func time(_ date: Date) -> String {
        date.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: false))
    }

    static func columns(_ rows: [[String]]) -> String {
        let widths = rows.reduce(into: [Int](repeating: 0, count: rows.first?.count ?? 0)) { widths, row in
            for (place, cell) in row.enumerated() { widths[place] = max(widths[place], cell.count) }
        }
        return rows.map { row in
            zip(row, widths).map { $0.padded(to: $1) }.joined(separator: "  ").trimmingCharacters(
                in: .whitespaces)
        }.joined(separator: "\n")
    }
}
