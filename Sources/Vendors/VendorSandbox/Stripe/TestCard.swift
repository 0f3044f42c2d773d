// The cards Stripe documents for tests, by number and by payment method id. Numbers that Stripe would not
// accept in test mode are refused here too, so that nobody comes to rely on them.

/// A card and what it does when it is charged.
struct TestCard: Sendable, Equatable {
    struct Decline: Sendable, Equatable {
        let code: String
        let declineCode: String?
        let message: String
    }

    enum Outcome: Sendable, Equatable {
        case approved
        /// Approved, and the funds can be used at once.
        case available
        case declined(Decline)
        /// Needs authentication, then goes on as told.
        case challenged(then: Decline?)
        case disputed(reason: String)
        /// Approved; a refund of it succeeds first and fails later.
        case refundFails
    }

    let number: String
    let brand: String
    let country: String
    let outcome: Outcome

    var last4: String { String(number.suffix(4)) }

    /// The card behind a test payment method id such as `pm_card_visa`.
    static func paymentMethod(_ id: String) -> TestCard? { byPaymentMethod[id] }

    /// The card of a number, after the checks that Stripe makes on what was typed.
    static func typed(
        number: String, month: Int64?, year: Int64?, cvc: String?, now: Int64
    ) throws(StripeProblem) -> TestCard {
        let digits = number.filter { !$0.isWhitespace && $0 != "-" }
        guard digits.count >= 12, digits.allSatisfy(\.isASCIIDigit), isLuhn(digits) else {
            throw problem("incorrect_number", "Your card number is incorrect.", param: "number")
        }
        guard let month, (1...12).contains(month) else {
            throw problem(
                "invalid_expiry_month", "Your card's expiration month is invalid.", param: "exp_month")
        }
        let fullYear = year.map { $0 < 100 ? $0 + 2000 : $0 }
        guard let fullYear, isFuture(month: month, year: fullYear, now: now) else {
            throw problem(
                "invalid_expiry_year", "Your card's expiration year is invalid.", param: "exp_year")
        }
        if let cvc, !(3...4).contains(cvc.count) || !cvc.allSatisfy(\.isASCIIDigit) {
            throw problem("invalid_cvc", "Your card's security code is invalid.", param: "cvc")
        }
        return byNumber[digits] ?? TestCard(number: digits, "visa", "US", .declined(.notATestCard))
    }

    private init(number: String, _ brand: String, _ country: String, _ outcome: Outcome) {
        self.number = number
        self.brand = brand
        self.country = country
        self.outcome = outcome
    }

    private static func problem(_ code: String, _ message: String, param: String) -> StripeProblem {
        StripeProblem(402, kind: .card, code: code, message, param: param)
    }

    private static func isFuture(month: Int64, year: Int64, now: Int64) -> Bool {
        // Months counted from 1970, each taken as the average length: a day's error at the edge is harmless.
        let present = 1970 * 12 + now / 2_629_746
        return year * 12 + month - 1 >= present && year < 2100
    }

    private static func isLuhn(_ digits: String) -> Bool {
        let sum = digits.reversed().enumerated().reduce(0) { sum, pair in
            let digit = pair.element.wholeNumberValue ?? 0
            let doubled = pair.offset % 2 == 1 ? digit * 2 : digit
            return sum + (doubled > 9 ? doubled - 9 : doubled)
        }
        return sum % 10 == 0
    }

    private static let byNumber = Dictionary(
        table.map { ($0.card.number, $0.card) }, uniquingKeysWith: { first, _ in first })

    private static let byPaymentMethod = Dictionary(
        table.flatMap { row in row.ids.map { ($0, row.card) } }, uniquingKeysWith: { first, _ in first })

    private static func card(
        _ number: String, _ ids: [String], _ outcome: Outcome, brand: String = "visa",
        country: String = "US"
    ) -> (card: TestCard, ids: [String]) {
        (TestCard(number: number, brand, country, outcome), ids)
    }

    private static let table: [(card: TestCard, ids: [String])] = [
        card("4242424242424242", ["pm_card_visa"], .approved),
        card("5555555555554444", ["pm_card_mastercard"], .approved, brand: "mastercard"),
        card("4000056655665556", ["pm_card_visa_debit"], .approved),
        card("378282246310005", ["pm_card_amex"], .approved, brand: "amex"),
        card("4000006420000001", ["pm_card_ro"], .approved, country: "RO"),
        card("4000002760000016", ["pm_card_de"], .approved, country: "DE"),
        card("4000007240000007", ["pm_card_es"], .approved, country: "ES"),
        card("4000000000000077", ["pm_card_bypassPending"], .available),
        card(
            "4000000000000002", ["pm_card_visa_chargeDeclined", "pm_card_chargeDeclined"],
            .declined(.generic)),
        card(
            "4000000000009995",
            ["pm_card_visa_chargeDeclinedInsufficientFunds", "pm_card_chargeDeclinedInsufficientFunds"],
            .declined(.insufficientFunds)),
        card("4000000000009987", ["pm_card_visa_chargeDeclinedLostCard"], .declined(.refused("lost_card"))),
        card(
            "4000000000009979", ["pm_card_visa_chargeDeclinedStolenCard"],
            .declined(.refused("stolen_card"))),
        card(
            "4000000000006975", ["pm_card_visa_chargeDeclinedVelocityLimitExceeded"], .declined(.velocity)),
        card("4000000000000069", ["pm_card_chargeDeclinedExpiredCard"], .declined(.expired)),
        card("4000000000000127", ["pm_card_chargeDeclinedIncorrectCvc"], .declined(.incorrectCVC)),
        card("4000000000000119", ["pm_card_chargeDeclinedProcessingError"], .declined(.processingError)),
        card(
            "4100000000000019", ["pm_card_radarBlock", "pm_card_chargeDeclinedFraudulent"],
            .declined(.fraudulent)),
        card("4000000000000341", ["pm_card_chargeCustomerFail"], .declined(.generic)),
        card(
            "4000000000003220", ["pm_card_threeDSecure2Required", "pm_card_threeDSecureRequired"],
            .challenged(then: nil)),
        card("4000002760003184", ["pm_card_authenticationRequired"], .challenged(then: nil)),
        card(
            "4000008400001629", ["pm_card_threeDSecureRequiredChargeDeclined"], .challenged(then: .generic)),
        card("4000000000000259", ["pm_card_createDispute"], .disputed(reason: "fraudulent")),
        card(
            "4000000000002685", ["pm_card_createDisputeProductNotReceived"],
            .disputed(reason: "product_not_received")),
        card("4000000000005126", ["pm_card_refundFail"], .refundFails),
    ]
}

extension TestCard.Decline {
    static let generic = Self("card_declined", "generic_decline", "Your card was declined.")
    static let insufficientFunds = Self(
        "card_declined", "insufficient_funds", "Your card has insufficient funds.")
    static let velocity = Self(
        "card_declined", "card_velocity_exceeded",
        "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.")
    static let fraudulent = Self("card_declined", "fraudulent", "Your card was declined.")
    static let expired = Self("expired_card", "expired_card", "Your card has expired.")
    static let incorrectCVC = Self(
        "incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.")
    static let processingError = Self(
        "processing_error", "processing_error",
        "An error occurred while processing your card. Try again in a little bit.")
    static let authenticationRequired = Self(
        "authentication_required", "authentication_required",
        "Your card was declined. This transaction requires authentication.")
    static let notATestCard = Self(
        "card_declined", "test_mode_live_card",
        "Your card was declined. Your request was in test mode, but used a non test card.")

    static func refused(_ declineCode: String) -> Self {
        Self("card_declined", declineCode, "Your card was declined.")
    }

    private init(_ code: String, _ declineCode: String?, _ message: String) {
        self.init(code: code, declineCode: declineCode, message: message)
    }

    /// What Stripe advises the merchant to do.
    var advice: String {
        declineCode == "lost_card" || declineCode == "stolen_card" ? "do_not_try_again" : "try_again_later"
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
