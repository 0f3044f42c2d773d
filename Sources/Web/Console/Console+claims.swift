// Claims against suppliers. No supplier takes them by program: an operator writes to the supplier, in whose
// books the platform is the customer, and notes here what it answered. A credit moves money to the merchant,
// so it takes the role that may. The answer is written in the store's name, with an entry in its audit; the
// run that carries the claim is told by the engine's own verb, which writes who did it and why. Where that
// does not reach it, the claim's row says so and it is told again.

import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport

extension Console {
    var claimEndpoints: [Endpoint] {
        [
            privatePage("/ops/claims", claimList),
            privatePage("/ops/claims/{tenant}/{claim}") { request, admin in
                try await claimPage(request, admin, []).response()
            },
            privateForm("/ops/claims/{tenant}/{claim}", may: .moveMoney, answerClaim),
        ]
    }

    private func claimList(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let lines = try await claims.open()
        let table = DataTable(
            caption: "Open claims, the oldest first",
            headings: ["Order", "Store", "What", "Problem", "Supplier", "Reported", "Merchant", "Answer"],
            rows: lines.map { line in
                [
                    "<a href=\"\(Self.path(line))\">#\(String(line.number))</a>",
                    Show.tenant(line.tenant.description, named: line.store), "\(line.contents)",
                    Show.tag(line.claim.problem.rawValue), "\(line.supplier)",
                    Show.time(line.claim.reportedAt, request.receivedAt),
                    Show.tag(line.claim.remedy?.rawValue ?? "not decided"),
                    Show.tag(line.claim.answer?.rawValue ?? "none", line.claim.answer == nil ? "warn" : ""),
                ]
            }, empty: "No claim is open.")
        return ConsolePage(
            request, title: "Claims", admin: admin, main: "<h1>Claims</h1>\(table.html)"
        ).response()
    }

    private static func path(_ line: PlatformClaims.Line) -> String {
        "/ops/claims/\(line.tenant)/\(line.claim.id)"
    }

    private func line(_ request: WebRequest) async throws -> PlatformClaims.Line {
        guard let tenant = UUID(uuidString: try request.parameter("tenant")),
            let id = UUID(uuidString: try request.parameter("claim")),
            let line = try await claims.find(OrderClaimID(rawValue: id), of: TenantID(rawValue: tenant))
        else { throw WebProblem(.notFound) }
        return line
    }

    private func claimPage(
        _ request: WebRequest, _ admin: Admin, _ problems: [FieldError]
    ) async throws -> ConsolePage {
        let line = try await line(request)
        let now = request.receivedAt
        let order = "/ops/orders/\(line.tenant)/\(line.order)"
        let facts = FactList(facts: [
            ("Order", "<a href=\"\(order)\">#\(String(line.number))</a>"),
            ("Store", Show.tenant(line.tenant.description, named: line.store)),
            ("What", "\(line.contents)"), ("Problem", Show.tag(line.claim.problem.rawValue)),
            ("Supplier", "\(line.supplier), paid \(Show.money(line.cost)) for its order"),
            ("Credited for others", Show.money(line.credited)),
            ("Our reference", "<code>\(line.reference)</code>"),
            ("Their number", "\(line.externalIDs.joined(separator: ", "))"),
            ("Reported", Show.time(line.claim.reportedAt, now)),
            ("Merchant", Show.tag(line.claim.remedy?.rawValue ?? "not decided")),
            ("Answer", Show.tag(line.claim.answer?.rawValue ?? "none")),
            ("Run", line.claim.run.map { Show.run(RunID(rawValue: $0)) } ?? .empty),
        ])
        let words: HTML? =
            line.claim.description.isEmpty
            ? nil : "<blockquote><p>\(line.claim.description)</p></blockquote>"
        return ConsolePage(
            request, title: "Claim", admin: admin,
            main: """
                <h1>Claim about order #\(String(line.number))</h1>\(facts.html)\(words)\
                \(answerForm(line, request, admin, problems))
                """)
    }

    private static let answers: [(value: String, words: String)] = [
        ("", "Choose"), (SupplierAnswer.credited.rawValue, "It credits an amount"),
        (SupplierAnswer.replaced.rawValue, "It sends another one"),
        (SupplierAnswer.refused.rawValue, "It refuses"),
        (SupplierAnswer.borne.rawValue, "It gives nothing, and the platform makes it good"),
    ]

    private func answerForm(
        _ line: PlatformClaims.Line, _ request: WebRequest, _ admin: Admin, _ problems: [FieldError]
    ) -> HTML {
        guard line.claim.answer == nil, line.claim.closedAt == nil, admin.role.may(.moveMoney) else {
            // The form that was sent is gone, and with it the fields to point at.
            return "\(problems.map { "<p role=\"alert\">\($0.message)</p>" as HTML })"
        }
        let wasSent = request.method == "POST"
        let entries = [
            Entry("answer", "What the supplier says", choices: Self.answers),
            Entry(
                "amount", "Amount in \(line.cost.currency.rawValue)",
                hint: "What was credited to the platform's account, such as 10.00."),
            Entry("tracking", "Parcel number", hint: "Of the replacement, if it is known."),
            Entry("note", "Note", hint: "The merchant reads it.", rows: 2),
            Entry("reason", "Reason", hint: "Kept in the audit."),
        ].map { $0.html(request, problems, wasSent: wasSent) }
        return """
            \(ErrorSummary.html(problems))<form method="post" action="\(Self.path(line))" \
            class="panel stack">\(request.tokenField)<h2>The supplier's answer</h2>\(entries)\
            <div><button>Note the answer</button></div></form>
            """
    }

    // MARK: - The answer

    private func answerClaim(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let line = try await line(request)
        let note = request.form["note"] ?? ""
        var problems: [FieldError] = []
        let answer = Self.answer(request.form, in: line.cost.currency, &problems)
        if note.count > 500 { problems.append(FieldError("note", "The note has up to 500 characters.")) }
        let mandate = mandate(request, admin)
        if mandate == nil {
            problems.append(FieldError("reason", "Say why, in up to 1,000 characters: the audit keeps it."))
        }
        guard let answer, let mandate, problems.isEmpty else {
            return try await claimPage(request, admin, problems).response(status: 422)
        }
        let refusal = try await write(answer, note, of: line, by: mandate, at: request.receivedAt)
        if let refusal {
            return try await claimPage(request, admin, [Self.problem(refusal, line)]).response(status: 409)
        }
        if let run = line.claim.run { await wake(RunID(rawValue: run), line.claim.id, by: mandate) }
        return .seeOther(Self.path(line))
    }

    private func wake(_ run: RunID, _ claim: OrderClaimID, by mandate: Mandate) async {
        do {
            _ = try await tools.operations.signal(
                run, "claim", Payload(json: "{}"), once: "answered:\(claim)", by: mandate)
        } catch {
            // The answer stands, and its row says that the run has not looked: it is told again. One that is
            // set aside finds it when it goes on.
        }
    }

    private func write(
        _ answer: OrderClaims.Answer, _ note: String, of line: PlatformClaims.Line, by mandate: Mandate,
        at now: Date
    ) async throws -> ClaimRefusal? {
        try await database.transaction(for: line.tenant) { tx in
            let refusal = try await OrderClaims().answer(
                answer, note: note, of: line.claim.id, by: String(mandate.actor.prefix(400)), at: now,
                in: tx)
            guard refusal == nil else { return refusal }
            try await CommerceStore.Audit().record(
                actor: mandate.actor, action: "claim.answered", target: "claim:\(line.claim.id)",
                reason: mandate.reason, in: tx)
            return nil
        }
    }

    private static func answer(
        _ form: FormFields, in currency: Currency, _ problems: inout [FieldError]
    ) -> OrderClaims.Answer? {
        switch SupplierAnswer(rawValue: form["answer"] ?? "") {
        case .credited:
            guard let amount = try? Money(exactly: form["amount"] ?? "", currency), amount.isPositive else {
                problems.append(FieldError("amount", "Type the amount, such as 10.00."))
                return nil
            }
            return .credited(amount)
        case .replaced:
            let tracking = form["tracking"] ?? ""
            guard tracking.count <= 100 else {
                problems.append(FieldError("tracking", "A parcel number has up to 100 characters."))
                return nil
            }
            return .replaced(tracking: tracking)
        case .refused: return .refused
        case .borne: return .borne
        case nil:
            problems.append(FieldError("answer", "Choose what the supplier says."))
            return nil
        }
    }

    private static func problem(_ refusal: ClaimRefusal, _ line: PlatformClaims.Line) -> FieldError {
        switch refusal {
        case .tooMuch:
            FieldError(
                "amount",
                "The supplier was paid \(line.cost) for its order, of which \(line.credited) was credited "
                    + "for other claims.")
        case .closed: FieldError("answer", "This claim is closed: nothing that is said now changes it.")
        case .unknown, .tooLate, .notThese: FieldError("answer", "This claim has an answer already.")
        }
    }
}
