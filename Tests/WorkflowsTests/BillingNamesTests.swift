import Testing

@testable import Workflows

/// Names are stored with every run: a change here strands runs that are alive. Adding one is safe.
@Suite("Stored names of the platform's billing")
struct BillingNamesTests {
    private func names<Step: CaseIterable & RawRepresentable>(_ step: Step.Type) -> [String]
    where Step.RawValue == String {
        Step.allCases.map(\.rawValue)
    }

    @Test("workflows and steps keep their names")
    func billing() {
        #expect(MonthlyPlatformBilling.name.rawValue == "monthly_platform_billing")
        #expect(names(MonthlyPlatformBilling.Step.self) == ["plan", "cut", "close", "fan_out"])
        #expect(BillAccount.name.rawValue == "bill_account")
        #expect(
            names(BillAccount.Step.self) == [
                "issue", "move_debts", "announce", "look", "draft", "note_draft", "add_item", "finalize",
                "pay",
                "note_paid", "note_failure", "read_invoice", "give_up", "cancel_subscription",
            ])
        #expect(ChangePlan.name.rawValue == "change_plan")
        #expect(
            names(ChangePlan.Step.self) == [
                "decide", "customer", "note_customer", "card", "price", "open_checkout", "subscribe",
                "upgrade", "recheck", "note_refusal", "downgrade", "restore", "note_restored",
            ])
        #expect(FollowStripeBilling.name.rawValue == "follow_stripe_billing")
        #expect(names(FollowStripeBilling.Step.self) == ["look", "read", "apply", "cancel_surplus"])
        #expect(PayAffiliates.name.rawValue == "pay_affiliates")
        #expect(PayAffiliate.name.rawValue == "pay_affiliate")
        #expect(names(PayAffiliate.Step.self) == ["reserve", "transfer", "settle", "release"])
        #expect(CheckVATNumber.name.rawValue == "check_vat_number")
        #expect(names(CheckVATNumber.Step.self) == ["read", "ask", "record"])
        #expect(RecheckVATNumbers.name.rawValue == "recheck_vat_numbers")
        #expect(names(RecheckVATNumbers.Step.self) == ["start"])
    }
}
