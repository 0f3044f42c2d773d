import Foundation
import Testing
import VendorSandbox

// Everything fails at once while the shop is busy. Whatever the order of the faults: what the shop accepted
// comes to its end, and the world outside sees each effect once.

@Suite("Faults in the running shop", .serialized)  // Each test needs the whole machine.
struct OutageTests {
    private static let shoppers = 140
    private static let inFlight = 100
    private static let paidBeforeFaults = 15

    @Test("a killed worker, an empty Redis and a crashed Postgres lose no order and repeat no effect")
    func outage() async throws {
        let seed = faultSeed()
        let report = Report()
        report.note("seed \(seed); repeat with CARTFLUX_FAULT_SEED=\(seed)")
        var options = SandboxOptions()
        options.seed = seed
        try await Platform.with(options: options) { platform in
            makeVendorsUnreliable(platform)
            var strikes = Strikes(platform, report: report, seed: seed)
            try await strikes.startWorkers(2)
            report.note("platform up")

            let tokens = try await runThrough(platform, &strikes, report, seed: seed)

            let effects = Effects(platform: platform)
            try await effects.expectEveryAccepted(tokens)
            try await effects.expectOneOfEach()
        }
    }

    /// From the first basket to the last order's end. Returns what the shop told its shoppers.
    private func runThrough(
        _ platform: Platform, _ strikes: inout Strikes, _ report: Report, seed: UInt64
    ) async throws -> [String] {
        let rush = try await Rush(
            platform, shoppers: Self.shoppers, allowance: Self.paidBeforeFaults, seed: seed)
        async let ordering = rush.order()
        async let paying: Void = rush.pay()
        // None but those who may pay can be through, however fast: of all others more than a hundred stay.
        try await until("enough checkouts are in flight") {
            try await platform.books.openCheckouts() >= Self.inFlight + Self.paidBeforeFaults
        }
        try await strikes.volley(whileAtLeast: Self.inFlight)
        report.note("struck")
        rush.allowance.raise(to: Self.shoppers)
        let tokens = try await ordering
        report.note("everybody has ordered")
        try await strikes.replaceWorker()
        try await paying
        report.note("everybody has paid")
        try await platform.books.untilAllThrough(within: .seconds(180))
        let refunded = try await platform.books.refundedOrders()
        let fulfilled = try await platform.books.fulfilledOrders()
        report.note("\(fulfilled) orders fulfilled, \(refunded) refunded")
        #expect(refunded == rush.unluckyCount)
        return tokens
    }

    /// Answers get lost after the effect, webhooks come twice and out of order.
    private func makeVendorsUnreliable(_ platform: Platform) {
        func lose(_ endpoint: String, _ count: Int) -> Fault {
            Fault(endpoint, .dropAfter, count: count, probability: 0.1)
        }
        platform.stripe.workbench.inject(lose("POST /v1/payment_intents", 5))
        platform.stripe.workbench.inject(Fault("*", .duplicateWebhook, probability: 0.2))
        platform.stripe.workbench.inject(Fault("*", .shuffleWebhooks, probability: 0.2))
        platform.bigBuy.workbench.inject(lose("POST /rest/order/create/multishipping.json", 4))
        platform.smartBill.workbench.inject(lose("POST /SBORO/api/invoice", 2))
        platform.resend.workbench.inject(lose("POST /emails", 4))
    }
}

/// The seed of this run: from the environment, or a new one.
func faultSeed() -> UInt64 {
    ProcessInfo.processInfo.environment["CARTFLUX_FAULT_SEED"].flatMap { UInt64($0) }
        ?? UInt64.random(in: 1...999_999)
}
