// Gives a part of our fee back to the merchant, once. Stripe forgets keys after a day and a step may take
// longer, so an earlier call is looked for by our mark before it is repeated.

import Commerce
import Durable
import Stripe

struct FeeReturn {
    let refund: RefundID
    let charge: StripeCharge.ID
    let amount: Money
    /// What finds it again.
    let marks: [String: String]

    func make(with stripe: StripeClient, _ attempt: Attempt) async throws -> ApplicationFeeRefund.ID {
        guard let fee = try await stripe.charge(charge).applicationFee else {
            throw NoFeeOnCharge(charge: charge)
        }
        if attempt.isAmbiguous {
            let known = try await stripe.applicationFeeRefunds(of: fee)
                .first { $0.metadata[PaymentCourier.refundMark] == "\(refund)" }
            if let known { return known.id }
        }
        try await attempt.announce()
        return try await stripe.refundApplicationFee(
            fee, amount: amount, metadata: marks, key: "cf:refund-fee:\(refund)"
        ).id
    }
}

private struct NoFeeOnCharge: Classified, CustomStringConvertible {
    let charge: StripeCharge.ID
    var code: String { "refund.no_fee" }
    var disposition: Disposition { .permanent }
    var description: String {
        "the charge \(charge) bears no application fee to give back; compare it with the order"
    }
}
