// What the workflows of the shop need of the world. The executable puts it together once; tests put the same
// together around sandboxes and a clock that they turn.

import BigBuy
import Commerce
import CommerceStore
import DomainRecords
import Durable
import FoundationEssentials
import MerchantHooks
import Resend
import SmartBill
import Stripe
import SupplierFeeds
import VIES

/// Opens a merchant's account at SmartBill, from what is sealed under the kind `smartbill` (`user:token`) and
/// the company's code.
package typealias OpenSmartBill = @Sendable (_ login: String, _ company: String) -> SmartBillClient

/// The dependencies of the shop's workflows.
package struct Shop: Sendable {
    package let database: Database
    package let transactions: StoreTransactions
    /// Carries news from one run of the shop to another.
    package let signals: any SignalSender
    /// Starts runs together with the rows that are their reason.
    package let starter: any RunStarter
    /// What earlier runs have done.
    package let history: any RunHistory
    package let stripe: StripeClient
    package let bigbuy: BigBuyClient
    package let resend: ResendClient
    package let credentials: Credentials
    package let openSmartBill: OpenSmartBill
    /// An address of a verified domain; messages carry the store's name in front of it.
    package let sender: EmailAddress
    /// The address of an order's status page.
    package let orderPage: @Sendable (Store, StatusToken) -> String
    /// Where merchants find their store and its wizard.
    package let pages: MerchantPages
    /// Whether this installation works with real money.
    package let isLive: Bool
    package let clock: any DurableClock
    package let patience: Patience
    /// How each kind of supplier is read.
    package let suppliers: SupplierAdapters
    /// What is recorded of runs about people.
    package let sealedHistory: any SealedHistory
    /// What brings events to merchants' programs.
    package let hooks: HookClient
    /// What asks the DNS about stores' own domains.
    package let domains: DomainLookup
    /// What asks whether a VAT number is registered.
    package let vies: VIESClient

    package init(
        database: Database, transactions: StoreTransactions, signals: any SignalSender,
        starter: any RunStarter, history: any RunHistory,
        stripe: StripeClient, bigbuy: BigBuyClient,
        resend: ResendClient, credentials: Credentials, openSmartBill: @escaping OpenSmartBill,
        sender: EmailAddress,
        orderPage: @escaping @Sendable (Store, StatusToken) -> String, isLive: Bool,
        clock: any DurableClock = SystemClock(), patience: Patience = Patience(),
        pages: MerchantPages = MerchantPages(scheme: "https", domain: "cartflux.example"),
        suppliers: SupplierAdapters = SupplierAdapters(),
        sealedHistory: any SealedHistory = UnsealedHistory(), hooks: HookClient = HookClient(),
        domains: DomainLookup = DomainLookup(), vies: VIESClient = VIESClient()
    ) {
        self.vies = vies
        self.hooks = hooks
        self.domains = domains
        self.sealedHistory = sealedHistory
        self.suppliers = suppliers
        self.pages = pages
        self.database = database
        self.transactions = transactions
        self.signals = signals
        self.starter = starter
        self.history = history
        self.stripe = stripe
        self.bigbuy = bigbuy
        self.resend = resend
        self.credentials = credentials
        self.openSmartBill = openSmartBill
        self.sender = sender
        self.orderPage = orderPage
        self.isLive = isLive
        self.clock = clock
        self.patience = patience
    }

    /// The workflows that start by themselves, at the times that they declare.
    package static let scheduled: [any Scheduled.Type] = [
        MonthlyPlatformBilling.self, PayAffiliates.self, StartSupplierSyncs.self,
        PlatformCatalogueSync.self, ReconcileLedger.self, PurgeLapsedPapers.self,
        RecheckVATNumbers.self,
    ]

    /// Makes every workflow of the shop known to a worker.
    package func register(into registry: inout WorkflowRegistry) {
        registry.register(CheckoutToFulfilment(shop: self))
        registry.register(ForwardSupplierOrder(shop: self))
        registry.register(FollowParcels(shop: self))
        registry.register(InvoiceOrder(shop: self))
        registry.register(RefundOrder(shop: self))
        registry.register(SendOrderEmail(shop: self))
        registry.register(CreditOrder(shop: self))
        registry.register(HandleDispute(shop: self))
        registry.register(PostOutsideMoves(shop: self))
        registry.register(ReconcileLedger(shop: self))
        registry.register(SendLetter(shop: self))
        registry.register(MerchantOnboarding(shop: self))
        registry.register(MonthlyPlatformBilling(shop: self))
        registry.register(BillAccount(shop: self))
        registry.register(ChangePlan(shop: self))
        registry.register(FollowStripeBilling(shop: self))
        registry.register(PayAffiliates(shop: self))
        registry.register(PayAffiliate(shop: self))
        registry.register(SupplierSync(shop: self))
        registry.register(StartSupplierSyncs(shop: self))
        registry.register(PlatformCatalogueSync(shop: self))
        registry.register(MeetSupplierCosts(shop: self))
        registry.register(DeliverWebhooks(shop: self))
        registry.register(FollowDomain(shop: self))
        registry.register(ExportPersonalData(shop: self))
        registry.register(ErasePersonalData(shop: self))
        registry.register(PurgeLapsedPapers(shop: self))
        registry.register(WithdrawFromOrder(shop: self))
        registry.register(SettleClaim(shop: self))
        registry.register(CheckVATNumber(shop: self))
        registry.register(RecheckVATNumbers(shop: self))
    }
}

/// How long the shop waits for what.
package struct Patience: Sendable {
    /// For the shopper to pay; then the payment is cancelled.
    package var payment: Duration = .seconds(60 * 60)
    /// Between attempts to cancel a payment that the bank is still deciding.
    package var bank: Duration = .seconds(15 * 60)
    /// For a payment that arrives after its order has expired.
    package var latePayment: Duration = .seconds(7 * 86_400)
    /// Between looks at a parcel on its first day, and afterwards.
    package var parcel: Duration = .seconds(45 * 60)
    package var slowParcel: Duration = .seconds(4 * 3_600)
    /// After which a parcel that nobody reports counts as lost.
    package var lostParcel: Duration = .seconds(45 * 86_400)
    /// For the event that settles a refund, before Stripe is asked.
    package var refund: Duration = .seconds(6 * 3_600)
    /// Between looks at a dispute of which no event comes.
    package var dispute: Duration = .seconds(86_400)
    /// In which a shopper may withdraw, counted from the delivery.
    package var withdrawal: Duration = .seconds(14 * 86_400)

    package init() {}
}

extension Shop {
    /// Puts the tokens into letters.
    var secrets: LetterTokens { LetterTokens(credentials) }

    /// Reads or notes something of a store within a step that is no transaction itself. What it notes must
    /// bear repetition.
    func inStore<Value: Sendable>(
        _ tenant: Tenant, _ body: (Transaction<OneTenant>) async throws -> Value
    ) async throws -> Value {
        try await ShopRefusal.naming {
            try await database.transaction(for: TenantID(parsing: tenant.rawValue), body)
        }
    }
}

extension Flow {
    /// A `transaction` step of the run's store that only writes.
    func write(
        _ step: W.Step, for item: some CustomStringConvertible & Sendable = "", in shop: Shop,
        _ body: @Sendable @escaping (Transaction<OneTenant>) async throws -> Void
    ) async throws {
        _ = try await transaction(step, for: item, on: shop.transactions) { tx in
            try await body(tx)
            return Nothing()
        }
    }
}

extension Tenant {
    /// The engine's name for a store.
    package init(_ store: TenantID) { self.init(store.description) }
}

/// A refusal by the shop's own rules, which trying again cannot change.
struct ShopRefusal: Classified, CustomStringConvertible {
    let code: String
    let description: String
    var disposition: Disposition { .permanent }

    /// Runs `body` and tells the engine which of its errors are final.
    static func naming<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as StoreError {
            throw ShopRefusal(code: "store.\(error.word)", description: "\(error)")
        } catch let error as CommerceError {
            throw ShopRefusal(code: "rule.\(caseName(error))", description: "\(error)")
        }
    }

    fileprivate static func caseName(_ error: any Error) -> String {
        String("\(error)".prefix { $0.isLetter || $0.isNumber })
    }
}

extension StoreError {
    fileprivate var word: String {
        switch self {
        case .refused(let problem): problem.rawValue
        case .quoteExpired: "quote_expired"
        case .totalChanged: "total_changed"
        case .notForSale: "not_for_sale"
        case .notEnoughUnits: "not_enough_units"
        case .saleRefused: "sale_refused"
        default: ShopRefusal.caseName(self)
        }
    }
}
