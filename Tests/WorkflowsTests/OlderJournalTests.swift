import BigBuy
import CommerceStore
import Durable
import Foundation
import Logging
import Testing

@testable import Commerce
@testable import Workflows

/// Runs that began before accepted prices were collected and supplier orders were looked for before they are
/// judged again. Their records are as those versions wrote them.
@Suite("Runs that an earlier version began")
struct OlderJournalTests {
    @Test("a bill that went out without accepted prices is collected as it went out")
    func bill() async throws {
        let owed = """
            {"owed": {"_0": {"invoice": "01936D2E-0000-7000-8000-000000000001", "reference": "CFX-000001",
                "title": "CartFlux CFX-000001", "due": {"minorUnits": 2299, "currency": "EUR"},
                "issuedAt": 817000000}}}
            """

        let findings = try await findings(
            BillAccount.name, input: .encode(BillAccount.Input(month: BillingWorld.november), .input),
            [
                ("issue", "", owed), ("announce", "", "{}"), ("look", "0", #"{"isPaid": false}"#),
                ("note_failure", "0", "{}"),
            ])

        #expect(findings == [])
    }

    @Test(
        "a supplier order goes on where it stood",
        arguments: [
            [
                ("check", "1", "{}"), ("submitting", "1", "{}"),
                ("recount", "1", #"[{"sku": "S1", "quantity": 1}]"#),
                ("submit", "1", #"{"placed": {"_0": ["71"]}}"#),
                ("read_orders", "", #"{"orders": [], "cost": {"minorUnits": 1000, "currency": "EUR"}}"#),
            ],
            [("check", "1", #"{"objection": {"refused": {"_0": ["S1"]}}}"#), ("reject", "", "[]")],
        ])
    func supplierOrder(records: [(String, String, String)]) async throws {
        let brief = SupplierBrief(
            id: SupplierOrderID(), order: OrderID(), reference: BigBuyReference(rawValue: "CF-1"),
            isAutomatic: true, isPlatformCatalogue: true, snapshot: .eur(1000), shipping: .eur(0),
            lines: [BigBuyOrderLine(sku: SKU(unchecked: "S1"), quantity: 1)], costs: ["S1": .eur(1000)])
        let begun = try Payload.encode(brief, .output).text

        let findings = try await findings(
            ForwardSupplierOrder.name,
            input: .encode(ForwardSupplierOrder.Input(supplierOrder: brief.id), .input),
            [("begin", "", begun)] + records)

        #expect(findings == [])
    }

    @Test("what this version begins is handed back by workers of an earlier one, and not the other way round")
    func versions() {
        for versions in [
            BillAccount.supportedVersions, MonthlyPlatformBilling.supportedVersions,
            ForwardSupplierOrder.supportedVersions,
        ] { #expect(versions == 1...2) }
    }

    /// What would go wrong with a run of the first version that has these records: step, item and output.
    private func findings(
        _ workflow: WorkflowName, input: Payload, _ records: [(String, String, String)]
    ) async throws -> [ReplayFinding] {
        try await BillingWorld.open { world in
            var registry = WorkflowRegistry()
            world.shop.register(into: &registry)
            let run = ClaimedRun(
                id: RunID(rawValue: UUID()), epoch: 1, tenant: Tenant(TenantID()), workflow: workflow,
                version: 1, input: input, startedAt: BillingWorld.night,
                steps: records.map { step, item, output in
                    StepRecord(
                        key: StepKey(step, item: item), attempt: 1, result: .output(Payload(json: output)),
                        startedAt: BillingWorld.night)
                })
            return await ReplayCheck.findings(run, in: registry, logger: Logger(label: "older journals"))
        }
    }
}
