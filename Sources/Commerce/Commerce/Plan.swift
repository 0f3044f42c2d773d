/// A plan's name in the table of plans.
package struct PlanID: ValidatedText {
    package static var noun: String { "plan" }
    package static let free = PlanID(unchecked: "free")
    package static let pro = PlanID(unchecked: "pro")
    package static let business = PlanID(unchecked: "business")

    package let rawValue: String

    package init(unchecked text: String) {
        rawValue = text
    }

    package static func problem(in text: String) -> String? {
        !text.isEmpty && text.count <= 32 && text.allSatisfy { $0.isLowercaseLetterOrDigit || $0 == "_" }
            ? nil : "1 to 32 small letters are needed"
    }
}

/// What a merchant has subscribed to. Its figures are data: the table of plans is the truth, and the three
/// values below are what that table is first filled with.
package struct Plan: Hashable, Sendable, Codable {
    package var id: PlanID
    package var title: String
    /// Net of VAT, per calendar month, in the platform's currency.
    package var monthlyPrice: Money
    /// How many stores one account may own; nil is unlimited.
    package var storeLimit: Int?
    package var allowsOwnSuppliers: Bool
    package var allowsCustomDomain: Bool
    package var terms: PlanTerms

    package init(
        id: PlanID, title: String, monthlyPrice: Money, storeLimit: Int?, allowsOwnSuppliers: Bool,
        allowsCustomDomain: Bool, terms: PlanTerms
    ) {
        self.id = id
        self.title = title
        self.monthlyPrice = monthlyPrice
        self.storeLimit = storeLimit
        self.allowsOwnSuppliers = allowsOwnSuppliers
        self.allowsCustomDomain = allowsCustomDomain
        self.terms = terms
    }

    package static let free = Plan(
        id: .free, title: "Free", monthlyPrice: .eur(0), storeLimit: 1, allowsOwnSuppliers: false,
        allowsCustomDomain: false, terms: PlanTerms(markupPerUnit: .eur(100), commission: .percent(5)))

    package static let pro = Plan(
        id: .pro, title: "Pro", monthlyPrice: .eur(1900), storeLimit: 3, allowsOwnSuppliers: true,
        allowsCustomDomain: false, terms: PlanTerms(markupPerUnit: .eur(50), commission: .percent(3)))

    package static let business = Plan(
        id: .business, title: "Business", monthlyPrice: .eur(4900), storeLimit: nil,
        allowsOwnSuppliers: true,
        allowsCustomDomain: true, terms: PlanTerms(markupPerUnit: .eur(0), commission: .percent(1)))

    /// What an upgrade costs for the rest of the month, net of VAT: the difference in price for the
    /// calendar days left, the day of the change included, half up. The days are counted by the caller,
    /// in the platform's zone.
    package func upgradeCharge(to other: Plan, daysLeft: Int, daysInMonth: Int) -> Money {
        precondition(
            (28...31).contains(daysInMonth) && (1...daysInMonth).contains(daysLeft), "no such month")
        let difference = other.monthlyPrice - monthlyPrice
        return difference.scaled(by: Int64(daysLeft), over: Int64(daysInMonth), rounding: .halfUp)
    }
}

/// The part of a plan that decides what is withheld from a sale. A quote keeps a copy, so that a later
/// change of plan cannot reach it.
package struct PlanTerms: Hashable, Sendable, Codable {
    /// Added to every unit from the platform's catalogue.
    package var markupPerUnit: Money
    /// Of what the shopper pays.
    package var commission: BasisPoints
    package var processingFeeBearer: ProcessingFeeBearer
    package var processing: ProcessingSchedule

    package init(
        markupPerUnit: Money, commission: BasisPoints, processingFeeBearer: ProcessingFeeBearer = .platform,
        processing: ProcessingSchedule = .standard
    ) {
        self.markupPerUnit = markupPerUnit
        self.commission = commission
        self.processingFeeBearer = processingFeeBearer
        self.processing = processing
    }

    /// The same terms with the card-processing fee borne by someone else.
    package func bearing(_ bearer: ProcessingFeeBearer) -> PlanTerms {
        var terms = self
        terms.processingFeeBearer = bearer
        return terms
    }
}

/// Who pays for card processing. Stored by its raw value.
package enum ProcessingFeeBearer: String, Codable, Hashable, Sendable {
    case platform
    case merchant
}

/// The card-processing fee passed on to a merchant: a share of the payment and a fixed part.
package struct ProcessingSchedule: Hashable, Sendable, Codable {
    package var rate: BasisPoints
    package var fixed: Money

    package init(rate: BasisPoints, fixed: Money) {
        self.rate = rate
        self.fixed = fixed
    }

    package static let standard = ProcessingSchedule(rate: BasisPoints(150), fixed: .eur(25))
}
