// A paper that waits for a person is asked for once more, when its cause was mended: by the merchant, or
// by an operator. It does what the run of the first time did, so whatever an earlier call may have left at
// the vendor is looked for before anything is issued. Each failure counts one attempt, and an attempt is one
// run at a time, however often and by whom it is asked for. A run that ended before it counted anything,
// because it was cancelled or gave up, is not in the way of the next.

import Commerce
import CommerceStore

extension RunStarter {
    /// Starts the run that issues it. False for a storno whose refund is not on record.
    package func issueAgain(_ paper: Invoices.Listed, in tx: Transaction<OneTenant>) async throws -> Bool {
        let key = "again:\(paper.id):\(paper.attempts)"
        guard paper.kind != Invoices.Kind.invoice.stored else {
            try await startSingle(
                InvoiceOrder.self, InvoiceOrder.Input(order: paper.order), key: key, with: tx)
            return true
        }
        var refund = paper.refund
        if refund == nil { refund = try await Refunds().whole(of: paper.order, in: tx)?.id }
        guard let refund else { return false }
        try await startSingle(CreditOrder.self, CreditOrder.Input(refund: refund), key: key, with: tx)
        return true
    }
}
