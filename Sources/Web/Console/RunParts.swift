// The parts of a run's page.

import Durable
import Fleet
import Foundation
import WebSupport

/// The sentence on top and the facts under it: the part that moves.
struct RunHead: Sendable {
    let detail: RunDetail
    let why: Explanation?
    let now: Date

    var html: HTML {
        let evidence = (why?.evidence ?? []).map { "<p>\($0)</p>" as HTML }
        let line = detail.line
        var facts: [(String, HTML)] = [
            ("Status", Show.status(line.status)), ("Store", Show.tenant(line.tenant.rawValue)),
            ("Version", "\(line.version)"), ("Accepted", Show.time(line.createdAt, now)),
            (
                detail.endedAt == nil ? "Age" : "Took",
                "\(Show.duration(from: line.createdAt, to: detail.endedAt ?? now))"
            ),
            ("Epoch", "\(String(detail.epoch))"), ("Run", "<code>\(line.id.description)</code>"),
        ]
        if let ended = detail.endedAt { facts.append(("Ended", Show.time(ended, now))) }
        if let parent = detail.parent { facts.append(("Parent", Show.run(parent))) }
        if let failure = line.failure {
            let path = PageAddress("/ops/runs", ["fingerprint": "\(failure.fingerprint)"]).with([:])
            facts.append(("Same cause", "<a href=\"\(path)\">other runs</a>"))
        }
        if let progress = detail.progress { facts.append(("Progress", "<code>\(progress.text)</code>")) }
        return """
            <section class="why" aria-label="Why it stands where it stands">\
            <p class="sentence">\(why?.sentence ?? "Nothing is on record.")</p>\(evidence)</section>
            \(FactList(facts: facts).html)
            """
    }
}

/// Steps with their attempts and what came of them, and the children.
struct RunSteps: Sendable {
    let file: RunFile
    let now: Date

    private var run: RunDetail { file.detail }

    var html: HTML {
        let told = Dictionary(file.told.steps.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        let rows = run.steps.map { step -> [HTML] in
            [
                "<span id=\"\(step.key.anchor)\">\(step.key.description)</span>",
                step.hasFailed ? Show.tag("failed", "bad") : Show.tag("done", "good"),
                Show.clock(step.startedAt), "\(Show.duration(from: step.startedAt, to: step.endedAt))",
                attempts(told[step.key]?.failures ?? step.failures, then: step.attempt),
                result(step.hasFailed ? told[step.key] ?? step : step),
            ]
        }
        let open = Dictionary(grouping: file.told.openAttempts, by: \.key).sorted {
            $0.key.description < $1.key.description
        }.map { key, attempts -> [HTML] in
            [
                "<span id=\"\(key.anchor)\">\(key.description)</span>", Show.tag("open", "warn"),
                attempts.first.map { Show.clock($0.startedAt) } ?? .empty, .empty,
                self.attempts(attempts, then: nil), .empty,
            ]
        }
        let table = DataTable(
            caption: "Steps", headings: ["Step", "State", "Began", "Took", "Attempts", "Result"],
            rows: rows + open, empty: "No step is on record yet."
        ).html
        guard !run.children.isEmpty else { return table }
        return table + RunTable(caption: "Children", lines: run.children, now: now).html
    }

    private func attempts(_ failures: [AttemptRecord], then last: Int?) -> HTML {
        let lines = failures.map { attempt -> HTML in
            let what = attempt.counts ? "attempt \(attempt.number) failed" : "put off"
            return """
                <li>\(Show.clock(attempt.startedAt)) \(what): \(Show.words(attempt.failure.message)) \
                <span class="fine">\(attempt.failure.code)</span></li>
                """
        }
        let end: HTML? = last.map { "<li>attempt \($0)</li>" }
        return "<ol>\(lines)\(end)</ol>"
    }

    private func result(_ step: StepLine) -> HTML {
        let size = step.output.bytes.count
        return size <= 80
            ? "<code>\(step.output.text)</code>"
            : "<details><summary>\(size) bytes</summary>\(Show.json(step.output))</details>"
    }
}

struct RunData: Sendable {
    let run: RunDetail
    var isRevealed = false

    var html: HTML {
        let note: HTML =
            isRevealed
            ? "<p class=\"note warn\">Opened for you. That is in the audit.</p>"
            : "<p class=\"fine\">What is about a person stays sealed here.</p>"
        let output: HTML = run.output.map { Show.json($0) } ?? "<p class=\"fine\">None yet.</p>"
        return "<section><h2>Input</h2>\(note)\(Show.json(run.input))<h2>Output</h2>\(output)</section>"
    }
}

struct ChronicleTable: Sendable {
    let lines: [ChronicleLine]

    var html: HTML {
        let more: HTML? =
            lines.count == Runs.chronicleLimit
            ? "<p class=\"fine\">The latest \(Runs.chronicleLimit) events.</p>" : nil
        return DataTable(
            caption: "Everything on record, oldest first", headings: ["At", "What", "Of what", "Note"],
            rows: lines.map { line in
                [
                    Show.clock(line.at), "\(line.kind.rawValue.replacing("_", with: " "))",
                    "<code>\(line.subject)</code>", "\(line.note)",
                ]
            }
        ).html + (more ?? .empty)
    }
}

/// What the run told the outside world, as far as it announced it, and under which keys.
struct EffectTable: Sendable {
    let run: RunDetail
    let calls: [AnnouncedCall]
    let now: Date

    var html: HTML {
        let announced = Set(calls.map(\.step))
        let rows =
            calls.map { call -> [HTML] in
                [
                    "\(call.step.description)", Show.clock(call.at), "\(call.attempt)",
                    call.isSettled
                        ? Show.tag("settled", "good")
                        : "\(Show.tag("in doubt", "warn")) what the call did is not on record yet",
                    "<code>\(call.key)</code>",
                ]
            }
            + run.steps.filter { !announced.contains($0.key) && !$0.key.isWait }.map { step in
                [
                    "\(step.key.description)", Show.clock(step.startedAt), "\(step.attempt)",
                    step.hasFailed ? Show.tag("failed", "bad") : Show.tag("done", "good"),
                    "<code>\(Runs.effectKey(of: step.key, in: run.line.id))</code>",
                ]
            }
        return """
            <p class="fine">Every attempt of a step shows the outside the same key, so a call that is \
            repeated is recognised. A step that announced its call is looked up before it is repeated.</p>
            """
                + DataTable(
                    caption: "Calls and their keys",
                    headings: ["Step", "At", "Attempt", "State", "Idempotency key"], rows: rows
                ).html
    }
}

struct AuditTable: Sendable {
    let records: [AuditRecord]
    var caption = "What operators did"

    var html: HTML {
        DataTable(
            caption: caption, headings: ["Row", "At", "Who", "What", "To what", "Why", "After"],
            rows: records.map { record in
                [
                    "\(String(record.number))", Show.clock(record.at), "\(record.actor)", "\(record.verb)",
                    subject(record.subject), "\(record.reason)", "<code>\(record.after)</code>",
                ]
            }, empty: "Nobody has done anything yet."
        ).html
    }

    private func subject(_ subject: String) -> HTML {
        RunID(subject).map { Show.run($0) } ?? "\(subject)"
    }
}
