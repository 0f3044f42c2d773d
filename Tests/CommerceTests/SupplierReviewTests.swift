import Foundation
import Testing

@testable import Commerce

@Suite("Answers to a supplier order that is on hold")
struct SupplierReviewTests {
    private let hold = AttentionItemID()

    private func read(_ json: String) throws -> SupplierReview {
        try JSONDecoder().decode(SupplierReview.self, from: Data(json.utf8))
    }

    @Test("an answer keeps the name of its hold and its limit on the way")
    func whole() throws {
        for answer in [SupplierReview.Answer.retry, .cancel, .acceptPrice(upTo: .eur(1_250))] {
            let review = SupplierReview(answer, to: hold)
            let sent = try JSONEncoder().encode(review)
            #expect(try JSONDecoder().decode(SupplierReview.self, from: sent) == review)
        }
        let typed = try read(
            #"{"hold": "\#(hold)", "answer": "accept_price", "limit_minor": 1250, "currency": "EUR"}"#)
        #expect(typed == SupplierReview(.acceptPrice(upTo: .eur(1_250)), to: hold))
    }

    @Test(
        "an answer without its hold, or not whole, is an answer to nothing",
        arguments: [
            #""cancel""#, #""accept_price""#, #""retry""#, "7", "{}", #"{"answer": "cancel"}"#,
            #"{"answer": "accept_price", "limit_minor": 1250, "currency": "EUR"}"#,
        ])
    func unnamed(json: String) throws {
        #expect(try read(json).hold == nil)
    }

    @Test(
        "no price is accepted without a limit",
        arguments: ["", #", "limit_minor": 0, "currency": "EUR""#, #", "limit_minor": 1250"#])
    func unlimited(limit: String) throws {
        let review = try read(#"{"hold": "\#(hold)", "answer": "accept_price"\#(limit)}"#)

        #expect(review.hold == nil && review.answer == .retry)
    }
}
