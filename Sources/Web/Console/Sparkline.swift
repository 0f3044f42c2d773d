// An hour as sixty bars beside a figure. Inline SVG, placed by attributes: the page's policy allows no inline
// style, and nothing is fetched. Whoever does not see it is told what it shows in a sentence.

import Fleet
import Foundation
import WebSupport

struct Sparkline: Sendable {
    /// What each minute counts, as it follows "in each of the last 60 minutes": "Runs accepted".
    let what: String
    let minutes: [(began: Date, value: Int?)]
    var isBad = false

    private static let height = 24
    private static let step = 4

    var html: HTML {
        let highest = minutes.compactMap(\.value).max() ?? 0
        let bars = minutes.enumerated().compactMap { place, minute -> HTML? in
            guard let value = minute.value, value > 0 else { return nil }
            let tall = max(2, value * Self.height / highest)
            return """
                <rect x="\(place * Self.step)" y="\(Self.height - tall)" width="3" height="\(tall)"/>
                """
        }
        let kind = isBad ? "spark bad" : "spark"
        let width = minutes.count * Self.step
        return """
            <svg class="\(kind)" viewBox="0 0 \(width) \(Self.height + 1)" preserveAspectRatio="none" \
            role="img" aria-label="\(sentence(highest))"><path d="M0 \(Self.height)H\(width)"/>\(bars)</svg>
            """
    }

    private func sentence(_ highest: Int) -> String {
        let told = "\(what) in each of the last \(minutes.count) minutes"
        let known = minutes.filter { $0.value != nil }
        guard let first = known.first else { return "\(told): not known yet." }
        let since = known.count < minutes.count ? " Known since \(Self.clock(first.began))." : ""
        guard highest > 0, let top = known.last(where: { $0.value == highest }) else {
            return "\(told): none.\(since)"
        }
        return "\(told): at most \(highest), last at \(Self.clock(top.began)).\(since)"
    }

    private static func clock(_ instant: Date) -> String {
        String(instant.formatted(.iso8601).dropFirst(11).prefix(5)) + " UTC"
    }
}

/// The last hour: what came in, what of it failed, and how much stood ready.
struct PulseTiles: Sendable {
    let hour: [FleetPulse.Minute]

    var html: HTML {
        // The minute that is under way says nothing yet about how much a minute brings.
        let whole = hour.dropLast().last
        let failures = hour.reduce(0) { $0 + $1.failed }
        let ready = hour.last?.ready.map { "\($0)" } ?? "unknown"
        let tiles = [
            tile(
                count(whole?.accepted), "accepted in the last minute", "/ops/runs?since=1h",
                Sparkline(what: "Runs accepted", minutes: hour.map { ($0.began, $0.accepted) })),
            tile(
                "\(failures)", "of the last hour's runs failed",
                "/ops/runs?status=failed,poisoned,needs_attention&since=1h",
                Sparkline(
                    what: "Runs that failed", minutes: hour.map { ($0.began, $0.failed) }, isBad: true)),
            tile(
                ready, "ready in the queues", "/ops/queues",
                Sparkline(what: "Runs that stood ready", minutes: hour.map { ($0.began, $0.ready) })),
        ]
        return "<section aria-label=\"The last hour\"><ul class=\"tiles pulse\">\(tiles)</ul></section>"
    }

    private func count(_ number: Int?) -> String {
        guard let number else { return "unknown" }
        return number == Runs.minuteLimit ? "\(number)+" : "\(number)"
    }

    private func tile(_ figure: String, _ words: String, _ path: String, _ line: Sparkline) -> HTML {
        """
        <li><span class="figure">\(figure)</span><a href="\(link: path)">\(words)</a>\(line.html)</li>
        """
    }
}
