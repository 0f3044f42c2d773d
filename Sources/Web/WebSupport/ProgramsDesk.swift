// What the API for merchants' programs needs of the rest of the program.

import Commerce
import CommerceStore
import Foundation

package struct ProgramsDesk: Sendable {
    /// Money that a merchant gives back.
    package struct RefundWish: Sendable {
        package let order: OrderID
        package let payment: PaymentID
        package let cause: RefundCause
        /// Nil for all that is left of the payment.
        package let units: [UnitID]?

        package init(order: OrderID, payment: PaymentID, cause: RefundCause, units: [UnitID]?) {
            self.order = order
            self.payment = payment
            self.cause = cause
            self.units = units
        }
    }

    /// Starts the run of a refund, in the transaction that keeps what was answered.
    package typealias Refund =
        @Sendable (_ wish: RefundWish, _ tx: Transaction<OneTenant>) async throws -> Void

    package let credentials: Credentials
    /// For demos and tests, whose receivers live on this machine.
    package let mayReachPrivateHosts: Bool
    package let refund: Refund
    package let claims: ClaimDesk

    package init(
        credentials: Credentials, mayReachPrivateHosts: Bool = false, claims: ClaimDesk,
        refund: @escaping Refund
    ) {
        self.credentials = credentials
        self.claims = claims
        self.mayReachPrivateHosts = mayReachPrivateHosts
        self.refund = refund
    }
}
