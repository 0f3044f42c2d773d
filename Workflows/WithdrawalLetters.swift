// The letters about a withdrawal. The first one is the law's acknowledgement: what was declared, and when, on
// something that can be kept. It goes to the address that was typed and, where that is another, to the
// order's as well, so that nobody withdraws behind the buyer's back.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials

struct WithdrawalLetters {
    private let withdrawal: Withdrawal
    private let order: Order
    private let store: Store
    private let contents: [String]
    /// Where the goods are to be sent.
    private let address: String?
    private let isReturnFree: Bool
    /// Nothing has to come back.
    private let isCanceledOnly: Bool
    private let shop: Shop
    private let tx: Transaction<OneTenant>

    init(_ withdrawal: Withdrawal, _ shop: Shop, in tx: Transaction<OneTenant>) async throws {
        self.withdrawal = withdrawal
        self.shop = shop
        self.tx = tx
        order = try await Orders().load(withdrawal.order, in: tx)
        store = try await Stores().load(in: tx)
        contents = try await Withdrawals().contents(of: withdrawal.id, in: tx)
        address = try await Identities().load(in: tx).map {
            "\($0.legalName), \($0.addressLine), \($0.postcode) \($0.city), \($0.country)"
        }
        isReturnFree = try await Identities().policy(in: tx)?.returnCost == .store
        isCanceledOnly = try await Withdrawals().unrefunded(of: withdrawal.id, in: tx).expected.isEmpty
    }

    func acknowledge() async throws {
        let words = WithdrawalWords(withdrawal.language)
        var paragraphs = [
            words.received(order.number, Self.moment(withdrawal.submittedAt)),
            "\(words.declaredBy): \(withdrawal.name), \(withdrawal.email)",
            contents.joined(separator: "\n"),
        ]
        if isCanceledOnly {
            paragraphs.append(words.nothingToSend)
        } else {
            paragraphs.append(address.map(words.sendTo) ?? words.sendUnknown)
            paragraphs.append(isReturnFree ? words.returnFree : words.returnPaid)
            paragraphs.append(words.thenRefund)
        }
        paragraphs.append("\(words.page): \(shop.orderPage(store, order.token))")
        let subject = words.receivedSubject(order.number, store.name)
        try await queue("withdrawal", to: withdrawal.email, withdrawal.language, subject, paragraphs)
        if withdrawal.email.lowercased() != order.email.rawValue.lowercased() {
            try await queue(
                "withdrawal-copy", to: order.email.rawValue, withdrawal.language, subject, paragraphs)
        }
        try await tellMerchant(0, isNew: true)
    }

    func remind(_ round: Int) async throws { try await tellMerchant(round + 1, isNew: false) }

    func tellRefunded() async throws {
        let words = WithdrawalWords(withdrawal.language)
        try await queue(
            "withdrawal-refunded", to: withdrawal.email, withdrawal.language,
            words.refundedSubject(order.number, store.name),
            [words.refunded(order.number), contents.joined(separator: "\n")])
    }

    private func tellMerchant(_ round: Int, isNew: Bool) async throws {
        let language = store.languages.first ?? .english
        let words = WithdrawalWords(language)
        try await queue(
            "withdrawal-merchant-\(round)", to: store.contactEmail, language,
            isNew ? words.merchantSubject(order.number) : words.reminderSubject(order.number),
            [
                contents.joined(separator: "\n"),
                isCanceledOnly ? words.merchantCanceled : words.merchantText,
                "\(words.refundDue): \(Self.moment(withdrawal.refundDueAt))", shop.pages.returns(store),
            ])
    }

    private func queue(
        _ kind: String, to recipient: String, _ language: Language, _ subject: String,
        _ paragraphs: [String]
    ) async throws {
        try await OrderLetter(
            store: store, order: order.id, cause: "\(kind):\(withdrawal.id)", recipient: recipient,
            language: language, subject: subject, paragraphs: paragraphs
        ).queue(shop, in: tx)
    }

    /// To the second, with the zone: the shopper may have to prove it.
    private static func moment(_ date: Date) -> String {
        date.formatted(.iso8601).replacing("T", with: " ").replacing("Z", with: " UTC")
    }
}
