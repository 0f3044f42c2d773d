// Which part of a run's timeline is shown: a span of time, a page of steps, and whether idle time is drawn.
// All of it is in the address, so that a part can be sent to a colleague, and is reached by links and fields:
// nothing needs to be dragged.

import Foundation
import WebSupport

struct TimelineView: Sendable {
    var from: Date?
    var to: Date?
    var skipped = 0
    var showsIdle = false
    private var address = PageAddress("")

    private static let names = ["from", "to", "skip", "idle"]

    init() {}

    /// What cannot be read is left out, as is the tab that the address of a run may lack.
    init(_ request: WebRequest) {
        from = request.query["from"].flatMap(ReaderZone.instant)
        to = request.query["to"].flatMap(ReaderZone.instant)
        skipped = max(0, request.query["skip"].flatMap { Int($0) } ?? 0)
        showsIdle = request.query["idle"] == "shown"
        address = PageAddress(request)
    }

    var isWhole: Bool { from == nil && to == nil }

    func shows(from start: Date, to end: Date) -> Bool {
        end >= from ?? .distantPast && start <= to ?? .distantFuture
    }

    /// The links to other pages of steps.
    func pages(of count: Int, by limit: Int) -> HTML {
        guard count > limit || skipped > 0 else { return .empty }
        let earlier: HTML? =
            skipped == 0
            ? nil
            : "<a href=\"\(address.with(["skip": skipped > limit ? "\(skipped - limit)" : ""]))\">Earlier</a>"
        let later: HTML? =
            skipped + limit >= count
            ? nil : "<a href=\"\(address.with(["skip": "\(skipped + limit)"]))\">Later</a>"
        let last = min(skipped + limit, count)
        return """
            <p class="pager">Steps \(min(skipped + 1, count)) to \(last) of \(count) \(earlier)\(later)</p>
            """
    }

    /// Zooming by links and fields, and what of idle time is hidden.
    func controls(_ scale: TimelineScale, cuts: [TimeInterval]) -> HTML {
        let quarter = scale.to.timeIntervalSince(scale.from) / 4
        let inner = span(scale.from.addingTimeInterval(quarter), scale.to.addingTimeInterval(-quarter))
        let outer = span(
            scale.from.addingTimeInterval(-2 * quarter), scale.to.addingTimeInterval(2 * quarter))
        let whole: HTML? =
            isWhole
            ? nil
            : "<a href=\"\(address.with(outer))\">Zoom out</a><a href=\"\(address.with(none))\">Whole run</a>"
        // The fields tell whole seconds.
        let closer: HTML? =
            quarter < 2 ? nil : "<a href=\"\(address.with(inner))\">Zoom in</a>"
        return "\(idle(cuts))<p class=\"pager\">\(closer)\(whole)</p>\(fields(scale))"
    }

    private func idle(_ cuts: [TimeInterval]) -> HTML {
        if showsIdle {
            return """
                <p class="fine">Idle time is drawn. <a href="\(address.with(["idle": ""]))">Cut it out</a></p>
                """
        }
        guard !cuts.isEmpty else { return .empty }
        let hidden = cuts.map { Show.duration(.seconds(Int64($0))) }.joined(separator: ", ")
        return """
            <p class="fine">Idle time is cut out at the dotted lines: \(hidden) hidden. \
            <a href="\(address.with(["idle": "shown"]))">Show it</a></p>
            """
    }

    private func fields(_ scale: TimelineScale) -> HTML {
        let kept = address.query.filter { !Self.names.contains($0.key) }.sorted { $0.key < $1.key }.map {
            "<input type=\"hidden\" name=\"\($0.key)\" value=\"\($0.value)\">" as HTML
        }
        let limits = [("from", "From", scale.from), ("to", "To", scale.to)]
        let ends = limits.map { name, words, instant -> HTML in
            """
            <div><label for="zoom-\(name)">\(words)</label>\
            <input id="zoom-\(name)" name="\(name)" value="\(Self.text(instant))" autocomplete="off"></div>
            """
        }
        return """
            <details><summary>Show a span of time</summary><form method="get" class="filters panel">\
            \(kept)\(ends)<div><button>Show it</button></div></form></details>
            """
    }

    private var none: [String: String] { ["from": "", "to": "", "skip": ""] }

    private func span(_ start: Date, _ end: Date) -> [String: String] {
        ["from": Self.text(start), "to": Self.text(end), "skip": ""]
    }

    private static func text(_ instant: Date) -> String { String(ReaderZone.clock(instant).prefix(19)) }
}
