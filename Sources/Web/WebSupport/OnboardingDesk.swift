// What the wizard's pages need of the rest of the program: the run that carries a store, the check of its
// VAT number, and the two vendors that are asked while the merchant waits. The pages write rows and tell the
// run which step it was.

import Commerce
import CommerceStore
import Foundation

package struct OnboardingDesk: Sendable {
    /// What the run is told. It reads everything else from the rows.
    package enum News: Sendable, Equatable {
        case saved(OnboardingStep)
        case publish
    }

    /// Begins the run of a store, or the one that comes after a run that has ended: once after each.
    package typealias Begin =
        @Sendable (_ owner: UserID, _ ended: UUID?, _ tx: Transaction<OneTenant>) async throws -> UUID
    /// False where the run has ended.
    package typealias Tell = @Sendable (_ news: News, _ run: UUID) async throws -> Bool
    /// Makes a link into Stripe's forms for the owner who asks now; it lives minutes and works once.
    package typealias StripeLink =
        @Sendable (_ account: String, _ refresh: String, _ back: String) async throws -> String
    /// The invoice series of a SmartBill account, or why it cannot be opened.
    package typealias SmartBillSeries =
        @Sendable (_ login: String, _ company: String) async throws -> Result<[String], SmartBillRefusal>

    package struct SmartBillRefusal: Error, Sendable {
        package let reason: String
        package init(reason: String) { self.reason = reason }
    }

    /// Has a VAT number that was just given asked about, in the transaction that writes it.
    package typealias CheckNumber =
        @Sendable (_ number: VATNumber, _ tx: Transaction<OneTenant>) async throws -> Void

    package let baseDomain: String
    package let credentials: Credentials
    package let begin: Begin
    package let tell: Tell
    package let stripeLink: StripeLink
    package let smartBillSeries: SmartBillSeries
    package let checkNumber: CheckNumber

    package init(
        baseDomain: String, credentials: Credentials, begin: @escaping Begin, tell: @escaping Tell,
        stripeLink: @escaping StripeLink, smartBillSeries: @escaping SmartBillSeries,
        checkNumber: @escaping CheckNumber
    ) {
        self.baseDomain = baseDomain
        self.credentials = credentials
        self.begin = begin
        self.tell = tell
        self.stripeLink = stripeLink
        self.smartBillSeries = smartBillSeries
        self.checkNumber = checkNumber
    }

    package func host(of slug: Slug) -> String { "\(slug).\(baseDomain)" }
}
