import FoundationEssentials

/// An amount on an account: debit positive, credit negative.
package struct Posting: Hashable, Sendable, Codable {
    package let account: LedgerAccount
    package let amount: Money

    package init(_ account: LedgerAccount, _ amount: Money) {
        self.account = account
        self.amount = amount
    }
}

/// What a transaction was caused by. The same cause posts once, however often it is replayed.
package struct LedgerSource: Hashable, Sendable, Codable {
    /// The kind of record that caused it. Raw values are stored.
    package enum Record: String, Hashable, Sendable, Codable, CaseIterable {
        case payment
        case refund
        case supplierOrder = "supplier_order"
        case supplierCredit = "supplier_credit"
        case walletTopUp = "wallet_top_up"
        case dispute
        case goodwill
        case platformInvoice = "platform_invoice"
        case affiliateMonth = "affiliate_month"
        case affiliatePayout = "affiliate_payout"
        case payout
        case transferReversal = "transfer_reversal"
    }

    /// What happened to the record. Raw values are stored.
    package enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        case captured
        case unmatched
        case stripeFee = "stripe_fee"
        case refunded
        case feeReturned = "fee_returned"
        case failed
        case repeated
        case paid
        case credited
        case toppedUp = "topped_up"
        case opened
        case recovered
        case won
        case lost
        case given
        case issued
        case accrued
        case clawedBack = "clawed_back"
        case sent
        case reversed
        case billed
    }

    package let record: Record
    package let id: String
    package let kind: Kind

    package init(_ record: Record, _ id: String, _ kind: Kind) {
        self.record = record
        self.id = id
        self.kind = kind
    }

    package init<Subject>(_ record: Record, _ id: Identifier<Subject>, _ kind: Kind) {
        self.init(record, id.description, kind)
    }
}

/// One business event in money. It balances in every currency or it cannot be made.
///
/// Postings to the same account are added up, and what adds up to nothing is left out, so there is one
/// line per account and currency, in a stable order. The constructors for what happens in the shop are
/// beside this file; each shows its entries as a table.
package struct LedgerTransaction: Hashable, Sendable, Codable {
    package let source: LedgerSource
    package let postings: [Posting]
    package let occurredAt: Date
    package let order: OrderID?
    package let note: String

    package init(
        _ source: LedgerSource, at occurredAt: Date, order: OrderID? = nil, note: String = "",
        _ postings: [Posting]
    ) throws(CommerceError) {
        let merged = Self.merged(postings)
        guard !merged.isEmpty else { throw .emptyTransaction }
        for (currency, excess) in Self.excess(of: merged).sorted(by: { $0.key < $1.key }) where excess != 0 {
            throw .unbalanced(currency: currency, excessMinorUnits: excess)
        }
        self.source = source
        self.postings = merged
        self.occurredAt = occurredAt
        self.order = order
        self.note = note
    }

    /// What the transaction does to an account, in one currency.
    package func change(of account: LedgerAccount, in currency: Currency) -> Money {
        postings.first { $0.account == account && $0.amount.currency == currency }?.amount ?? .zero(currency)
    }

    private static func merged(_ postings: [Posting]) -> [Posting] {
        var sums: [Posting] = []
        for posting in postings {
            let place = sums.firstIndex {
                $0.account == posting.account && $0.amount.currency == posting.amount.currency
            }
            if let place {
                sums[place] = Posting(posting.account, sums[place].amount + posting.amount)
            } else {
                sums.append(posting)
            }
        }
        return sums.filter { !$0.amount.isZero }
    }

    private static func excess(of postings: [Posting]) -> [Currency: Int64] {
        postings.reduce(into: [:]) { sums, posting in
            sums[posting.amount.currency, default: 0] += posting.amount.minorUnits
        }
    }
}

/// Running balances per account and currency, derived from transactions.
package struct LedgerBalances: Sendable, Hashable {
    package private(set) var amounts: [LedgerAccount: [Currency: Int64]] = [:]
    private var sources: Set<LedgerSource> = []

    package init() {}

    /// Adds a transaction, once per source. Returns whether it was new.
    @discardableResult
    package mutating func post(_ transaction: LedgerTransaction) -> Bool {
        guard sources.insert(transaction.source).inserted else { return false }
        for posting in transaction.postings {
            amounts[posting.account, default: [:]][posting.amount.currency, default: 0] +=
                posting.amount.minorUnits
        }
        return true
    }

    package func balance(of account: LedgerAccount, in currency: Currency) -> Money {
        Money(minorUnits: amounts[account]?[currency] ?? 0, currency: currency)
    }

    /// The trial balance: nothing, in every currency.
    package var isBalanced: Bool {
        var sums: [Currency: Int64] = [:]
        for balances in amounts.values { sums.merge(balances, uniquingKeysWith: +) }
        return sums.values.allSatisfy { $0 == 0 }
    }
}
