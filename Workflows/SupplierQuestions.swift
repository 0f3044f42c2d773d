// What a supplier's refusal means for the shop, and the question that is asked before a shopper pays.

import BigBuy
import Commerce
import CommerceStore
import Durable

/// Whether the supplier would take an order now.
enum SupplierAvailability: String, Codable, Sendable {
    case available
    case soldOut = "sold_out"
    /// At today's price the merchant would pay to sell it, or the order would be on hold at once.
    case tooDear = "too_dear"
    case undeliverable
    case unanswered
}

/// What has to be done about a refusal.
enum SupplierProblem: Sendable {
    /// These articles cannot be had, or not be brought there: they are canceled and refunded.
    case goods
    /// A person must correct the address.
    case destination
    /// The platform must fill its wallet.
    case wallet
    case passing
    /// A person must look: our set-up, or something that was never met before.
    case unclear
}

extension BigBuyRefusal {
    var problem: SupplierProblem {
        switch self {
        case .productUnknown, .outOfStock, .productsRejected, .unaccounted, .noCarrier: .goods
        case .postcode, .invalid: .destination
        case .walletTooLow: .wallet
        case .temporary: .passing
        case .underMinimum, .orderExists, .paymentMethod, .needsHuman, .severalWarehouses, .other: .unclear
        }
    }
}

extension Shop {
    /// Asks the supplier about everything of a checkout that it would send, in one question. A merchant's own
    /// suppliers cannot be asked yet.
    func availability(of checkout: CheckoutID, for tenant: Tenant) async throws -> SupplierAvailability {
        let asked = try await inStore(tenant) { tx -> (quote: Quote, request: BigBuyOrderRequest)? in
            let accepted = try await Checkouts().load(checkout, in: tx)
            let quote = try await Quotes().load(accepted.quote, in: tx)
            let lines = quote.lines.filter(\.wish.isPlatformCatalogue)
            let products = try await Products().load(lines.map(\.wish.product), in: tx)
            let references = Dictionary(products.map { ($0.id, $0.supplierReference) }) { $1 }
            let wanted = lines.compactMap { line in
                references[line.wish.product].map {
                    BigBuyOrderLine(sku: $0, quantity: line.wish.quantity.rawValue)
                }
            }
            guard !wanted.isEmpty else { return nil }
            let store = try await Stores().load(in: tx)
            let request = BigBuyOrderRequest(
                reference: BigBuyReference(rawValue: "CFX-CHECK-\(checkout)"), language: accepted.language,
                recipient: recipient(accepted.address, phone: accepted.phone, of: store), lines: wanted)
            return (quote, request)
        }
        guard let (quote, request) = asked else { return .available }
        do throws(BigBuyFailure) {
            return judge(try await bigbuy.check(request), against: quote)
        } catch {
            guard case .refused(let refusal) = error.reason, let verdict = availability(after: refusal) else {
                throw error
            }
            return verdict
        }
    }

    private func judge(_ answer: BigBuyQuote, against quote: Quote) -> SupplierAvailability {
        for group in answer.refused {
            guard let verdict = availability(after: group.refusal), verdict != .available else { continue }
            return verdict
        }
        let promised = quote.supplierGroups.filter { $0.lines[0].wish.isPlatformCatalogue }
            .map(\.snapshotCost).filter { $0.currency == .eur }.total(.eur)
        let asked = answer.groups.map(\.net).total(.eur)
        // Both are euros, so the rule finds what it needs; if it ever did not, the order itself is judged
        // again later.
        let variance = try? VarianceTolerance.standard.decide(snapshot: promised, actual: asked)
        return variance?.mayProceed == false ? .tooDear : .available
    }

    /// Nil where asking again may help. An empty wallet stops no sale: paid orders wait until it is filled.
    private func availability(after refusal: BigBuyRefusal) -> SupplierAvailability? {
        switch refusal.problem {
        case .goods: .soldOut
        case .wallet: .available
        case .passing: nil
        case .destination, .unclear: .undeliverable
        }
    }

    /// Whom the supplier sends to. It gets the store's address for mail, never the shopper's.
    func recipient(_ address: Address, phone: String, of store: Store) -> BigBuyRecipient {
        BigBuyRecipient(
            firstName: address.firstName, lastName: address.lastName, company: address.company,
            country: address.country, postcode: address.postcode, town: address.city, address: address.line,
            phone: phone, email: EmailAddress(rawValue: store.contactEmail) ?? sender)
    }
}
