// A day as bars beside a figure. Inline SVG, one path placed by attributes: the page's policy allows no
// inline style, and nothing is fetched. Whoever does not see it is told what it shows in a sentence.

import Fleet
import Foundation
import WebSupport

struct Sparkline: Sendable {
    /// What each bar counts, as it follows "The highest in each quarter hour of the last 24 hours": "Runs
    /// that are running".
    let what: String
    let span: String
    let points: [Samples.Quarter]
    /// How a bar's height is told.
    var told: @Sendable (Double) -> String = { String(Int($0)) }
    /// How a bar's place is told.
    var place: @Sendable (Date) -> String = { Show.minute($0) }
    var isBad = false

    static let day = "highest of each quarter hour in 24 hours"

    private static let height = 24
    private static let step = 4

    var html: HTML {
        let highest = points.compactMap(\.value).max() ?? 0
        let bars = points.enumerated().compactMap { place, point -> String? in
            guard let value = point.value, value > 0 else { return nil }
            let tall = max(2, Int((value / highest * Double(Self.height)).rounded()))
            return "M\(place * Self.step) \(Self.height)v-\(tall)h3v\(tall)z"
        }
        let kind = isBad ? "spark bad" : "spark"
        let width = points.count * Self.step
        return """
            <svg class="\(kind)" viewBox="0 0 \(width) \(Self.height + 1)" preserveAspectRatio="none" \
            role="img" aria-label="\(sentence(highest))"><path class="base" d="M0 \(Self.height)H\(width)"/>\
            <path d="\(bars.joined())"/></svg>
            """
    }

    private func sentence(_ highest: Double) -> String {
        let told = "\(what), \(span)"
        let known = points.filter { $0.value != nil }
        guard let first = known.first else { return "\(told): not known yet." }
        let since = known.count < points.count ? " Known since \(place(first.began))." : ""
        guard highest > 0, let top = known.last(where: { $0.value == highest }) else {
            return "\(told): none.\(since)"
        }
        return "\(told): at most \(self.told(highest)), last at \(place(top.began)).\(since)"
    }
}
