// How values look on every page of the console: a status is an icon and a word, never a colour alone; an
// instant is relative, with the whole of it at hand; an amount is digits.

import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport

enum Show {
    // MARK: Time

    static func time(_ instant: Date, _ now: Date) -> HTML {
        """
        <time datetime="\(instant.formatted(.iso8601))" title="\(ReaderZone.whole(instant))" \
        data-ago>\(relative(instant, now))</time>
        """
    }

    static func time(_ instant: Date?, _ now: Date) -> HTML {
        instant.map { time($0, now) } ?? "<span class=\"fine\">none</span>"
    }

    /// Hours, minutes and seconds, for lines that stand close together.
    static func clock(_ instant: Date) -> HTML {
        """
        <time datetime="\(instant.formatted(.iso8601))" title="\(ReaderZone.whole(instant))">\
        \(ReaderZone.clock(instant))</time>
        """
    }

    /// From when to when, and how long that is.
    static func span(_ start: Date, _ end: Date) -> String {
        "\(ReaderZone.whole(start)) to \(ReaderZone.whole(end)), \(duration(from: start, to: end))"
    }

    /// Hour and minute with the zone, for sentences.
    static func minute(_ instant: Date) -> String {
        "\(ReaderZone.clock(instant).dropFirst(11).prefix(5)) \(ReaderZone.name(at: instant))"
    }

    static func relative(_ instant: Date, _ now: Date) -> String {
        let seconds = now.timeIntervalSince(instant)
        guard abs(seconds) >= 1 else { return "now" }
        let text = duration(.seconds(Int64(abs(seconds))))
        return seconds > 0 ? "\(text) ago" : "in \(text)"
    }

    static func duration(_ duration: Duration) -> String {
        let milliseconds =
            duration.components.seconds * 1000
            + duration.components.attoseconds / 1_000_000_000_000_000
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        let seconds = milliseconds / 1000
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3600: return "\(seconds / 60) m \(seconds % 60) s"
        case ..<86_400: return "\(seconds / 3600) h \(seconds % 3600 / 60) m"
        default: return "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
        }
    }

    static func duration(from start: Date, to end: Date) -> String {
        duration(.milliseconds(Int64(max(0, end.timeIntervalSince(start)) * 1000)))
    }

    // MARK: Runs

    static func status(_ status: RunStatus) -> HTML {
        let (icon, tone) = mark(status)
        return "<span class=\"tag \(tone)\"><span aria-hidden=\"true\">\(icon)</span> \(word(status))</span>"
    }

    static func word(_ status: RunStatus) -> String { status.rawValue.replacing("_", with: " ") }

    private static func mark(_ status: RunStatus) -> (icon: String, tone: String) {
        switch status {
        case .pending: ("○", "")
        case .running: ("▶", "now")
        case .waiting: ("◔", "")
        case .succeeded: ("✓", "good")
        case .failed: ("✕", "bad")
        case .cancelled: ("■", "")
        case .poisoned: ("☠", "bad")
        case .needsAttention: ("!", "warn")
        }
    }

    static func run(_ id: RunID) -> HTML {
        "<a href=\"/ops/runs/\(id.description)\"><code>\(short(id))</code></a>"
    }

    /// Ids of one second begin alike, so the end tells them apart.
    static func short(_ id: RunID) -> String { "…" + String(id.description.suffix(8)) }

    static func order(_ line: PlatformOrders.Line) -> HTML {
        let path = "/ops/orders/\(line.tenant.description)/\(line.id.description)"
        return "<a href=\"\(path)\">#\(String(line.number))</a>"
    }

    static func tenant(_ tenant: String, named name: String? = nil) -> HTML {
        guard !tenant.isEmpty else { return "<span class=\"fine\">platform</span>" }
        return
            "<a href=\"/ops/tenants/\(PercentCoding.encode(tenant))\">\(name ?? String(tenant.prefix(8)))</a>"
    }

    static func money(_ money: Money) -> HTML {
        "<span class=\"num\">\(MoneyText.text(money, in: .english))</span>"
    }

    static func words(_ text: String, upTo limit: Int = 160) -> HTML {
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return HTML(text: line.count > limit ? String(line.prefix(limit - 1)) + "…" : line)
    }

    static func tag(_ word: String, _ tone: String = "") -> HTML {
        "<span class=\"tag \(tone)\">\(word.replacing("_", with: " "))</span>"
    }

    /// JSON over several lines where it can be read, and as it is where it cannot.
    static func json(_ payload: Payload) -> HTML {
        let limit = 20_000
        var text = payload.text
        // What cannot be laid out is shown as it stands: that is the reason for both attempts.
        if let value = try? JSONSerialization.jsonObject(
            with: Data(payload.bytes), options: .fragmentsAllowed),
            let pretty = try? JSONSerialization.data(
                withJSONObject: value,
                options: [.prettyPrinted, .sortedKeys, .fragmentsAllowed, .withoutEscapingSlashes])
        {
            text = String(decoding: pretty, as: UTF8.self)
        }
        let shown = text.count > limit ? String(text.prefix(limit)) + "\n… (\(text.count) characters)" : text
        return "<pre tabindex=\"0\">\(shown)</pre>"
    }
}

/// A table with its caption, or a sentence where it is empty.
struct DataTable: Sendable {
    let caption: String
    let headings: [String]
    let rows: [[HTML]]
    /// One for each row, where a live page must know them again.
    var ids: [String] = []
    var empty = "Nothing here."

    var html: HTML {
        guard !rows.isEmpty else {
            return "<section><h2>\(caption)</h2><p class=\"fine\">\(empty)</p></section>"
        }
        let heads = headings.map { "<th scope=\"col\">\($0)</th>" as HTML }
        let lines = rows.enumerated().map { line, row -> HTML in
            let id: HTML? = ids.isEmpty ? nil : " id=\"\(ids[line])\""
            let cells = row.enumerated().map { place, cell -> HTML in
                place == 0 ? "<th scope=\"row\">\(cell)</th>" : "<td>\(cell)</td>"
            }
            return "<tr\(id)>\(cells)</tr>\n"
        }
        return """
            <div class="scroll" role="region" aria-label="\(caption)" tabindex="0"><table>\
            <caption>\(caption)</caption><thead><tr>\(heads)</tr></thead><tbody>\(lines)</tbody></table></div>
            """
    }
}

/// Names and values side by side.
struct FactList: Sendable {
    let facts: [(String, HTML)]

    var html: HTML {
        let lines = facts.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>" as HTML }
        return "<dl class=\"facts\">\(lines)</dl>"
    }
}

/// The links of a list that goes on: to its beginning, where it is not there, and to what is older.
struct Pager: Sendable {
    let request: WebRequest
    /// The place of the last row where more may follow: the names and values of the address.
    let last: [String: String]?
    /// The names that say where a page begins.
    var places = ["before"]
    var words = "Newest"

    var html: HTML {
        let isFirst = places.allSatisfy { (request.query[$0] ?? "").isEmpty }
        let none = Dictionary(uniqueKeysWithValues: places.map { ($0, "") })
        let address = PageAddress(request)
        let newest: HTML? = isFirst ? nil : "<a href=\"\(address.with(none))\">\(words)</a>"
        let older: HTML? = last.map { "<a href=\"\(address.with(none.merging($0) { $1 }))\">Older</a>" }
        return "\(newest)\(older)"
    }
}

/// Another address of the same page: what is given replaces, an empty text takes away.
struct PageAddress: Sendable {
    let path: String
    var query: [String: String]

    /// Of the page itself, also where only its moving parts are asked for.
    init(_ request: WebRequest) {
        path = request.path
        query = request.query
        query["fragment"] = nil
    }

    init(_ path: String, _ query: [String: String] = [:]) {
        self.path = path
        self.query = query
    }

    func with(_ changes: [String: String]) -> String {
        var all = query
        for (name, value) in changes { all[name] = value }
        let pairs = all.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }.map {
            "\(PercentCoding.encode($0.key))=\(PercentCoding.encode($0.value))"
        }
        return pairs.isEmpty ? path : "\(path)?\(pairs.joined(separator: "&"))"
    }
}
