// The list's filter as it stands in the address: every view can be linked, bookmarked and sent to a
// colleague, and a bulk action reads the very same words.

import Durable
import Fleet
import Foundation
import WebSupport

struct RunQuery: Sendable {
    let filter: RunFilter
    let problems: [FieldError]
    /// The words of the address that make up the filter, without the place in the list.
    let words: [String: String]

    static let names = [
        "status", "workflow", "version", "tenant", "label", "fingerprint", "wait", "attempts", "since",
        "until", "q",
    ]

    static let groups: [(value: String, words: String)] =
        [
            ("", "Any status"), ("pending,running,waiting", "Live"),
            ("failed,needs_attention,poisoned", "Ended badly"),
        ] + RunStatus.allCases.map { ($0.rawValue, Show.word($0).capitalized) }

    static let waits: [(value: String, words: String)] =
        [("", "Anything")]
        + ["timer", "signal", "child", "retry", "deferral"].map { ($0, $0.capitalized) }

    /// Reads fields by name; an empty one means nothing.
    init(now: Date, _ field: (String) -> String?) {
        var filter = RunFilter()
        var problems: [FieldError] = []
        var words: [String: String] = [:]
        for name in Self.names {
            guard let text = field(name)?.trimmingCharacters(in: .whitespaces), !text.isEmpty else {
                continue
            }
            words[name] = text
            if let problem = Self.read(name, text, into: &filter, now) {
                problems.append(FieldError(name, problem))
            }
        }
        if let before = field("before"), !before.isEmpty {
            filter.before = RunID(before)
            if filter.before == nil { problems.append(FieldError("before", "The page's place is no run.")) }
        }
        self.filter = filter
        self.problems = problems
        self.words = words
    }

    /// What is wrong with the text, or nil.
    private static func read(
        _ name: String, _ text: String, into filter: inout RunFilter, _ now: Date
    ) -> String? {
        switch name {
        case "status":
            let statuses = text.split(separator: ",").map { RunStatus(rawValue: String($0)) }
            guard !statuses.contains(nil) else { return "There is no status \(text)." }
            filter.statuses = Set(statuses.compactMap(\.self))
        case "workflow": filter.workflow = text
        case "tenant": filter.tenant = Tenant(text.lowercased())
        case "label":
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { return "A label is written name=value." }
            filter.label = RunFilter.Label(parts[0], parts[1])
        case "version", "attempts":
            guard let number = Int(text), (1...1_000_000).contains(number) else {
                return "\(text) is no number from 1 on."
            }
            if name == "version" { filter.version = number } else { filter.attempts = number }
        case "fingerprint": filter.fingerprint = text
        case "wait":
            guard let kind = WaitReason.Kind(rawValue: text) else { return "Runs do not wait for \(text)." }
            filter.waitKind = kind
        case "since", "until":
            guard let instant = instant(text, now) else {
                return "\(text) is no time: write 90m, 12h, 7d or 2026-11-23 03:00."
                    + " By your clock: \(ReaderZone.title)."
            }
            if name == "since" { filter.from = instant } else { filter.to = instant }
        default: filter.text = text
        }
        return nil
    }

    private static func instant(_ text: String, _ now: Date) -> Date? {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        if let unit = text.last.flatMap({ units[$0] }), let many = Int(text.dropLast()), many < 100_000 {
            return now.addingTimeInterval(-TimeInterval(many * unit))
        }
        if let instant = ReaderZone.instant(text) { return instant }
        // What is neither a time ago nor an instant is said at the field.
        return try? Date(text, strategy: .iso8601)
    }
}
