/// The steps of the wizard, in the order in which they are offered. The raw value is stored.
package enum OnboardingStep: String, Codable, Hashable, Sendable, CaseIterable {
    case store, business, catalogue, theme, payments, invoicing, policies, publish

    /// What may be left for later without keeping the store closed.
    package var canBeSkipped: Bool { self == .theme || self == .invoicing }

    package var next: OnboardingStep? {
        Self.allCases.firstIndex(of: self).flatMap { place in
            place + 1 < Self.allCases.count ? Self.allCases[place + 1] : nil
        }
    }
}

/// What a store lacks before it may be published; empty when it may.
package struct PublishChecklist: Sendable, Hashable {
    package enum Lack: Hashable, Sendable {
        case businessIdentity
        case policies
        /// So many of the pages that the law wants are missing, in the store's languages.
        case legalPages(Int)
        /// No product on the shelf can be sold without a loss.
        case sellableProduct
        /// These products have no product-safety data, by their SKU.
        case safetyData([String])
        /// Stripe has not enabled the account, for want of these; the store can open without checkout.
        case payments(missing: [String])
    }

    package let lacks: [Lack]
    /// The store opens as a catalogue, and says that nothing can be ordered yet.
    package let opensWithoutCheckout: Bool

    package var mayPublish: Bool { lacks.isEmpty }

    package init(lacks: [Lack], opensWithoutCheckout: Bool) {
        self.lacks = lacks
        self.opensWithoutCheckout = opensWithoutCheckout
    }
}

extension PublishChecklist.Lack: CustomStringConvertible {
    package var description: String {
        switch self {
        case .businessIdentity: "the business identity is not complete"
        case .policies: "the delivery and return policies are not set"
        case .legalPages(let count): "\(count) legal page\(count == 1 ? " is" : "s are") missing"
        case .sellableProduct: "no product can be sold without a loss; add one or raise a price"
        case .safetyData(let skus):
            "product-safety data is missing for \(skus.prefix(5).joined(separator: ", "))"
                + (skus.count > 5 ? " and \(skus.count - 5) more" : "")
        case .payments(let missing):
            missing.isEmpty
                ? "Stripe has not enabled the account yet"
                : "Stripe still asks for \(missing.prefix(5).joined(separator: ", "))"
        }
    }

    /// Where in the wizard it is mended.
    package var step: OnboardingStep {
        switch self {
        case .businessIdentity, .legalPages: .business
        case .policies: .policies
        case .sellableProduct, .safetyData: .catalogue
        case .payments: .payments
        }
    }
}
