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

    static func detail(_ run: RunDetail) -> String {
        var out = [
            "run       \(run.line.id)", "workflow  \(run.line.workflow) v\(run.line.version)",
            "tenant    \(run.line.tenant)", "status    \(run.line.status.rawValue) (epoch \(run.epoch))",
            "accepted  \(time(run.line.createdAt))",
        ]
        if let endedAt = run.endedAt { out.append("ended     \(time(endedAt))") }
        if let parent = run.parent { out.append("parent    \(parent)") }
        if let failure = run.line.failure { out.append("error     \(failure.message) (\(failure.code))") }
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

    private static func columns(_ rows: [[String]]) -> String {
        let widths = rows.reduce(into: [Int](repeating: 0, count: rows.first?.count ?? 0)) { widths, row in
            for (place, cell) in row.enumerated() { widths[place] = max(widths[place], cell.count) }
        }
        return rows.map { row in
            zip(row, widths).map { $0.padded(to: $1) }.joined(separator: "  ").trimmingCharacters(
                in: .whitespaces)
        }.joined(separator: "\n")
    }
}
