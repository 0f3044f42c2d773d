// Schedules as text for a terminal.

import Durable
import Fleet
import Foundation

enum ScheduleText {
    static func table(_ lines: [ScheduleLine]) -> String {
        let rows = lines.map { line -> [String] in
            guard let stored = line.stored else {
                return ["\(line.name)", "\(line.workflow)", "", "", "", "", line.problem ?? ""]
            }
            return [
                "\(line.name)", "\(line.workflow)", "\(stored.schedule.rule)", "\(stored.schedule.zone)",
                stored.next.map { "\($0)" } ?? "never", late(line.lag), state(stored, line.isRunning),
            ]
        }
        return columns([["schedule", "workflow", "rule", "zone", "next", "late", "state"]] + rows)
    }

    static func detail(_ detail: ScheduleDetail) -> String {
        let stored = detail.stored
        let schedule = stored.schedule
        let policies = [
            ["schedule", "\(schedule.name) (\(stored.source == .declared ? "declared" : "made by hand"))"],
            ["workflow", "\(stored.workflow) v\(stored.version)"],
            ["tenant", schedule.tenant == .none ? "none" : "\(schedule.tenant)"],
            ["rule", "\(schedule.rule)"], ["zone", "\(schedule.zone)"],
            ["clocks", "skipped: \(schedule.gap.rawValue), repeated: \(schedule.repeated.rawValue)"],
            ["overlap", schedule.overlap.rawValue], ["catch-up", "\(schedule.catchUp)"],
            ["jitter", "\(schedule.jitter.seconds) s, of which it waits \(schedule.spread.seconds) s"],
            ["state", state(stored, false)],
            ["last", stored.lastNominal.map { $0.formatted(.iso8601) } ?? "none yet"],
        ]
        let firings = detail.firings.map { firing in
            [
                firing.nominal.formatted(.iso8601), firing.kind, firing.outcome?.rawValue ?? "",
                firing.reason ?? "", firing.run?.description ?? "", firing.actor ?? "",
                firing.at.formatted(.iso8601),
            ]
        }
        var parts = [columns(policies), "next\n" + occurrences(detail.upcoming, in: schedule.zone)]
        if !firings.isEmpty {
            parts.append(columns([["nominal", "kind", "outcome", "why", "run", "who", "at"]] + firings))
        }
        return parts.joined(separator: "\n\n")
    }

    static func occurrences(_ occurrences: [Occurrence], in zone: ScheduleZone) -> String {
        guard !occurrences.isEmpty else { return "no time to come" }
        let rows = occurrences.map { occurrence in
            ["\(occurrence.local)", weekday(occurrence), occurrence.instant.formatted(.iso8601)]
        }
        return columns([["\(zone)", "", "instant"]] + rows)
    }

    static func backfill(_ lines: [BackfillLine], in zone: ScheduleZone) -> String {
        let rows = lines.map { line in
            [
                "\(line.occurrence.local)", line.occurrence.instant.formatted(.iso8601),
                line.firing?.outcome?.rawValue ?? "", line.firing?.reason ?? "",
                line.isOpen ? "would start" : "has its run",
            ]
        }
        return columns([["\(zone)", "instant", "was", "why", "now"]] + rows)
    }

    private static func state(_ stored: StoredSchedule, _ isRunning: Bool) -> String {
        if let retiredAt = stored.retiredAt {
            return "retired \(retiredAt.formatted(.iso8601)): the code declares it no more"
        }
        if let pause = stored.pause {
            return "paused \(pause.at.formatted(.iso8601)) by \(pause.by): \(pause.reason)"
        }
        return isRunning ? "active, a run is alive" : "active"
    }

    private static func late(_ lag: Duration) -> String {
        lag < .seconds(1) ? "" : "\(Int(lag.seconds)) s"
    }

    private static func weekday(_ occurrence: Occurrence) -> String {
        "\(occurrence.local.day.weekday)".prefix(3).capitalized
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
