// One verb over many runs: first what it would do to how many, with a few of them to look at, then the order.
// The filter is evaluated anew when the order is given; where it means other runs than the page showed, the
// page says so and asks again. What may move money takes two people: one proposes, another agrees. The work
// is done by the processes of scheduled duties, at the order's pace, and can be stopped before its next run.

import CommerceStore
import Durable
import Fleet
import Foundation
import Postgres
import WebSupport

extension Console {
    var bulkEndpoints: [Endpoint] {
        [
            privatePage("/ops/bulk") { request, admin in try await bulkList(request, admin, []).response() },
            privatePage("/ops/bulk/order") { request, admin in
                guard admin.role.may(.operate) else { return refused(request, admin, .operate) }
                return try await orderPage(BulkOrder(request, isPosted: false), request, admin, []).response()
            },
            privateForm("/ops/bulk/order", may: .operate, placeOrder),
            privatePage("/ops/bulk/{batch}") { request, admin in
                try await bulkPage(request, admin, []).response()
            },
            privateForm("/ops/bulk/{batch}/abort", may: .operate, abort),
            privateForm("/ops/proposals/{proposal}/{verb}", may: .moveMoney, decide),
        ]
    }

    // MARK: Lists

    private func bulkList(
        _ request: WebRequest, _ admin: Admin, _ problems: [FieldError]
    ) async throws -> ConsolePage {
        let now = request.receivedAt
        let proposals = try await proposals.recent()
        let batches = try await tools.operations.bulks()
        return ConsolePage(
            request, title: "Bulk", admin: admin,
            main: """
                <h1>Bulk actions</h1><p class="lead">Begin with a list of runs: filter it, then act on all \
                of them.</p>\(ErrorSummary.html(problems))\
                \(ProposalTable(proposals: proposals, admin: admin, request: request).html)\
                \(BulkTable(batches: batches, now: now).html)
                """)
    }

    private func bulkPage(
        _ request: WebRequest, _ admin: Admin, _ problems: [FieldError]
    ) async throws -> ConsolePage {
        let batch = try await batch(request)
        let now = request.receivedAt
        let facts = FactList(facts: [
            ("State", BulkTable.state(batch)),
            ("Done", "\(batch.acted) of about \(batch.counted.description)"),
            ("Refused", "\(batch.refused)"), ("Pace", "\(batch.perSecond) runs a second"),
            ("Ordered by", "\(batch.mandate.actor)"), ("Why", "\(batch.mandate.reason)"),
            ("Ordered", Show.time(batch.createdAt, now)), ("Runs", "\(batch.filter.description)"),
        ])
        let note: HTML? = batch.lastNote.map { "<p class=\"fine\">Last refusal: \($0)</p>" }
        let reason = Entry("reason", "Why", hint: "Kept in the audit.")
        let abort: HTML? =
            batch.status == .open && admin.role.may(.operate)
            ? """
            <form method="post" action="/ops/bulk/\(batch.id.uuidString.lowercased())/abort" \
            class="panel stack narrow">\(request.tokenField)<p class="fine">Stops before the next run. What \
            was done stays done.</p>\(reason.html(request, problems))\
            <p><button class="danger">Stop it</button></p></form>
            """ : nil
        let part = LivePart(
            "progress",
            """
            \(facts.html)<p><progress aria-label="Done" max="\(max(1, batch.counted.atLeast))" \
            value="\(batch.acted + batch.refused)"></progress></p>\(note)\(abort)
            """)
        var page = ConsolePage(
            request, title: "Bulk action", admin: admin,
            main: "<h1>Bulk action</h1>\(ErrorSummary.html(problems))\(part.html)")
        page.live = LivePage([.fleet], pollSeconds: 3, isOver: batch.status != .open, [part])
        if batch.status == .open { page.refreshSeconds = 3 }
        return page
    }

    private func batch(_ request: WebRequest) async throws -> BulkOperation {
        guard let id = UUID(uuidString: try request.parameter("batch")) else { throw WebProblem(.notFound) }
        do {
            return try await tools.operations.bulk(id)
        } catch OperationError.noSuchBatch {
            throw WebProblem(.notFound)
        }
    }

    private func abort(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        guard let mandate = mandate(request, admin) else {
            let problem = FieldError("reason", "Say why, in up to 1,000 characters: the audit keeps it.")
            return try await bulkPage(request, admin, [problem]).response(status: 422)
        }
        let batch = try await batch(request)
        _ = try await tools.operations.abort(batch.id, by: mandate)
        return .seeOther("/ops/bulk/\(batch.id.uuidString.lowercased())")
    }

    // MARK: Preview and order

    private func orderPage(
        _ order: BulkOrder, _ request: WebRequest, _ admin: Admin, _ problems: [FieldError]
    ) async throws -> ConsolePage {
        var sample = order.query.filter.withoutPlace
        sample.limit = 5
        let isReadable = order.query.problems.isEmpty
        let count = isReadable ? try await tools.runs.count(sample) : BoundedCount(atLeast: 0)
        let lines = isReadable ? try await tools.runs.list(sample) : []
        let form = BulkForm(
            order: order, count: count, admin: admin, request: request,
            problems: order.query.problems + problems, isTwoPeople: movesMoney(order.query.filter))
        return ConsolePage(
            request, title: "Act on many runs", admin: admin,
            main: """
                <h1>Act on \(count.description) runs</h1>
                <p class="lead">\(sample.description)</p>\
                \(ErrorSummary.html(order.query.problems + problems))\
                \(RunTable(caption: "For instance", lines: lines, now: request.receivedAt).html)\(form.html)
                """)
    }

    /// A filter that names no workflow may mean any of them.
    private func movesMoney(_ filter: RunFilter) -> Bool {
        filter.workflow.map { !tools.harmless.contains($0) } ?? true
    }

    private func placeOrder(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let order = BulkOrder(request, isPosted: true)
        let filter = order.query.filter.withoutPlace
        let isTwoPeople = movesMoney(filter)
        let needed = isTwoPeople ? AdminRole.Act.moveMoney : order.act
        guard admin.role.may(needed) else { return refused(request, admin, needed) }
        guard admin.role.may(order.act) else { return refused(request, admin, order.act) }
        let count =
            order.query.problems.isEmpty ? try await tools.runs.count(filter) : BoundedCount(atLeast: 0)
        let problems = order.problems(counting: count)
        guard problems.isEmpty, let action = order.action, let mandate = mandate(request, admin) else {
            return try await orderPage(order, request, admin, problems).response(status: 422)
        }
        guard isTwoPeople else {
            let batch: BulkOperation
            do {
                batch = try await tools.operations.order(
                    action, on: filter, perSecond: order.perSecond, by: mandate)
            } catch let error as OperationError {
                return try await orderPage(order, request, admin, [FieldError("payload", "\(error)")])
                    .response(status: 422)
            }
            return .seeOther("/ops/bulk/\(batch.id.uuidString.lowercased())")
        }
        let proposal = try await proposals.propose(
            BulkProposals.Draft(
                verb: order.verb, action: try JSONB(encoding: action), filter: try JSONB(encoding: filter),
                words: filter.description, reason: mandate.reason, perSecond: order.perSecond,
                counted: count.atLeast), by: admin.id, at: request.receivedAt)
        try await note(
            "bulk.propose", proposal, by: mandate,
            ["verb": order.verb, "filter": filter.description, "runs": count.description])
        return .seeOther("/ops/bulk")
    }

    /// Proposals are rows of the shop; the engine's audit has who made and decided them too.
    private func note(
        _ verb: String, _ proposal: UUID, by mandate: Mandate, _ facts: [String: String] = [:]
    ) async throws {
        let entry = AuditEntry(verb, on: proposal.uuidString.lowercased(), by: mandate, after: facts)
        try await record(entry)
    }

    // MARK: Two people

    private func decide(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        guard let id = UUID(uuidString: try request.parameter("proposal")),
            let proposal = try await proposals.find(id)
        else { throw WebProblem(.notFound) }
        guard let mandate = mandate(request, admin) else {
            let problem = FieldError("reason", "Say why, in up to 1,000 characters: the audit keeps it.")
            return try await bulkList(request, admin, [problem]).response(status: 422)
        }
        switch try request.parameter("verb") {
        case "withdraw":
            let isDone = try await proposals.decide(id, .withdrawn, by: admin.id, at: request.receivedAt)
            if isDone { try await note("bulk.withdraw", id, by: mandate) }
            return .seeOther("/ops/bulk")
        case "agree": return try await agree(to: proposal, mandate, request, admin)
        default: throw WebProblem(.notFound)
        }
    }

    private func agree(
        to proposal: BulkProposals.Proposal, _ mandate: Mandate, _ request: WebRequest, _ admin: Admin
    ) async throws -> WebResponse {
        let isAgreed = try await proposals.decide(
            proposal.id, .approved, by: admin.id, at: request.receivedAt)
        guard isAgreed else {
            let why =
                proposal.proposedBy == admin.id
                ? "It takes a second person: you proposed it yourself." : "It is decided already."
            return try await bulkList(request, admin, [FieldError("proposal", why)]).response(status: 409)
        }
        let draft = proposal.draft
        let both = "\(draft.reason) (proposed by \(proposal.proposer); agreed: \(mandate.reason))"
        // Both reasons are bounded, and the two together may not be: the end gives way.
        let batch = try await tools.operations.order(
            try draft.action.decode(BulkVerb.self), on: try draft.filter.decode(RunFilter.self),
            perSecond: draft.perSecond,
            by: try Mandate(actor: mandate.actor, reason: String(both.prefix(1_000))))
        try await proposals.note(batch.id, for: proposal.id)
        return .seeOther("/ops/bulk/\(batch.id.uuidString.lowercased())")
    }
}
