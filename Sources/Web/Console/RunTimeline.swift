// The timeline of a run: a table that reads as one without its pictures, with a bar beside each step. A
// failed attempt is a mark and the pause after it a thin line; waits and sleeps are lines too, since nothing
// works then; a step that undoes is outlined. Which steps and which span of time it shows is in the address.

import Durable
import Fleet
import Foundation
import WebSupport

struct RunTimeline: Sendable {
    let run: RunDetail
    let now: Date
    var view = TimelineView()

    /// More at once is a picture that helps nobody.
    private static let limit = 200

    var html: HTML {
        let steps = run.steps.filter { view.shows(from: $0.startedAt, to: $0.endedAt) }.sorted {
            ($0.startedAt, $0.key.description) < ($1.startedAt, $1.key.description)
        }
        let shown = Array(steps.dropFirst(view.skipped).prefix(Self.limit))
        let scale = scale(shown)
        let rows = shown.map { bar($0, scale) } + open(scale)
        guard !rows.isEmpty else {
            return """
                <p class="fine">No step is on record \(view.isWhole ? "yet" : "in this span").</p>\
                \(view.controls(scale, cuts: []))
                """
        }
        return """
            <div class="scroll" role="region" aria-label="Timeline" tabindex="0"><table class="gantt">\
            <caption>Timeline</caption><thead><tr><th scope="col">Step</th><th scope="col">\
            \(axis(scale))</th><th scope="col">Took</th><th scope="col">Attempts</th>\
            <th scope="col">Result</th></tr></thead>\
            <tbody>\(rows)</tbody></table></div>\(view.pages(of: steps.count, by: Self.limit))\
            \(view.controls(scale, cuts: scale.cuts.map(\.hidden)))
            """
    }

    /// Where the picture begins and ends.
    private func axis(_ scale: TimelineScale) -> HTML {
        """
        <span class="axis"><span>\(Show.clock(scale.from))</span><span>\(Show.clock(scale.to))</span></span>
        """
    }

    private func scale(_ steps: [StepLine]) -> TimelineScale {
        var busy: [TimelineScale.Span] = []
        for step in steps where !step.key.isWait {
            busy.append(TimelineScale.Span(from: step.startedAt, to: step.endedAt))
        }
        let start = max(run.line.createdAt, view.from ?? .distantPast)
        let end = min(run.endedAt ?? now, view.to ?? .distantFuture)
        return TimelineScale(from: start, to: max(end, start), busy: busy, cutsIdle: !view.showsIdle)
    }

    private func bar(_ step: StepLine, _ scale: TimelineScale) -> HTML {
        let took = Show.duration(from: step.startedAt, to: step.endedAt)
        let kind = step.key.isWait ? "idle" : step.hasFailed ? "bad" : step.key.isUndo ? "undo" : "did"
        let start = scale.x(of: step.startedAt)
        let width = max(3, scale.x(of: step.endedAt) - start)
        let height = step.key.isWait ? 4 : 14
        let own: HTML = """
            <rect class="\(kind)" x="\(start)" y="\(12 - height / 2)" width="\(width)" height="\(height)">\
            <title>\(Show.span(step.startedAt, step.endedAt))</title></rect>
            """
        let label =
            "\(step.key.description), attempt \(step.attempt), "
            + (step.hasFailed ? "failed" : "done") + " after \(took)"
        let result: HTML =
            step.hasFailed
            ? "<span class=\"tag bad\"><span aria-hidden=\"true\">✕</span> failed</span>"
            : "<span class=\"tag good\"><span aria-hidden=\"true\">✓</span> done</span>"
        return """
            <tr><th scope="row"><a href="#\(step.key.anchor)">\(step.key.description)</a></th>\
            <td class="bars">\(picture(label, marks(step.failures, scale) + own, scale))</td>\
            <td class="num">\(took)</td><td>\(step.attempt)</td><td>\(result)</td></tr>

            """
    }

    /// Steps that have begun and not ended, known by their failed attempts.
    private func open(_ scale: TimelineScale) -> [HTML] {
        Dictionary(grouping: run.openAttempts, by: \.key).sorted { $0.key.description < $1.key.description }
            .map { key, attempts in
                let next = attempts.map(\.nextAt).max() ?? now
                let label = "\(key.description), \(attempts.count) attempts failed"
                let comes: HTML = next > now ? "tried again \(Show.time(next, now))" : "tried again next"
                return """
                    <tr><th scope="row"><a href="#\(key.anchor)">\(key.description)</a></th>\
                    <td class="bars">\(picture(label, marks(attempts, scale), scale))</td>\
                    <td></td><td>\(attempts.count)</td><td>\(comes)</td></tr>

                    """
            }
    }

    private func marks(_ attempts: [AttemptRecord], _ scale: TimelineScale) -> HTML {
        attempts.reduce(.empty) { drawn, attempt in
            let start = scale.x(of: attempt.startedAt)
            let pause = max(0, scale.x(of: min(attempt.nextAt, now)) - start)
            return drawn + """
                <rect class="idle" x="\(start)" y="11" width="\(pause)" height="2"/>\
                <rect class="try" x="\(start)" y="6" width="4" height="12"/>
                """
        }
    }

    private func picture(_ label: String, _ bars: HTML, _ scale: TimelineScale) -> HTML {
        let cuts = scale.cuts.map { cut -> HTML in
            "<line class=\"cut\" x1=\"\(cut.x)\" y1=\"0\" x2=\"\(cut.x)\" y2=\"24\"/>"
        }
        return """
            <svg viewBox="0 0 \(TimelineScale.width) 24" preserveAspectRatio="none" role="img" \
            aria-label="\(label)">\(cuts)\(bars)\(nowLine(scale))</svg>
            """
    }

    /// Where a run that goes on has come to.
    private func nowLine(_ scale: TimelineScale) -> HTML? {
        guard run.endedAt == nil, scale.to >= now else { return nil }
        let x = scale.x(of: now)
        return "<line class=\"now\" x1=\"\(x)\" y1=\"0\" x2=\"\(x)\" y2=\"24\"/>"
    }
}

extension StepKey {
    /// Nothing works while a run waits or sleeps.
    var isWait: Bool { name.hasPrefix("wait:") || name.hasPrefix("sleep:") }
    var isUndo: Bool { name.hasPrefix("undo:") }

    /// The place of the step in the page.
    var anchor: String {
        "step-"
            + String(
                description.unicodeScalars.map {
                    $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil)
                        ? Character($0) : "-"
                })
    }
}
