// The timeline of a run: a table that reads as one without its pictures, with a bar beside each step. A
// failed attempt is a mark and the pause after it a thin line; waits and sleeps are lines too, since nothing
// works then; a step that undoes is outlined.

import Durable
import Fleet
import Foundation
import WebSupport

struct RunTimeline: Sendable {
    let run: RunDetail
    let now: Date

    /// Beyond this the picture helps nobody; the table of steps has them all.
    private static let limit = 200

    var html: HTML {
        let steps = run.steps.sorted {
            ($0.startedAt, $0.key.description) < ($1.startedAt, $1.key.description)
        }
        let shown = steps.prefix(Self.limit)
        let scale = scale(Array(shown))
        let rows = shown.map { bar($0, scale) } + open(scale)
        guard !rows.isEmpty else { return "<p class=\"fine\">No step is on record yet.</p>" }
        let hidden = scale.cuts.map { Show.duration(.seconds(Int64($0.hidden))) }.joined(separator: ", ")
        let cuts: HTML? =
            hidden.isEmpty
            ? nil
            : "<p class=\"fine\">Idle time is cut out at the dotted lines: \(hidden).</p>"
        let more: HTML? =
            steps.count > Self.limit
            ? "<p class=\"fine\">The first \(Self.limit) of \(steps.count) steps.</p>" : nil
        return """
            <div class="scroll" role="region" aria-label="Timeline" tabindex="0"><table class="gantt">\
            <caption>Timeline</caption><thead><tr><th scope="col">Step</th><th scope="col">When</th>\
            <th scope="col">Took</th><th scope="col">Attempts</th><th scope="col">Result</th></tr></thead>\
            <tbody>\(rows)</tbody></table></div>\(cuts)\(more)
            """
    }

    private func scale(_ steps: [StepLine]) -> TimelineScale {
        var busy: [TimelineScale.Span] = []
        for step in steps where !step.key.isWait {
            busy.append(TimelineScale.Span(from: step.startedAt, to: step.endedAt))
        }
        let last = run.endedAt ?? now
        return TimelineScale(from: run.line.createdAt, to: max(last, run.line.createdAt), busy: busy)
    }

    private func bar(_ step: StepLine, _ scale: TimelineScale) -> HTML {
        let took = Show.duration(from: step.startedAt, to: step.endedAt)
        let kind = step.key.isWait ? "idle" : step.hasFailed ? "bad" : step.key.isUndo ? "undo" : "did"
        let start = scale.x(of: step.startedAt)
        let width = max(3, scale.x(of: step.endedAt) - start)
        let height = step.key.isWait ? 4 : 14
        let own: HTML = """
            <rect class="\(kind)" x="\(start)" y="\(12 - height / 2)" width="\(width)" height="\(height)"/>
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
            aria-label="\(label)">\(cuts)\(bars)</svg>
            """
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
