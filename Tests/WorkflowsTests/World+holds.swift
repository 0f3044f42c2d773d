import Commerce
import CommerceStore
import Durable
import DurableTesting
import Testing
import Workflows

extension World {
    /// What a supplier order that is on hold asks a person.
    func question(of order: OrderID) async throws -> SupplierHolding {
        let open = try await transaction { try await SupplierOrders().waiting(of: order, in: $0) }
        return try #require(open.first)
    }

    /// Answers it, as pages and operators do. Under a key of its own it arrives beside earlier answers.
    func answer(
        _ answer: SupplierReview.Answer, to question: SupplierHolding, once key: String? = nil
    ) throws {
        let review = SupplierReview(answer, to: question.item)
        try fleet.journal.send(
            .supplierReview, review, to: RunID(rawValue: question.run), once: key ?? review.once)
    }

    /// How many answers were left aside because their hold was over.
    func droppedAnswers(of order: Order) async throws -> Int {
        try await transaction { try await StoreOrders().annex(of: order, in: $0).acts }
            .count { $0.action == "order.hold_answer_dropped" }
    }
}
