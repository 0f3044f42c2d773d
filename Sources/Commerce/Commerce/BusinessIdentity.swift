/// Who the trader behind a store is: what the law wants on the imprint, in the terms and on invoices.
package struct BusinessIdentity: Sendable, Hashable {
    package let legalName: String
    package let country: CountryCode
    /// Nil for a merchant who is not registered for VAT.
    package let vatNumber: VATNumber?
    /// In the trade register, where there is one.
    package let registration: String?
    package let addressLine: String
    package let postcode: String
    package let city: String
    package let phone: String
    package let email: EmailAddress

    package init(
        legalName: String, country: CountryCode, vatNumber: VATNumber?, registration: String?,
        addressLine: String, postcode: String, city: String, phone: String, email: EmailAddress
    ) {
        self.legalName = legalName
        self.country = country
        self.vatNumber = vatNumber
        self.registration = registration
        self.addressLine = addressLine
        self.postcode = postcode
        self.city = city
        self.phone = phone
        self.email = email
    }
}

/// What a store promises about delivery and returns, within what the law demands.
package struct StorePolicy: Sendable, Hashable {
    /// The law gives shoppers fourteen days at least; nobody needs more than ninety.
    package static let withdrawalRange = 14...90
    /// The law gives traders thirty days at most.
    package static let deliveryLimit = 30

    package enum ReturnCost: String, Sendable, CaseIterable { case shopper, store }

    package let deliveryDays: ClosedRange<Int>
    package let withdrawalDays: Int
    package let returnCost: ReturnCost

    /// Nil for what the law does not allow.
    package init?(deliveryFrom: Int, to: Int, withdrawalDays: Int, returnCost: ReturnCost) {
        guard deliveryFrom >= 0, deliveryFrom <= to, to <= Self.deliveryLimit,
            Self.withdrawalRange.contains(withdrawalDays)
        else { return nil }
        deliveryDays = deliveryFrom...to
        self.withdrawalDays = withdrawalDays
        self.returnCost = returnCost
    }

    private init(deliveryDays: ClosedRange<Int>, withdrawalDays: Int, returnCost: ReturnCost) {
        self.deliveryDays = deliveryDays
        self.withdrawalDays = withdrawalDays
        self.returnCost = returnCost
    }

    package static let standard = StorePolicy(
        deliveryDays: 2...7, withdrawalDays: 14, returnCost: .shopper)
}
