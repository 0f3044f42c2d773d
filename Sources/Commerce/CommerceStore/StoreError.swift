package import Commerce
package import Foundation
internal import Postgres

// A refusal by the database is an answer, not an accident: constraints carry meaningful names, and this is
// the one place where a name becomes a problem that pages and workflows can speak about.

package enum StoreError: Error, Sendable, Equatable {
    /// Nothing with this id is visible in this transaction; for another tenant's id the answer is the same.
    case notFound(Subject, String)
    case refused(Problem)
    case quoteExpired(at: Date)
    /// The total is another than the shopper saw: they are shown both and asked again.
    case totalChanged(seen: Money, now: Money)
    case cartEmpty
    case quantityOutOfRange(asked: Int, limit: Int)
    case tooManyLines(limit: Int)
    case currencyDiffers(expected: Currency, found: Currency)
    case notForSale(SKU)
    case notEnoughUnits(SKU, left: Int)
    /// The guard refused; nothing was written. The shopper reads the refusal's notice.
    case saleRefused(SaleRefusal, products: [ProductID])
    case noExchangeRate(from: Currency, to: Currency)
    case unsafeRole(variable: String, reason: String)
    case credentialUnreadable(UnreadableCredential)
    case unexpectedValue(column: String, value: String)
    /// The reading of a feed has ended meanwhile; whoever goes on with it must stop.
    case syncClosed(SupplierSyncID, SyncState)

    package enum Subject: String, Sendable {
        case store, user, plan, product, cart, quote, checkout, order, payment, refund, dispute
        case invoice, email, coupon
        case supplier, supplierOrder = "supplier order", credential, event
        case billingAccount = "billing account", platformIdentity = "platform identity"
        case platformInvoice = "platform invoice", statement, affiliate
        case feed, sync
        case webhookEndpoint = "webhook endpoint", webhookDelivery = "webhook delivery"
        case domain, apiKey = "API key"
        case personalDataRequest = "request about personal data"
        case withdrawal, claim
    }

    /// True when trying again with the same input cannot help. Everything here is such a case: what may
    /// pass by itself (a lost connection, a deadlock) stays a `PostgresError`.
    package var isPermanent: Bool { true }

    /// Runs `body` and names what the database refused.
    static func naming<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as PostgresError {
            guard let constraint = error.constraint, let problem = Problem(rawValue: constraint) else {
                throw error
            }
            throw StoreError.refused(problem)
        }
    }
}

/// What a constraint refuses, named after it. The raw value is the constraint's name in the database.
package enum Problem: String, Sendable, CaseIterable {
    case slugTaken = "store_slug_unique"
    case slugMalformed = "store_slug_form"
    case stripeAccountTaken = "store_stripe_account_unique"
    case currencyUnsupported = "store_currency"
    case languagesUnsupported = "store_languages"
    case hostTaken = "store_host_unique"
    case hostMalformed = "store_host_form"
    case emailTaken = "app_user_email_unique"
    case emailMalformed = "app_user_email_normalised"
    case adminTaken = "admin_email_unique"
    case oneOwnerOnly = "store_member_one_owner"
    case roomUnknown = "room_exists"
    case planUnknown = "store_plan"
    case ownerUnknown = "store_owner"
    case supplierUnknown = "product_supplier"
    case platformSupplierUnknown = "supplier_platform"
    case stockPoolNotSuppliers = "product_stock_pool"
    case supplierTwice = "supplier_platform_once"
    case productSlugTaken = "product_slug_unique"
    case productSlugMalformed = "product_slug_form"
    case skuTaken = "product_sku_unique"
    case priceNotPositive = "product_price"
    case costNegative = "product_cost"
    case pausedWithoutReason = "product_paused_says_why"
    case couponTaken = "coupon_code_unique"
    case couponUsedUp = "coupon_uses_left"
    case quantityOutOfRange = "cart_line_quantity"
    case productUnknown = "cart_line_product"
    case cartUnknown = "cart_line_cart"
    case quoteDoesNotAddUp = "quote_adds_up"
    case marginNegative = "quote_margin_not_negative"
    case totalNotPositive = "quote_total_positive"
    case quoteAlreadyUsed = "checkout_quote_once"
    case quoteUnknown = "checkout_quote"
    case orderAlreadyPlaced = "orders_checkout_once"
    case statusUnknown = "orders_status_known"
    case statusNeverLowers = "orders_status_never_lowers"
    case orderAmountsFrozen = "orders_amounts_frozen"
    case unitsNotAvailable = "reservation_units_available"
    case reservationFinal = "reservation_final"
    case supplierOrderMove = "supplier_order_move"
    case supplierOrderPlannedTwice = "supplier_order_once"
    case unitMove = "unit_move"
    case unitForwardedOnce = "unit_forwarded_once"
    case paymentAlreadyOpen = "payment_one_open_per_order"
    case paymentVersionTaken = "payment_version_once"
    case paymentIntentTaken = "payment_intent_unique"
    case paymentStatusUnknown = "payment_status_known"
    case paymentStatusNeverLowers = "payment_status_never_lowers"
    case paymentAmountsFrozen = "payment_amounts_frozen"
    case feeAboveAmount = "payment_fee"
    case refundAboveCaptured = "refund_within_captured"
    case refundFeeAboveWithheld = "refund_fee_within_withheld"
    case refundFeeDoesNotAddUp = "refund_fee_adds_up"
    case refundPaymentDiffers = "refund_payment_matches"
    case refundMove = "refund_move"
    case withdrawalFrozen = "withdrawal_frozen"
    case withdrawnTwice = "withdrawal_unit_once"
    case claimFrozen = "order_claim_frozen"
    case claimDecided = "order_claim_decided"
    case claimedTwice = "order_claim_unit_once"
    case creditedBeyondCost = "order_claim_credit_within_cost"
    case ledgerUnbalanced = "ledger_transaction_balances"
    case ledgerAppendOnly = "ledger_transaction_append_only"
    case ledgerEntryAppendOnly = "ledger_entry_append_only"
    case ledgerEntryZero = "ledger_entry_not_zero"
    case ledgerAccountMalformed = "ledger_entry_account"
    case disputeStatusUnknown = "dispute_status_known"
    case disputeStatusNeverLowers = "dispute_status_never_lowers"
    case invoiceFinal = "invoice_issued_is_final"
    case invoiceNumberTaken = "invoice_number_unique"
    case documentTooLarge = "invoice_document_size"
    case auditAppendOnly = "audit_append_only"
    case storesWithinPlan = "store_within_plan"
    case monthNotCut = "platform_month_cut_first"
    case monthNeedsRates = "platform_month_needs_rates"
    case platformInvoiceOnce = "platform_invoice_once"
    case platformInvoiceFinal = "platform_invoice_append_only"
    case planChangedElsewhere = "billing_account_home"
    case collectionFinal = "platform_collection_paid_is_final"
    case affiliateCodeTaken = "affiliate_code_unique"
    case affiliateCodeMalformed = "affiliate_code_form"
    case userStillHeld = "app_user_still_held"
    case personalDataTooLarge = "personal_data_document_size"
    case tooManyEndpoints = "webhook_endpoint_limit"
}
