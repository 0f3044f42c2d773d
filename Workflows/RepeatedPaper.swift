// A paper that waits for a person is asked for once more, when its cause was mended: by the merchant, or
// by an operator. It is the same run as the first time, so whatever an earlier call may have left at the
// vendor is looked for before anything is issued. Each failure counts one attempt, and each attempt is one
// run, however often and by whom it is asked for.

import Commerce
import CommerceStore

extension RunStarter {
    /// Starts the run that issues it. False for a storno whose refund is not on record.
    package func issueAgain(_ paper: Invoices.Listed, in tx: Transaction<OneTenant>) async throws -> Bool {
        let once = "again:\(paper.id):\(paper.attempts)"
        guard paper.kind != Invoices.Kind.invoice.stored else {
            try await start(InvoiceOrder.self, InvoiceOrder.Input(order: paper.order), once: once, with: tx)
            return true
        }
        var refund = paper.refund
        if refund == nil { refund = try await Refunds().whole(of: paper.order, in: tx)?.id }
        guard let refund else { return false }
        try await start(CreditOrder.self, CreditOrder.Input(refund: refund), once: once, with: tx)
        return true
    }
}
