// Storage as text for a terminal.

import Fleet
import Foundation

enum StorageText {
    static func status(_ status: StorageStatus) -> String {
        var rows = [["table", "rows", "dead", "size", "heap-only updates", "vacuumed"]]
        for table in status.tables {
            rows.append([
                table.name, "\(table.rows)", "\(table.deadRows)", size(table.bytes),
                table.hot.updates == 0 ? "" : "\(table.hot.percent) %",
                table.lastVacuum.map(time) ?? "never",
            ])
        }
        let masters = status.masters.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return RunText.columns(rows) + "\n\n"
            + RunText.columns([
                ["weeks ahead", "\(status.weeksAhead)"],
                ["runs nowhere", "\(status.openFindings)"],
                ["people", "\(status.subjects) readable, \(status.erased) erased"],
                ["master keys", masters.isEmpty ? "none in use" : masters.joined(separator: ", ")],
                ["expired keys", "\(status.expiredKeys)"],
            ])
    }

    static func weeks(_ weeks: [StoredWeek]) -> String {
        var rows = [["week", "size", "runs", "expired", "next look", "note"]]
        for week in weeks {
            rows.append([
                "\(week.week)", size(week.bytes), week.runs.map { "\($0)" } ?? "",
                week.expired.map { "\($0)" } ?? "", week.nextLook.map(time) ?? "", week.note,
            ])
        }
        return RunText.columns(rows)
    }

    static func policies(_ policies: [RetentionPolicy]) -> String {
        var rows = [["tenant", "workflow", "weeks", "held", "set by", "reason"]]
        for policy in policies {
            rows.append([
                policy.tenant ?? "all", policy.workflow ?? "all", policy.weeks.map { "\($0)" } ?? "",
                policy.isHeld ? "held" : "", policy.setBy, policy.reason,
            ])
        }
        return RunText.columns(rows)
    }

    static func findings(_ findings: [InvariantFinding]) -> String {
        guard !findings.isEmpty else { return "every live run is in exactly one place" }
        return findings.map { "\($0.run)  \($0.breach.sentence) (\($0.breach.rawValue); \($0.detail))" }
            .joined(separator: "\n")
    }

    private static func size(_ bytes: Int64) -> String {
        bytes < 1 << 20 ? "\(bytes >> 10) kB" : "\(bytes >> 20) MB"
    }

    private static func time(_ date: Date) -> String { date.formatted(.iso8601) }
}
