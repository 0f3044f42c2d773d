import Testing

@testable import Workflows

/// Names are stored with every run: a change here strands runs that are alive. Adding one is safe.
@Suite("Stored names of workflows and steps")
struct StepNamesTests {
    private func names<Step: CaseIterable & RawRepresentable>(_ step: Step.Type) -> [String]
    where Step.RawValue == String {
        Step.allCases.map(\.rawValue)
    }

    @Test("workflows keep their names")
    func workflows() {
        let names = [
            CheckoutToFulfilment.name, ForwardSupplierOrder.name, FollowParcels.name, InvoiceOrder.name,
            RefundOrder.name, SendOrderEmail.name, CreditOrder.name,
        ].map(\.rawValue)
        #expect(
            names == [
                "checkout_to_fulfilment", "forward_supplier_order", "follow_parcels", "smartbill_invoice",
                "refund_order", "send_order_email", "smartbill_credit",
            ])
    }

    @Test("steps keep their names")
    func steps() {
        #expect(
            names(CheckoutToFulfilment.Step.self) == [
                "reprice", "ask_supplier", "place", "decline", "create_payment", "recall_payment",
                "abandon", "note_attempt", "cancel_payment", "expire", "stop_attending", "read_payment",
                "hold", "record_payment", "ask_supplier_again",
                "split",
                "confirm", "invoice", "forward", "follow", "refund", "refund_all", "close",
            ])
        #expect(
            names(ForwardSupplierOrder.Step.self) == [
                "begin", "check", "hold", "resume", "submitting", "submit", "read_orders", "accept", "reject",
                "give_to_merchant",
            ])
        #expect(names(FollowParcels.Step.self) == ["look", "record", "give_up"])
        #expect(
            names(InvoiceOrder.Step.self) == [
                "open", "prepare", "issue", "call_next", "keep_document", "ask_person",
            ])
        #expect(
            names(CreditOrder.Step.self) == [
                "open", "prepare", "issue", "call_next", "keep_document", "ask_person",
            ])
        #expect(
            names(RefundOrder.Step.self) == [
                "reserve", "refund", "note_refund", "release_fee", "note_fee", "read_refund", "book",
                "fail",
            ])
        #expect(
            names(SendOrderEmail.Step.self) == ["write", "send", "note_sent", "note_failed", "note_doubt"])
    }

    @Test("signals and their words keep their names")
    func signals() {
        #expect(
            PaymentSignal.Kind.allCases.map(\.rawValue) == [
                "succeeded", "attempt_failed", "requires_action", "processing", "canceled",
            ])
        #expect(SupplierReview.allCases.map(\.rawValue) == ["retry", "accept_price", "cancel"])
    }
}
