// What shoppers report as damaged, wrong or missing. The merchant decides here; what the supplier gives for
// it is noted by the platform's operators, because suppliers know the platform's account alone. Goods of a
// withdrawal that were refunded can be claimed back from the supplier here too.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var claimEndpoints: [Endpoint] {
        guard let desk = claimDesk else { return [] }
        let root = "/stores/:store/claims"
        return [
            privatePage(root) { try await claimsPage($0, $1).response() },
            privateForm(root) { try await claimReturned($0, $1, desk) },
            privatePage("\(root)/:claim") { try await claimPage($0, $1, []).response() },
            privateForm("\(root)/:claim") { try await decide($0, $1, desk) },
        ]
    }

    // MARK: - The list

    private struct ClaimsView: Sendable {
        let store: Store
        let claims: [(claim: OrderClaim, number: OrderNumber, contents: String)]
        let returns: [(withdrawal: Withdrawal, number: OrderNumber, contents: [String])]
    }

    private func claimsPage(_ request: WebRequest, _ account: Account) async throws -> StorePage {
        let view = try await inStore(request, account, may: .read) { tx in
            var claims: [(claim: OrderClaim, number: OrderNumber, contents: String)] = []
            for one in try await OrderClaims().recent(in: tx) {
                let number = try await Orders().load(one.order, in: tx).number
                claims.append((one, number, try await OrderClaims().contents(of: one.id, in: tx)))
            }
            var returns: [(withdrawal: Withdrawal, number: OrderNumber, contents: [String])] = []
            for one in try await OrderClaims().unclaimedReturns(in: tx) {
                let number = try await Orders().load(one.order, in: tx).number
                returns.append((one, number, try await Withdrawals().contents(of: one.id, in: tx)))
            }
            return ClaimsView(store: try await Stores().load(in: tx), claims: claims, returns: returns)
        }
        let root = StorePlace.claims.address(in: view.store.tenant)
        return StorePage(
            request: request, account: account, store: view.store, place: .claims,
            main: "\(list(view, root))\(returned(view, request, root))")
    }

    private func list(_ view: ClaimsView, _ root: String) -> HTML {
        guard !view.claims.isEmpty else {
            return "<div class=\"empty\"><p>No shopper has reported a problem.</p></div>"
        }
        return .table(
            "Claims, those that wait for you first", ["Order", "What", "Problem", "Reported", "State"],
            view.claims.map { one in
                [
                    "<a href=\"\(link: "\(root)/\(one.claim.id)")\">\(one.number.description)</a>",
                    "\(one.contents)", "\(one.claim.problem.words)", HTML.time(one.claim.reportedAt),
                    "\(one.claim.state)",
                ]
            })
    }

    private func returned(_ view: ClaimsView, _ request: WebRequest, _ root: String) -> HTML {
        guard !view.returns.isEmpty else { return .empty }
        let rows = view.returns.map { one -> [HTML] in
            [
                "\(one.number.description)", "\(one.contents.joined(separator: ", "))",
                request.button(
                    "Ask the supplier to credit it", at: root, act: "returned",
                    hidden: [("withdrawal", one.withdrawal.id.description)]),
            ]
        }
        let table = HTML.table("Refunded, and not yet claimed", ["Order", "What", ""], rows)
        return "<h2>Returned goods</h2>\(table)"
    }

    // MARK: - One claim

    private func claimPage(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError]
    ) async throws -> StorePage {
        let id = try Self.claim(request)
        let (store, claim, number, contents) = try await inStore(request, account, may: .read) { tx in
            guard let claim = try await OrderClaims().find(id, in: tx) else { throw WebProblem(.notFound) }
            return (
                try await Stores().load(in: tx), claim, try await Orders().load(claim.order, in: tx).number,
                try await OrderClaims().contents(of: id, in: tx)
            )
        }
        let root = StorePlace.claims.address(in: store.tenant)
        return StorePage(
            request: request, account: account, store: store, place: .claims,
            title: "Claim about order \(number)",
            main: """
                <p><a href="\(link: root)">All claims</a></p>\(facts(claim, contents))\
                \(decision(claim, request, "\(root)/\(id)", problems))
                """)
    }

    private func facts(_ claim: OrderClaim, _ contents: String) -> HTML {
        let words: HTML? =
            claim.description.isEmpty ? nil : "<blockquote><p>\(claim.description)</p></blockquote>"
        let wish: HTML? =
            claim.problem == .returned ? nil : "<p>The shopper would like \(claim.wish.words).</p>"
        let parcel: HTML? = claim.tracking.map { "<p>Replacement sent in parcel \($0).</p>" }
        let note: HTML? = claim.answerNote.isEmpty ? nil : "<p>\(claim.answerNote)</p>"
        return """
            <section class="panel stack"><p><strong>\(contents)</strong>: \(claim.problem.words), reported \
            \(HTML.time(claim.reportedAt))</p>\(words)\(wish)<p role="status">\(claim.state)</p>\
            \(parcel)\(note)</section>
            """
    }

    private static let decisionFields = [
        FormField(
            "decision", "What you do",
            hint: "A refund is yours to pay at once; what the supplier credits later comes back to you.",
            choices: [
                ("", "Please choose"), ("refund", "Refund the shopper"),
                ("replacement", "Have the supplier send another one"),
                ("sent", "I have sent another one myself"), ("refused", "Refuse the claim"),
            ]),
        FormField("tracking", "Parcel number", hint: "Where you have sent another one."),
        FormField("reason", "Reason", hint: "Where you refuse: the shopper reads it.", rows: 3),
    ]

    private func decision(
        _ claim: OrderClaim, _ request: WebRequest, _ path: String, _ problems: [FieldError]
    ) -> HTML {
        guard claim.settledAt == nil, claim.sentAt == nil, claim.remedy == nil || claim.remedy == .replacement
        else {
            // The form that was sent is gone, and with it the fields to point at.
            return "\(problems.map { "<p role=\"alert\">The decision \($0.message).</p>" as HTML })"
        }
        return FormView(
            request: request, action: path, fields: Self.decisionFields,
            values: request.typed(Self.decisionFields), problems: problems, button: "Decide"
        ).html
    }

    // MARK: - Acts

    private func decide(
        _ request: WebRequest, _ account: Account, _ desk: ClaimDesk
    ) async throws -> WebResponse {
        let id = try Self.claim(request)
        let decision: ClaimDesk.Decision
        switch Self.decision(request.form) {
        case .success(let read): decision = read
        case .failure(let wrong):
            return try await claimPage(request, account, wrong.problems).response(status: 422)
        }
        let (tenant, refusal) = try await inStore(request, account, may: .change) { tx in
            let refusal = try await desk.decide(
                decision, of: id, by: "user:\(account.id)", at: request.receivedAt, in: tx)
            return (tx.tenant, refusal)
        }
        switch refusal {
        case nil: break
        case .unknown: throw WebProblem(.notFound)
        case .closed:
            let problem = FieldError("decision", "comes too late: this claim is closed")
            return try await claimPage(request, account, [problem]).response(status: 409)
        default:
            let problem = FieldError("decision", "comes too late: this claim was decided already")
            return try await claimPage(request, account, [problem]).response(status: 409)
        }
        await desk.tell(decision, of: id, in: tenant)
        return .seeOther("\(StorePlace.claims.address(in: tenant))/\(id)")
    }

    private static func decision(_ form: FormFields) -> Result<ClaimDesk.Decision, BuyerRefusal> {
        func wrong(_ field: String, _ message: String) -> Result<ClaimDesk.Decision, BuyerRefusal> {
            .failure(BuyerRefusal(problems: [FieldError(field, message)]))
        }
        switch form["decision"] ?? "" {
        case "refund": return .success(.refund)
        case "replacement": return .success(.replacement)
        case "sent":
            let tracking = form["tracking"] ?? ""
            guard (1...100).contains(tracking.count) else {
                return wrong("tracking", "is needed, up to 100 characters")
            }
            return .success(.sent(tracking: tracking))
        case "refused":
            let reason = form["reason"] ?? ""
            guard (1...500).contains(reason.count) else {
                return wrong("reason", "is needed, up to 500 characters")
            }
            return .success(.refused(because: reason))
        default: return wrong("decision", "must be chosen")
        }
    }

    private func claimReturned(
        _ request: WebRequest, _ account: Account, _ desk: ClaimDesk
    ) async throws -> WebResponse {
        guard let id = try? WithdrawalID(parsing: request.form["withdrawal"] ?? "") else {
            throw WebProblem(.notFound)
        }
        let tenant = try await inStore(request, account, may: .change) { tx in
            guard try await Withdrawals().find(id, in: tx) != nil else { throw WebProblem(.notFound) }
            _ = try await desk.claimReturned(
                id, by: "user:\(account.id)", at: request.receivedAt, in: tx)
            return tx.tenant
        }
        return .seeOther(StorePlace.claims.address(in: tenant))
    }

    private static func claim(_ request: WebRequest) throws(WebProblem) -> OrderClaimID {
        guard let id = try? OrderClaimID(parsing: request.parameter("claim")) else {
            throw WebProblem(.notFound)
        }
        return id
    }
}

extension ClaimProblem {
    fileprivate var words: String {
        switch self {
        case .damaged: "damaged"
        case .wrong: "not what was ordered"
        case .missing: "did not arrive"
        case .returned: "returned by the shopper"
        }
    }
}

extension ClaimWish {
    fileprivate var words: String { self == .refund ? "the money back" : "another one" }
}

extension OrderClaim {
    /// Both sides of it in a few words.
    fileprivate var state: String {
        let shopper =
            switch settlement {
            case .refunded: "refunded"
            case .replaced: "replaced"
            case .refused: "refused"
            case .paidByBank: "paid back by the bank"
            case nil:
                switch remedy {
                case nil: "waiting for your decision"
                case .refund: "being refunded"
                case .replacement: "waiting for the replacement"
                case .refused: "refused"
                }
            }
        return "\(shopper); \(supplierState)"
    }

    private var supplierState: String {
        switch answer {
        case .credited: "the supplier credited \(credit.map { "\($0)" } ?? "it")"
        case .replaced: "the supplier replaced it"
        case .refused: "the supplier refused it"
        case .borne: "the platform makes it good"
        case nil:
            ending == .unanswered
                ? "the supplier never answered"
                : settlement == .refused
                    ? "nothing is asked of the supplier" : "the supplier has not answered"
        }
    }
}
