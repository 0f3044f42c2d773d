// The parts of the pages about bulk actions.

import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport

/// What somebody asks for, as the form has it.
struct BulkOrder: Sendable {
    let query: RunQuery
    let verb: String
    let perSecond: Int
    private let fields: [String: String]

    static let verbs = ["retry", "resume", "rerun", "cancel", "leave", "signal"]
    private static let names = [
        "verb", "per_second", "from", "name", "payload", "reason", "confirm", "phrase",
    ]
    /// Above this many runs, their number is typed.
    static let phraseAbove = 100

    init(_ request: WebRequest, isPosted: Bool) {
        let read = { (name: String) in isPosted ? request.form[name] : request.query[name] }
        query = RunQuery(now: request.receivedAt, read)
        verb = read("verb") ?? "retry"
        perSecond = read("per_second").flatMap { Int($0) } ?? 10
        var fields: [String: String] = [:]
        for name in Self.names { fields[name] = read(name) }
        self.fields = fields
    }

    var act: AdminRole.Act { verb == "leave" ? .rewrite : .operate }

    /// Nil where a part is missing; `problems` says which.
    var action: BulkVerb? {
        switch verb {
        case "retry": .retry
        case "resume": .resume
        case "cancel": .cancel(.undo)
        case "leave": .cancel(.leave)
        case "rerun":
            (fields["from"] ?? "").isEmpty ? nil : rerun(StepKey(written: fields["from"] ?? ""))
        case "signal":
            (fields["name"] ?? "").isEmpty
                ? nil : .signal(name: fields["name"] ?? "", payload: fields["payload"] ?? "null")
        default: nil
        }
    }

    private func rerun(_ step: StepKey) -> BulkVerb { .rerun(from: step.name, item: step.item) }

    func problems(counting count: BoundedCount) -> [FieldError] {
        var problems = query.problems
        if !Self.verbs.contains(verb) { problems.append(FieldError("verb", "Choose what to do.")) }
        if verb == "rerun", action == nil { problems.append(FieldError("from", "Name the first step.")) }
        if verb == "signal", action == nil { problems.append(FieldError("name", "Name the signal.")) }
        if !Operations.bulkRateLimit.contains(perSecond) {
            problems.append(FieldError("per_second", "The pace goes from 1 to 1,000 runs a second."))
        }
        let reason = fields["reason"] ?? ""
        if reason.isEmpty || reason.count > 1_000 {
            problems.append(FieldError("reason", "Say why, in up to 1,000 characters: the audit keeps it."))
        }
        if count.atLeast == 0, query.problems.isEmpty {
            problems.append(FieldError("verb", "No run matches any more."))
        }
        let seen = fields["confirm"].flatMap { Int($0) }
        if seen == nil {
            problems.append(FieldError("confirm", "Tick the box when you have read what this does."))
        } else if let seen, seen != count.atLeast {
            problems.append(
                FieldError(
                    "confirm", "It was \(seen) runs and is \(count.atLeast) now. Look, and tick again."))
        }
        if count.atLeast > Self.phraseAbove, fields["phrase"] != "\(count.atLeast)" {
            problems.append(FieldError("phrase", "Type the number of runs, \(count.atLeast), to go on."))
        }
        return problems
    }
}

struct BulkForm: Sendable {
    let order: BulkOrder
    let count: BoundedCount
    let admin: Admin
    let request: WebRequest
    let problems: [FieldError]
    let isTwoPeople: Bool

    var html: HTML {
        let kept = order.query.words.sorted { $0.key < $1.key }.map {
            "<input type=\"hidden\" name=\"\($0.key)\" value=\"\($0.value)\">" as HTML
        }
        let words = [
            "retry": "Retry from the failed step", "resume": "Resume now", "rerun": "Do again from a step",
            "cancel": "Cancel and undo", "leave": "End where they stand, undo nothing",
            "signal": "Send a signal",
        ]
        let choices = BulkOrder.verbs.filter { $0 != "leave" || admin.role.may(.rewrite) }.map {
            ($0, words[$0] ?? $0)
        }
        let entries =
            [
                Entry("verb", "What to do", choices: choices),
                Entry("from", "First step", hint: "To do again from a step."),
                Entry("name", "Signal", hint: "To send one."), Entry("payload", "Its payload (JSON)"),
                Entry("per_second", "Runs a second", value: "10"),
                Entry("reason", "Why", hint: "Kept in the audit."),
            ] + (count.atLeast > BulkOrder.phraseAbove ? [phrase] : [])
        let two: HTML? =
            isTwoPeople
            ? """
            <p class="note warn">These runs may move money. This proposes the action; a second person with \
            the role finance or admin agrees before anything is done.</p>
            """ : nil
        return """
            <form method="post" action="/ops/bulk/order" class="panel stack">\
            \(request.tokenField)\(kept)\(two)\
            <div class="filters">\(entries.map { $0.html(request, problems) })</div>\
            <label class="check"><input type="checkbox" name="confirm" value="\(count.atLeast)"> \
            This acts on \(count.description) runs: \(order.query.filter.withoutPlace.description). \
            The outside is shown the same keys as before.</label>
            <p><button class="danger">\(isTwoPeople ? "Propose it" : "Do it")</button></p></form>
            """
    }

    private var phrase: Entry { Entry("phrase", "Type the number of runs: \(count.atLeast)") }
}

struct BulkTable: Sendable {
    let batches: [BulkOperation]
    let now: Date

    var html: HTML {
        DataTable(
            caption: "Orders", headings: ["Runs", "State", "Done", "Refused", "Who", "Why", "When"],
            rows: batches.map { batch in
                [
                    """
                    <a href="/ops/bulk/\(batch.id.uuidString.lowercased())">\(batch.filter.description)</a>
                    """, Self.state(batch), "\(batch.acted) of \(batch.counted.description)",
                    "\(batch.refused)", "\(batch.mandate.actor)", "\(batch.mandate.reason)",
                    Show.time(batch.createdAt, now),
                ]
            }, empty: "Nothing was ordered yet."
        ).html
    }

    static func state(_ batch: BulkOperation) -> HTML {
        switch batch.status {
        case .open: Show.tag("under way", "now")
        case .done: Show.tag("done", "good")
        case .aborted: Show.tag("stopped", "warn")
        }
    }
}

struct ProposalTable: Sendable {
    let proposals: [BulkProposals.Proposal]
    let admin: Admin
    let request: WebRequest

    var html: HTML {
        guard !proposals.isEmpty else { return .empty }
        return DataTable(
            caption: "Proposals that take a second person",
            headings: ["What", "Runs", "How many", "Who", "Why", "State", ""],
            rows: proposals.map { proposal in
                [
                    "\(proposal.draft.verb)", "\(proposal.draft.words)", "\(proposal.draft.counted)",
                    "\(proposal.proposer)", "\(proposal.draft.reason)", state(proposal), forms(proposal),
                ]
            }
        ).html
    }

    private func state(_ proposal: BulkProposals.Proposal) -> HTML {
        switch proposal.state {
        case .open: return Show.tag("waits for a second person", "warn")
        case .withdrawn: return "\(Show.tag("withdrawn")) by \(proposal.decider ?? "")"
        case .approved:
            guard let batch = proposal.batch?.uuidString.lowercased() else {
                return "\(Show.tag("agreed, not ordered", "bad")) propose it again"
            }
            return "<a href=\"/ops/bulk/\(batch)\">agreed</a> by \(proposal.decider ?? "")"
        }
    }

    private func forms(_ proposal: BulkProposals.Proposal) -> HTML {
        guard proposal.state == .open, admin.role.may(.moveMoney) else { return .empty }
        let own = proposal.proposedBy == admin.id
        let verbs = own ? [("withdraw", "Withdraw")] : [("agree", "Agree"), ("withdraw", "Refuse")]
        let forms = verbs.map { verb, title -> HTML in
            let id = "\(verb)-\(proposal.id.uuidString.lowercased())"
            let reason = Entry("reason", "Why", id: id)
            return """
                <form method="post" action="/ops/proposals/\(proposal.id.uuidString.lowercased())/\(verb)">\
                \(request.tokenField)\(reason.html(request, [], wasSent: false))<p><button>\(title)</button>\
                </p></form>
                """
        }
        return "\(forms)"
    }
}
