// What may be done to a run, as forms. Only verbs that make sense for where the run stands are offered, and
// of those only what the role allows; the others say why not. Each form carries what the page showed, so
// that a verb on a run that has moved on is refused, and says what it does before it is sent.

import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport

extension Verb {
    /// What a role must allow for it.
    func act(_ how: Cancellation = .undo) -> AdminRole.Act {
        switch self {
        case .retry, .resume, .rerun, .signal: .operate
        case .cancel: how == .undo ? .operate : .rewrite
        case .skip, .edit, .fork, .export: .rewrite
        }
    }

    /// Whether the form asks for a tick beside the consequences.
    var asksTwice: Bool { self != .retry && self != .resume && self != .export }

    var title: String {
        switch self {
        case .retry: "Retry from the failed step"
        case .resume: "Resume now"
        case .rerun: "Do again from a step"
        case .fork: "Fork a new run"
        case .cancel: "Cancel"
        case .signal: "Send a signal"
        case .skip: "Skip a step"
        case .edit: "Edit the input and go on"
        case .export: "Export as JSON"
        }
    }
}

struct RunVerbForms: Sendable {
    let file: RunFile
    let admin: Admin
    let request: WebRequest
    let tried: Verb?
    let problems: [FieldError]

    private var run: RunDetail { file.detail }

    private static let order: [Verb] = [
        .retry, .resume, .rerun, .cancel, .signal, .skip, .edit, .fork, .export,
    ]

    var html: HTML {
        let status = run.line.status
        let offered = Self.order.filter { $0.refusal(in: status) == nil && admin.role.may($0.act()) }
        let refused = Self.order.filter { !offered.contains($0) }.map { verb -> HTML in
            let role = AdminRole.least(for: verb.act()).rawValue
            let why = verb.refusal(in: status) ?? "it takes the role \(role)"
            return "<li>\(verb.title): \(why)</li>"
        }
        let others: HTML? =
            refused.isEmpty
            ? nil
            : "<details><summary>Why not something else</summary><ul>\(refused)</ul></details>"
        return """
            <section aria-label="What can be done"><h2>What can be done</h2>\
            <div class="verbs">\(offered.map { form($0) })\(reveal)\(others)</div></section>
            """
    }

    private func form(_ verb: Verb) -> HTML {
        let wasTried = verb == tried
        let wrong = wasTried ? problems : []
        let fields = self.fields(verb).map { $0.html(request, wrong, wasSent: wasTried) }
        let reason = Entry("reason", "Why", hint: "Kept in the audit.", id: "\(verb.rawValue)-reason")
        let sight: HTML = """
            <input type="hidden" name="epoch" value="\(String(run.epoch))">\
            <input type="hidden" name="status" value="\(run.line.status.rawValue)">\
            <input type="hidden" name="once" value="\(UUID().uuidString.lowercased())">
            """
        let tone: HTML = verb == .cancel || verb == .skip ? " class=\"danger\"" : ""
        let open: HTML = wasTried ? " open" : ""
        return """
            <details id="verb-\(verb.rawValue)"\(open)><summary>\(verb.title)</summary>\
            <form method="post" action="/ops/runs/\(run.line.id.description)/\(verb.rawValue)" class="stack">\
            \(request.tokenField)\(sight)<p class="fine">\(consequence(verb))</p>\(fields)\
            \(reason.html(request, wrong, wasSent: wasTried))\(verb.asksTwice ? check(verb, wrong) : .empty)\
            <p><button\(tone)>\(verb.title)</button></p></form></details>
            """
    }

    private func check(_ verb: Verb, _ wrong: [FieldError]) -> HTML {
        let error: HTML? = wrong.first { $0.field == "confirm" }.map {
            "<p class=\"error\">\($0.message)</p>"
        }
        return """
            <div><label class="check"><input type="checkbox" name="confirm" value="yes"> \
            I have read what this does.</label>\(error)</div>
            """
    }

    private func consequence(_ verb: Verb) -> String {
        let key = run.line.failure?.step.map {
            " The outside sees the same key as before, cf:\(run.line.id):\($0), so what was done is known."
        }
        return switch verb {
        case .retry:
            "Goes on from \(run.line.failure?.step ?? "the failed step"); what finished keeps its result."
                + (key ?? "")
        case .resume:
            "Ends the pause before the next attempt, or gives the run to one more worker. Timers of the "
                + "workflow itself keep their time."
        case .rerun:
            "Sets this step and everything after it aside and does it again, under the same keys. What is "
                + "set aside stays readable."
        case .fork:
            "Starts a new run beside this one. Its keys are its own, so what it does happens again outside."
        case .cancel: "The run ends. With undo, what it has done is undone in reverse order first."
        case .signal: "Puts this into the run's mailbox, once."
        case .skip: "Records this as the step's result, as if it had succeeded. The step is never run."
        case .edit: "Replaces the input. Steps that finished under the old one keep their results."
        case .export: "Everything on record of this run leaves the system, which the audit keeps."
        }
    }

    private func fields(_ verb: Verb) -> [Entry] {
        switch verb {
        case .retry, .resume, .export: []
        case .rerun: [Entry("from", "First step to do again", choices: steps)]
        case .fork:
            [
                Entry(
                    "from", "First step to do anew", choices: [("", "Everything")] + steps, id: "fork-from"),
                Entry(
                    "input", "Another input (JSON)", hint: "Empty for the same one.", rows: 3,
                    id: "fork-input"),
            ]
        case .cancel:
            [
                Entry(
                    "how", "How",
                    choices: Cancellation.allCases.filter { admin.role.may(Verb.cancel.act($0)) }.map {
                        ($0.rawValue, Self.words($0))
                    })
            ]
        case .signal:
            [Entry("name", "Signal"), Entry("payload", "Payload (JSON)", rows: 3, value: "null")]
        case .skip:
            [
                Entry("step", "Step", hint: "name or name[item], as the timeline has it", value: failedStep),
                Entry("output", "Its result (JSON)", rows: 3, value: "{}"),
            ]
        case .edit:
            [
                Entry(
                    "input", "Input (JSON)",
                    hint: file.isSealed ? "What is on record is sealed: open it to copy it from there." : nil,
                    rows: 8, id: "edit-input", value: file.isSealed ? "" : run.input.text)
            ]
        }
    }

    private var failedStep: String? {
        run.line.failure?.step ?? run.openAttempts.last?.key.description ?? run.line.waitReason?.step
    }

    private var steps: [(value: String, words: String)] {
        run.steps.map { ($0.key.description, $0.key.description) }
    }

    private static func words(_ how: Cancellation) -> String {
        switch how {
        case .undo: "End the step under way, then undo"
        case .force: "Take it from its worker at once, then undo"
        case .leave: "End it where it stands; nothing is undone"
        }
    }

    /// Opening what is sealed is no verb of the engine, but it is an act.
    private var reveal: HTML {
        guard admin.role.may(.rewrite) else { return .empty }
        let reason = Entry("reason", "Why", hint: "Kept in the audit.", id: "reveal-reason")
        return """
            <details id="verb-reveal"><summary>Open what is sealed</summary>\
            <form method="post" action="/ops/runs/\(run.line.id.description)/reveal" class="stack">\
            \(request.tokenField)<p class="fine">Shows input and output with what is about a person.</p>\
            \(reason.html(request, [], wasSent: false))<p><button>Open what is sealed</button></p></form>\
            </details>
            """
    }
}
