// Asking once more for a paper that waits for a person. Merchants do it from their page of invoices,
// operators from the order's page and the command line; what closes the question, keeps who asked and
// starts the run is this one verb, in one transaction.

import Commerce
import CommerceStore

package struct PaperDesk: Sendable {
    /// Asks the invoicing vendor once more for a paper that waits for a person. The same attempt is one run
    /// at a time.
    /// False where nothing says what the paper is to contain.
    package typealias Retry =
        @Sendable (_ paper: Invoices.Listed, _ tx: Transaction<OneTenant>) async throws -> Bool

    private let retry: Retry

    package init(retry: @escaping Retry) {
        self.retry = retry
    }

    /// Who asks, and why.
    package struct Asker: Sendable {
        package let actor: String
        package let reason: String?
        package let requestID: String?

        package init(actor: String, reason: String? = nil, requestID: String? = nil) {
            self.actor = actor
            self.reason = reason
            self.requestID = requestID
        }
    }

    /// False where the paper does not wait for anybody; then nothing is changed, and the transaction must not
    /// be committed.
    package func issueAgain(
        _ id: InvoiceID, asked asker: Asker, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        // Two who ask at once do so one after the other; the second sees what became of the first's run.
        try await Invoices().hold(id, in: tx)
        let paper = try await Invoices().listed(id, in: tx)
        guard paper.status == .manual else { return false }
        // What the person has seen to is no open question; a new failure opens another.
        try await Attention().resolve(.order(.invoice), subject: "\(id)", by: asker.actor, in: tx)
        try await Audit().record(
            actor: asker.actor, action: "invoice.retry", target: "\(id)", reason: asker.reason,
            requestID: asker.requestID, in: tx)
        return try await retry(paper, tx)
    }
}
