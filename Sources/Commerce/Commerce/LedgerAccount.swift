/// An account of the ledger. The text forms are stored and never change.
///
/// Debits are positive and credits negative, so what we have and what we spent stand above zero, what we
/// owe and what we earned below.
package enum LedgerAccount: Hashable, Sendable {
    /// The platform's own balance at Stripe.
    case stripePlatform
    /// A store's balance at Stripe. It is the store's, so `merchantFunds` always stands against it.
    case stripeConnected(TenantID)
    /// The store's claim on its own balance at Stripe: the mirror of `stripeConnected`.
    case merchantFunds(TenantID)
    case supplierPayable(SupplierID)
    /// Money paid in advance to a supplier.
    case supplierWallet(SupplierID)
    /// What a merchant owes the platform.
    case merchantReceivable(TenantID)
    case revenue(Revenue)
    case expense(Expense)
    case vatPayable(CountryCode)
    case affiliatePayable(AffiliateID)
    /// Money on its way between two accounts; it comes back to zero.
    case clearing(Clearing)

    package enum Revenue: String, Sendable, Hashable, CaseIterable {
        case commission, markup, subscription, processing
    }

    package enum Expense: String, Sendable, Hashable, CaseIterable {
        case stripeFees = "stripe_fees"
        case supplierVariance = "supplier_variance"
        case disputeLoss = "dispute_loss"
        case affiliate
        case goodwill
    }

    package enum Clearing: String, Sendable, Hashable, CaseIterable {
        /// The two sides of a change of currency; valued together they show the gain or loss.
        case exchange
        /// The platform's bank account, which is reconciled elsewhere.
        case bank
        case disputes
        /// Payments that belong to no order.
        case unmatchedPayments = "unmatched_payments"
        /// Refunds that the vendor gave back to us: still owed to the shopper.
        case failedRefunds = "failed_refunds"
        /// What one store owes and the account's home store is billed for.
        case billing
    }
}

extension LedgerAccount: RawRepresentable {
    package var rawValue: String {
        switch self {
        case .stripePlatform: "stripe:platform"
        case .stripeConnected(let store): "stripe:connected:\(store)"
        case .merchantFunds(let store): "merchant_funds:\(store)"
        case .supplierPayable(let supplier): "supplier_payable:\(supplier)"
        case .supplierWallet(let supplier): "supplier_wallet:\(supplier)"
        case .merchantReceivable(let store): "merchant_receivable:\(store)"
        case .revenue(let kind): "revenue:\(kind.rawValue)"
        case .expense(let kind): "expense:\(kind.rawValue)"
        case .vatPayable(let country): "vat_payable:\(country)"
        case .affiliatePayable(let affiliate): "affiliate_payable:\(affiliate)"
        case .clearing(let kind): "clearing:\(kind.rawValue)"
        }
    }

    package init?(rawValue: String) {
        guard let colon = rawValue.lastIndex(of: ":") else { return nil }
        let family = String(rawValue[..<colon])
        let rest = String(rawValue[rawValue.index(after: colon)...])
        let account: LedgerAccount? =
            switch family {
            case "stripe": rest == "platform" ? .stripePlatform : nil
            case "stripe:connected": TenantID(text: rest).map { .stripeConnected($0) }
            case "merchant_funds": TenantID(text: rest).map { .merchantFunds($0) }
            case "supplier_payable": SupplierID(text: rest).map { .supplierPayable($0) }
            case "supplier_wallet": SupplierID(text: rest).map { .supplierWallet($0) }
            case "merchant_receivable": TenantID(text: rest).map { .merchantReceivable($0) }
            case "revenue": Revenue(rawValue: rest).map { .revenue($0) }
            case "expense": Expense(rawValue: rest).map { .expense($0) }
            case "vat_payable": CountryCode(rawValue: rest).map { .vatPayable($0) }
            case "affiliate_payable": AffiliateID(text: rest).map { .affiliatePayable($0) }
            case "clearing": Clearing(rawValue: rest).map { .clearing($0) }
            default: nil
            }
        guard let account else { return nil }
        self = account
    }
}

extension LedgerAccount: Codable, CustomStringConvertible, Comparable {
    package var description: String { rawValue }

    package static func < (left: LedgerAccount, right: LedgerAccount) -> Bool {
        left.rawValue < right.rawValue
    }
}
