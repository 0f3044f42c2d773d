import Commerce
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
            RefundOrder.name, SendOrderEmail.name, CreditOrder.name, HandleDispute.name,
            PostOutsideMoves.name,
            ReconcileLedger.name,
        ].map(\.rawValue)
        #expect(
            names == [
                "checkout_to_fulfilment", "forward_supplier_order", "follow_parcels", "smartbill_invoice",
                "refund_order", "send_order_email", "smartbill_credit", "handle_dispute",
                "post_outside_moves", "reconcile_ledger",
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
                "begin", "check", "hold", "pass_over", "resume", "submitting", "recount", "submit",
                "read_orders", "accept", "reject", "give_to_merchant",
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
            names(HandleDispute.Step.self) == [
                "attend", "read", "note", "recover", "book_recovery", "weigh", "recall", "assemble", "submit",
                "note_submitted", "give_back", "close",
            ])
        #expect(names(ReconcileLedger.Step.self) == ["compare", "keep", "ask", "resolve"])
        #expect(names(PostOutsideMoves.Step.self) == ["read", "post", "ask_person"])
        #expect(
            names(SendOrderEmail.Step.self) == ["write", "send", "note_sent", "note_failed", "note_doubt"])
    }

    @Test("the withdrawal keeps the names of itself and of its steps")
    func withdrawal() {
        #expect(WithdrawFromOrder.name.rawValue == "withdraw_from_order")
        #expect(
            names(WithdrawFromOrder.Step.self) == ["acknowledge", "look", "remind", "refund", "close"])
    }

    @Test("the claim keeps the names of itself and of its steps")
    func claim() {
        #expect(SettleClaim.name.rawValue == "settle_claim")
        #expect(
            names(SettleClaim.Step.self) == [
                "acknowledge", "look", "remind", "refund", "settle", "reserve_credit", "return_fee",
                "book_credit", "close",
            ])
    }

    @Test("the supplier workflows keep the names of themselves and of their steps")
    func suppliers() {
        let workflows = [
            SupplierSync.name, StartSupplierSyncs.name, PlatformCatalogueSync.name, MeetSupplierCosts.name,
        ].map(\.rawValue)
        #expect(
            workflows == [
                "supplier_sync", "start_supplier_syncs", "platform_catalogue_sync", "meet_supplier_costs",
            ])
        #expect(
            names(SupplierSync.Step.self) == ["open", "fetch", "page", "retire", "reprice", "close"])
        #expect(names(StartSupplierSyncs.Step.self) == ["find", "start"])
        #expect(
            names(PlatformCatalogueSync.Step.self) == [
                "open", "roots", "pull", "choose", "ask", "settle", "unfold", "retire", "tell", "close",
            ])
        #expect(names(MeetSupplierCosts.Step.self) == ["reprice", "safety", "tell"])
    }

    @Test("the merchants' workflows keep their names")
    func merchants() {
        #expect(MerchantOnboarding.name.rawValue == "merchant_onboarding")
        #expect(SendLetter.name.rawValue == "send_letter")
        #expect(
            names(MerchantOnboarding.Step.self) == [
                "begin", "look", "open_account", "keep_account", "note_refusal", "read_account",
                "record_account", "remind", "publish",
            ])
        #expect(names(SendLetter.Step.self) == ["send", "note_sent", "note_failed"])
        #expect(OnboardingSignal.Kind.allCases.map(\.rawValue) == ["saved", "account", "publish"])
    }

    @Test("the workflows about personal data keep their names")
    func personalData() {
        let workflows = [ExportPersonalData.name, ErasePersonalData.name, PurgeLapsedPapers.name]
        #expect(
            workflows.map(\.rawValue) == [
                "export_personal_data", "erase_personal_data", "purge_lapsed_papers",
            ])
        #expect(names(ExportPersonalData.Step.self) == ["gather", "expire"])
        #expect(names(ErasePersonalData.Step.self) == ["erase", "forget", "tell", "close"])
        #expect(names(PurgeLapsedPapers.Step.self) == ["purge"])
    }

    @Test("the workflows for merchants' programs keep their names")
    func programs() {
        #expect(DeliverWebhooks.name.rawValue == "deliver_webhooks")
        #expect(names(DeliverWebhooks.Step.self) == ["take", "send", "note", "hand_over"])
        #expect(FollowDomain.name.rawValue == "custom_domain")
        #expect(names(FollowDomain.Step.self) == ["read", "look", "record", "carry_on"])
    }

    @Test("signals and their words keep their names")
    func signals() {
        #expect(
            PaymentSignal.Kind.allCases.map(\.rawValue) == [
                "succeeded", "attempt_failed", "requires_action", "processing", "canceled",
            ])
        #expect(SupplierReview.Word.allCases.map(\.rawValue) == ["retry", "accept_price", "cancel"])
    }
}
