// What the pages about plans and papers need of the rest of the program: the run that changes a plan, and
// Stripe's own page for an invoice that is not paid. A run is started in the transaction that notes the wish;
// what became of it is asked of the run, because a plan may be larger already while a card is still missing.

import Commerce
import CommerceStore
import Foundation

package struct PlanDesk: Sendable {
    /// A merchant's wish for another plan, or for the one they have: that takes a change back.
    package struct Wish: Sendable, Equatable {
        package let plan: PlanID
        /// Where Stripe sends the merchant back to.
        package let page: String
        /// The same wish sent twice is one.
        package let once: String

        package init(plan: PlanID, page: String, once: String) {
            self.plan = plan
            self.page = page
            self.once = once
        }
    }

    /// How far a wish has come.
    package enum Progress: Sendable, Equatable {
        case underWay
        /// The account has the plan; a change that waited was taken back.
        case kept
        case upgraded
        /// A card is given on Stripe's page.
        case needsCard(page: String)
        case refused(reason: String)
        case downgraded
        case withdrawn
        /// An operator looks at it.
        case stopped
    }

    package typealias Change =
        @Sendable (_ wish: Wish, _ home: Transaction<OneTenant>) async throws -> UUID
    /// Nil for a run that is none of this account's.
    package typealias Follow = @Sendable (_ run: UUID, _ home: TenantID) async throws -> Progress?
    /// Where an invoice of Stripe's can be paid by hand; nil where it cannot, or is paid.
    package typealias PaymentPage = @Sendable (_ stripeInvoice: String) async throws -> String?

    package let change: Change
    package let follow: Follow
    package let paymentPage: PaymentPage

    package init(
        change: @escaping Change, follow: @escaping Follow, paymentPage: @escaping PaymentPage
    ) {
        self.change = change
        self.follow = follow
        self.paymentPage = paymentPage
    }
}
