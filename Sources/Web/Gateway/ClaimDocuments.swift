// What the merchants' API says of claims.

import Commerce
import CommerceStore
import Foundation

struct ClaimDocument: Described {
    let id: String
    let order: String
    let orderNumber: Int64
    let line: String
    let sku: String
    let title: String
    let pieces: Int
    let problem: String
    let wish: String
    let description: String
    let language: String
    let reportedAt: Date
    let remedy: String?
    let reason: String?
    let decidedAt: Date?
    let sentBy: String?
    let tracking: String?
    let sentAt: Date?
    let settlement: String?
    let settledAt: Date?
    let answer: String?
    let answerNote: String?
    let answeredAt: Date?
    let credit: MoneyDocument?
    let ending: String?
    let closedAt: Date?

    init(_ listed: ListedClaim) {
        let claim = listed.claim
        id = claim.id.description
        order = claim.order.description
        orderNumber = listed.orderNumber
        line = claim.line.description
        (sku, title, pieces) = (listed.sku, listed.title, listed.pieces)
        problem = claim.problem.rawValue
        wish = claim.wish.rawValue
        description = claim.description
        language = claim.language.rawValue
        reportedAt = claim.reportedAt
        remedy = claim.remedy?.rawValue
        reason = claim.remedyReason.isEmpty ? nil : claim.remedyReason
        decidedAt = claim.decidedAt
        sentBy = claim.sentBy?.rawValue
        tracking = claim.tracking
        sentAt = claim.sentAt
        settlement = claim.settlement?.rawValue
        settledAt = claim.settledAt
        answer = claim.answer?.rawValue
        answerNote = claim.answerNote.isEmpty ? nil : claim.answerNote
        answeredAt = claim.answeredAt
        credit = claim.credit.map { MoneyDocument($0) }
        ending = claim.ending?.rawValue
        closedAt = claim.closedAt
    }

    static let schema = Schema.named(
        "Claim",
        .object([
            .required("id", .uuid), .required("order", .uuid),
            .required("order_number", .whole(1...9_000_000_000_000_000)), .required("line", .uuid),
            .required("sku", .words), .required("title", .words), .required("pieces", .whole(1...10_000)),
            .required(
                "problem", .choice(of: ClaimProblem.self),
                "`returned`: the shopper withdrew, and the supplier is asked to take it back."),
            .required("wish", .choice(of: ClaimWish.self), "What the shopper would rather have."),
            .required("description", .words, "The shopper's words."),
            .required("language", .choice(of: Language.self)), .required("reported_at", .moment),
            .optional("remedy", .choice(of: ClaimRemedy.self), "What was decided."),
            .optional("reason", .words), .optional("decided_at", .moment),
            .optional("sent_by", .choice(["merchant", "supplier"])), .optional("tracking", .words),
            .optional("sent_at", .moment),
            .optional("settlement", .choice(of: ClaimSettlement.self), "How the shopper's side ended."),
            .optional("settled_at", .moment),
            .optional("answer", .choice(of: SupplierAnswer.self), "What the supplier gave for it."),
            .optional("answer_note", .words), .optional("answered_at", .moment),
            .optional("credit", MoneyDocument.schema, "In the supplier's currency."),
            .optional("ending", .choice(of: ClaimEnd.self), "How the whole of it ended."),
            .optional("closed_at", .moment),
        ]))
}

struct ClaimList: Described {
    let claims: [ClaimDocument]
    let nextCursor: String?

    static let schema = Schema.named(
        "ClaimList",
        .object([
            .required("claims", .list(of: ClaimDocument.schema)),
            .optional("next_cursor", .text(1...PageCursor.longest), "Missing at the end of the list."),
        ]))
}
