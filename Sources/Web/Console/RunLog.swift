// What the engine wrote down of a run, read as a log: every attempt with what it failed of, when steps began
// and ended, signals, and what operators did and why, in the order of their instants. It is put together from
// the run's own records, so it stays as long as they do; of a long story it has the latest events and acts.
// What processes print is not kept here: their lines go to wherever their output is collected, and name their
// run.

import Durable
import Fleet
import Foundation
import WebSupport

struct RunLog: Sendable {
    struct Line: Sendable {
        enum Level {
            case told, warning, error
        }

        let at: Date
        let level: Level
        let text: HTML
    }

    let file: RunFile
    let chronicle: [ChronicleLine]
    let audit: [AuditRecord]

    /// The latest lines of a long story.
    private static let limit = 1_000

    var html: HTML {
        let lines = lines
        let shown = lines.suffix(Self.limit)
        let cut: HTML? =
            shown.count < lines.count
            ? "<p class=\"fine\">The latest \(shown.count) of \(lines.count) lines.</p>" : nil
        return """
            <p class="fine">What the engine recorded, oldest first. What its processes printed meanwhile is \
            not kept here: look where their output is collected for lines with \
            <code>run</code> <code>\(file.detail.line.id.description)</code>.</p>\(cut)
            """
            + DataTable(
                caption: "Log", headings: ["At", "Level", "What"],
                rows: shown.map { [Show.clock($0.at), Self.tag($0.level), $0.text] }
            ).html
    }

    private static func tag(_ level: Line.Level) -> HTML {
        switch level {
        case .told: Show.tag("info")
        case .warning: Show.tag("! warning", "warn")
        case .error: Show.tag("✕ error", "bad")
        }
    }

    var lines: [Line] {
        let run = file.told
        var lines = [Line(at: run.line.createdAt, level: .told, text: accepted)]
        for step in run.steps { lines += self.lines(of: step) }
        lines += run.openAttempts.map(line)
        lines += run.children.map { child in
            Line(
                at: child.createdAt, level: .told,
                text: "started \(child.workflow.rawValue) \(Show.run(child.id))")
        }
        lines += chronicle.compactMap(line)
        lines += audit.map(line)
        if let ended = run.endedAt { lines.append(end(at: ended)) }
        // What has the same instant stays in the order in which it was gathered.
        return lines.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
            .map(\.element)
    }

    private var accepted: HTML {
        "accepted: \(file.detail.line.workflow.rawValue), version \(file.detail.line.version)"
    }

    private func end(at instant: Date) -> Line {
        let run = file.told
        let isWell = run.line.status == .succeeded
        let why: HTML? = run.line.failure.map { ": \(Show.words($0.message)) <code>\($0.code)</code>" }
        return Line(
            at: instant, level: isWell ? .told : run.line.status == .cancelled ? .warning : .error,
            text: "ended: \(Show.word(run.line.status))\(why)")
    }

    private func lines(of step: StepLine) -> [Line] {
        let name = step.key.description
        if step.key.isWait {
            return [
                Line(at: step.startedAt, level: .told, text: "\(name): waits"),
                Line(at: step.endedAt, level: .told, text: "\(name): goes on"),
            ]
        }
        let took = Show.duration(from: step.startedAt, to: step.endedAt)
        let end: HTML = step.hasFailed ? "failed for good" : "done"
        return step.failures.map(line) + [
            Line(at: step.startedAt, level: .told, text: "\(name): attempt \(step.attempt) began"),
            Line(
                at: step.endedAt, level: step.hasFailed ? .error : .told,
                text: "\(name): \(end), after \(took)"),
        ]
    }

    /// An attempt is recorded with its beginning and when the next one is due.
    private func line(_ attempt: AttemptRecord) -> Line {
        let what = attempt.counts ? "attempt \(attempt.number) began, and failed" : "put off"
        return Line(
            at: attempt.startedAt, level: .warning,
            text: """
                \(attempt.key.description): \(what): \(Show.words(attempt.failure.message)) \
                <code>\(attempt.failure.code)</code>, next at \(Show.clock(attempt.nextAt))
                """)
    }

    /// What no step, no attempt and no act says.
    private func line(_ told: ChronicleLine) -> Line? {
        let subject: HTML = "<code>\(told.subject)</code>"
        switch told.kind {
        case .announced: return Line(at: told.at, level: .told, text: "\(subject): announced a call outside")
        case .signalled: return Line(at: told.at, level: .told, text: "signal \(subject) arrived")
        case .signalTaken: return Line(at: told.at, level: .told, text: "signal \(subject) was taken")
        case .setAside: return Line(at: told.at, level: .warning, text: "\(subject): set aside, \(told.note)")
        case .accepted, .done, .failed, .ended, .attemptFailed, .putOff, .operated: return nil
        }
    }

    private func line(_ act: AuditRecord) -> Line {
        Line(
            at: act.at, level: .warning,
            text: "\(act.actor): <strong>\(act.verb)</strong>, because: \(act.reason)")
    }
}
