// What shoppers of a store reported, for its own programs: read, and decided as on the merchant's pages. What
// a supplier answers is noted by the platform's operators, and read here.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension AccountAPI {
    var claimRoutes: [APIRoute] {
        [
            route(
                "GET", "/stores/:store/claims", .claims, .read, "listClaims",
                "What shoppers reported, and goods claimed back from suppliers, newest first", Self.pages,
                answer: ClaimList.schema, claims),
            route(
                "GET", "/stores/:store/claims/:claim", .claims, .read, "showClaim", "One claim",
                answer: ClaimDocument.schema
            ) { visit in
                let id = try Self.claimID(visit.request)
                return try await database.transaction(for: visit.tenant) { tx in
                    try .json(ClaimDocument(try await StorePages().claim(id, in: tx)))
                }
            },
            route(
                "POST", "/stores/:store/claims/:claim/decision", .claims, .change, "decideClaim",
                "Decides what the shopper gets; a run then does it",
                RequestShape(body: ClaimDecision.schema), keyUse: .required, answer: ClaimDocument.schema,
                problems: [.conflict, .invalidFields], decide),
        ]
    }

    private func claims(_ visit: StoreVisit) async throws -> WebResponse {
        let asked = try PageRequest(visit.request, of: .claims)
        let page = try await database.transaction(for: visit.tenant) {
            try await StorePages().claims(limit: asked.limit, after: asked.mark, in: $0)
        }
        return try .json(
            ClaimList(
                claims: page.elements.map(ClaimDocument.init),
                nextCursor: page.next.map { PageCursor(.claims, $0).text }))
    }

    private func decide(_ visit: StoreVisit) async throws -> WebResponse {
        let id = try Self.claimID(visit.request)
        let decision = try ClaimDecision(visit.request).decision
        let answer = try await keys.answer(
            visit.request, as: visit.principal, in: visit.tenant, .required
        ) { tx in
            let refusal = try await desk.claims.decide(
                decision, of: id, by: visit.principal, at: visit.request.receivedAt, in: tx)
            switch refusal {
            case nil: return try .json(ClaimDocument(try await StorePages().claim(id, in: tx)))
            case .unknown: throw Self.noClaim
            case .closed: throw WebProblem(.conflict, "this claim is closed")
            case .tooLate, .notThese, .tooMuch:
                throw WebProblem(.conflict, "this claim was decided already")
            }
        }
        await desk.claims.tell(decision, of: id, in: visit.tenant)
        return answer
    }

    private static var noClaim: WebProblem { WebProblem(.notFound, "there is no such claim") }

    private static func claimID(_ request: WebRequest) throws -> OrderClaimID {
        guard let id = try? OrderClaimID(parsing: request.parameter("claim")) else { throw noClaim }
        return id
    }
}

/// The body of a decision; its schema has been checked.
private struct ClaimDecision {
    private enum Word: String, CaseIterable { case refund, replacement, sent, refused }

    let decision: ClaimDesk.Decision

    static let schema = Schema.named(
        "ClaimDecision",
        .object([
            .required(
                "decision", .choice(of: Word.self),
                "`replacement`: the supplier is to send another one; `sent`: you have sent one yourself."),
            .optional("tracking", .text(1...100), "Its parcel number, with `sent`."),
            .optional("reason", .text(1...500), "With `refused`: the shopper reads it."),
        ]))

    init(_ request: WebRequest) throws {
        var fields = try JSONFields(body: request.body)
        let word = Word(rawValue: fields.text("decision"))
        let tracking = fields.optionalText("tracking", limit: 100)
        let reason = fields.optionalText("reason", limit: 500)
        if word == nil { fields.refuse("decision", "is not known") }
        if word == .sent, tracking == nil { fields.refuse("tracking", "is needed where one was sent") }
        if word == .refused, reason == nil { fields.refuse("reason", "is needed where it is refused") }
        try fields.finish()
        decision =
            switch word {
            case .refund, nil: .refund
            case .replacement: .replacement
            case .sent: .sent(tracking: tracking ?? "")
            case .refused: .refused(because: reason ?? "")
            }
    }
}
