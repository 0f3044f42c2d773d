// The letters about a claim: to the shopper that it came and how it ended, to the merchant whenever something
// is theirs to do or to know. Letters about money between merchant and supplier never go to the shopper.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials

struct ClaimLetters {
    private let claim: OrderClaim
    private let order: Order
    private let store: Store
    private let contents: String
    private let shop: Shop
    private let tx: Transaction<OneTenant>

    init(_ claim: OrderClaim, _ shop: Shop, in tx: Transaction<OneTenant>) async throws {
        self.claim = claim
        self.shop = shop
        self.tx = tx
        order = try await Orders().load(claim.order, in: tx)
        store = try await Stores().load(in: tx)
        contents = try await OrderClaims().contents(of: claim.id, in: tx)
    }

    /// The merchant's own claim for what came back is nothing that the shopper has to know of.
    private var isShoppers: Bool { claim.problem != .returned }

    private var merchantsLanguage: Language { store.languages.first ?? .english }

    func acknowledge() async throws {
        guard isShoppers else { return }
        let words = ClaimWords(claim.language)
        try await tellShopper(
            "claim", words.receivedSubject(order.number, store.name),
            [
                words.received(order.number), "\(contents): \(words.problem(claim.problem))",
                claim.description, words.thenAnswer,
                "\(words.page): \(shop.orderPage(store, order.token))",
            ])
        let theirs = ClaimWords(merchantsLanguage)
        try await tellMerchant(
            "new", theirs.newSubject(order.number),
            ["\(contents): \(theirs.problem(claim.problem))", claim.description, theirs.decide])
    }

    func remind(_ phase: ClaimPhase, _ round: Int) async throws {
        let words = ClaimWords(merchantsLanguage)
        try await tellMerchant(
            "\(phase.rawValue)-\(round)", words.reminderSubject(order.number), [contents, words.ask(phase)])
    }

    func tell(_ settlement: ClaimSettlement) async throws {
        guard isShoppers else { return }
        let words = ClaimWords(claim.language)
        var paragraphs = [words.settled(settlement, order.number), contents]
        switch settlement {
        case .replaced: paragraphs += claim.tracking.map { ["\(words.parcel): \($0)"] } ?? []
        case .refused: paragraphs += [claim.remedyReason, words.afterRefusal]
        case .refunded, .paidByBank: break
        }
        try await tellShopper(
            "claim-settled", words.settledSubject(order.number, store.name), paragraphs)
    }

    func tellHandedOn(_ fee: Money) async throws {
        let words = ClaimWords(merchantsLanguage)
        try await tellMerchant(
            "handed-on", words.creditSubject(order.number),
            [contents, claim.answer == .borne ? words.borne("\(fee)") : words.credited("\(fee)")])
    }

    func tellEnd(_ end: ClaimEnd) async throws {
        let words = ClaimWords(merchantsLanguage)
        guard let text = words.end(end) else { return }
        try await tellMerchant("end", words.endSubject(order.number), [contents, text, claim.answerNote])
    }

    private func tellShopper(_ kind: String, _ subject: String, _ paragraphs: [String]) async throws {
        try await queue(kind, to: order.email.rawValue, claim.language, subject, paragraphs)
    }

    private func tellMerchant(_ kind: String, _ subject: String, _ paragraphs: [String]) async throws {
        try await queue(
            "claim-merchant-\(kind)", to: store.contactEmail, merchantsLanguage, subject,
            paragraphs + [shop.pages.claims(store)])
    }

    private func queue(
        _ kind: String, to recipient: String, _ language: Language, _ subject: String,
        _ paragraphs: [String]
    ) async throws {
        try await OrderLetter(
            store: store, order: order.id, cause: "\(kind):\(claim.id)", recipient: recipient,
            language: language, subject: subject, paragraphs: paragraphs.filter { !$0.isEmpty }
        ).queue(shop, in: tx)
    }
}
