// Where documents are issued at SmartBill, which has neither idempotency keys nor a look-up by our reference.
// Numbers of a series follow each other, so one run of ours at a time uses a series, by a lease in the shop's
// database that no connection stands behind; the next number is read and written down before the call; and
// while it is not known what an earlier call has done, nobody issues anything in the series. Whoever has the
// turn settles that first, also for another run that died: nothing was taken since, and long enough ago that
// no late effect can come any more; or the number that was taken since bears our reference and our total.
// What cannot be told apart is left to a person; a document is never issued on a guess.

import Commerce
import CommerceStore
import Durable
import Foundation
import SmartBill

struct InvoiceDesk: Sendable {
    /// How long SmartBill may take to issue; far less than the lease of a turn.
    static let callLimit: Duration = .seconds(15)
    /// After this long a call that nobody has heard of since has had no effect and will have none.
    static let settleTime: Duration = .seconds(40)
    /// Who waits in vain looks by itself after this long, then twice as long, up to an hour.
    private static let firstPause: Duration = .seconds(300)
    private static let longestPause: Duration = .seconds(3_600)

    let shop: Shop
    let tenant: Tenant

    /// What one visit to the desk came to: a document, or a place in the queue.
    struct Answer: Codable, Sendable {
        let series: String?
        let number: String?
        /// Who has the series now and must be told.
        let next: Invoices.Call?
        private let place: Int?
        private let leaseSeconds: Int64?

        var document: SmartBillDocument? {
            guard let series, let number else { return nil }
            return SmartBillDocument(series: series, number: number)
        }
        var ahead: Int { place ?? 0 }
        var leaseLeft: Duration { .seconds(leaseSeconds ?? 0) }

        init(_ document: SmartBillDocument, next: Invoices.Call?) {
            (series, number) = (document.series, document.number)
            (self.next, place, leaseSeconds) = (next, nil, nil)
        }

        init(ahead: Int, leaseLeft: Duration, next: Invoices.Call?) {
            (series, number) = (nil, nil)
            (self.next, place, leaseSeconds) = (next, ahead, leaseLeft.components.seconds)
        }
    }

    /// How long a run sleeps that nobody calls. The first in the queue looks when the holder's lease is over,
    /// the others later one by one, and the longer they have waited the less often.
    static func pause(round: Int, ahead: Int, leaseLeft: Duration) -> Duration {
        let turns = leaseLeft + Invoices.lease * max(0, ahead - 1)
        let limit = min(firstPause * (1 << min(max(0, round - 1), 8)), longestPause)
        return min(turns, limit) + .seconds(1 + min(ahead, 300))
    }

    /// The merchant's account, opened with what the merchant gave us.
    func open(_ brief: InvoiceBrief) async throws -> SmartBillClient {
        let login = try await shop.inStore(tenant) {
            try await shop.credentials.load(kind: "smartbill", in: $0)
        }
        guard let login else { throw InvoiceProblem.noCredentials }
        return shop.openSmartBill(login, brief.company)
    }

    /// Issues, or finds what an earlier attempt has issued, or queues up.
    ///
    /// - Parameters:
    ///   - earlier: the next number before the first attempt, where only the journal knows of that one.
    ///   - compose: makes the document; called only when it will be issued.
    func issue(
        _ brief: InvoiceBrief, for run: RunID, _ attempt: Attempt, since earlier: Int?,
        _ compose: () async throws -> InvoicePaper
    ) async throws -> Answer {
        switch try await stand(brief, run) {
        case .done(let answer): return answer
        case .mayIssue(let turn, let own):
            var doubts = [turn.doubt, own].compactMap(\.self)
            if let earlier, attempt.isAmbiguous, doubts.isEmpty {
                doubts = [
                    Invoices.Doubt(invoice: brief.id, from: earlier, total: brief.total, since: .distantPast)
                ]
            }
            do {
                let document = try await issue(brief, turn, doubts, attempt, compose)
                return Answer(document, next: try await record(document, of: brief, run))
            } catch let failure as SmartBillFailure {
                try await noteWaiting(brief, failure)
                throw failure
            }
        }
    }

    private enum Standing {
        case done(Answer)
        /// With a doubt about this very document that a person has not settled.
        case mayIssue(Invoices.Turn, own: Invoices.Doubt?)
    }

    private func stand(_ brief: InvoiceBrief, _ run: RunID) async throws -> Standing {
        try await shop.inStore(tenant) { tx in
            // Held, so that what another run of the same paper has just issued is seen: it ends its turn only
            // together with its number.
            try await Invoices().hold(brief.id, in: tx)
            let invoice = try await Invoices().load(brief.id, in: tx)
            if let number = invoice.number {
                let document = SmartBillDocument(series: invoice.series ?? brief.series, number: number)
                let next = try await Invoices().endTurn(of: run.rawValue, in: brief.place, in: tx)
                return .done(Answer(document, next: next))
            }
            switch try await Invoices().claim(brief.place, for: run.rawValue, in: tx) {
            case .taken(let ahead, let leaseLeft, let unaware):
                return .done(Answer(ahead: ahead, leaseLeft: leaseLeft, next: unaware))
            case .ours(let turn):
                let own = invoice.inDoubtFrom.map {
                    Invoices.Doubt(invoice: brief.id, from: $0, total: brief.total, since: .distantPast)
                }
                return .mayIssue(turn, own: own)
            }
        }
    }

    private func issue(
        _ brief: InvoiceBrief, _ turn: Invoices.Turn, _ doubts: [Invoices.Doubt], _ attempt: Attempt,
        _ compose: () async throws -> InvoicePaper
    ) async throws -> SmartBillDocument {
        if let rest = turn.restsUntil, rest > shop.clock.now {
            throw InvoiceProblem.accountRests(until: rest)
        }
        let client = try await open(brief)
        for doubt in doubts {
            let found = try await settle(doubt, brief, turn, client)
            if let found, doubt.invoice == brief.id { return found }
        }
        let from = try await nextNumber(of: brief.series, client)
        let paper = try await compose()
        try await attempt.announce()
        try await permit(brief, from: from, turn)
        do throws(SmartBillFailure) {
            if let document = try await ask(for: paper, client).document { return document }
        } catch {
            if !error.mayHaveHappened { try await settled(brief.id, under: turn) }
            throw error
        }
        throw InvoiceProblem.needsReconciliation(series: brief.series, from: from, to: from + 1)
    }

    private func ask(
        for paper: InvoicePaper, _ client: SmartBillClient
    ) async throws(SmartBillFailure) -> SmartBillIssued {
        switch paper {
        case .invoice(let invoice): try await client.issue(invoice, within: Self.callLimit)
        case .storno(let original, let day):
            try await client.reverse(original, on: day, within: Self.callLimit)
        }
    }

    /// The last thing before the call: writes down what is about to be asked, under the fence.
    private func permit(_ brief: InvoiceBrief, from: Int, _ turn: Invoices.Turn) async throws {
        let doubt = Invoices.Doubt(
            invoice: brief.id, from: from, total: brief.total, since: shop.clock.now)
        let permit = try await shop.inStore(tenant) {
            try await Invoices().permit(doubt, under: turn, in: $0)
        }
        guard let permit else { throw InvoiceProblem.turnLost(at: shop.clock.now) }
        guard permit.isFresh else {
            try await settled(brief.id, under: turn)
            throw InvoiceProblem.turnLost(at: shop.clock.now)
        }
    }

    private func settled(_ invoice: InvoiceID, under turn: Invoices.Turn) async throws {
        try await shop.inStore(tenant) {
            _ = try await Invoices().settleDoubt(about: invoice, under: turn, in: $0)
        }
    }

    /// Our books first; the turn ends with them. Returns who must be told.
    private func record(
        _ document: SmartBillDocument, of brief: InvoiceBrief, _ run: RunID
    ) async throws -> Invoices.Call? {
        try await shop.inStore(tenant) { tx in
            try await Invoices().markIssued(
                brief.id, series: document.series, number: document.number, url: nil, at: shop.clock.now,
                in: tx)
            try await Orders().refreshStatus(brief.order, in: tx)
            try await Invoices().forgetDoubt(about: brief.id, in: brief.place, in: tx)
            return try await Invoices().endTurn(of: run.rawValue, in: brief.place, in: tx)
        }
    }

    private func noteWaiting(_ brief: InvoiceBrief, _ failure: SmartBillFailure) async throws {
        try await shop.inStore(tenant) { tx in
            try await Invoices().markWaiting(brief.id, .retrying, problem: failure.description, in: tx)
            try await Orders().refreshStatus(brief.order, in: tx)
            if case .blocked(let until) = failure.reason {
                try await Invoices().rest(brief.place, until: until, in: tx)
            }
        }
    }

    func nextNumber(of series: String, _ client: SmartBillClient) async throws -> Int {
        guard let found = try await client.series(.invoice).first(where: { $0.name == series }) else {
            throw InvoiceProblem.seriesMissing(series)
        }
        return found.nextNumber
    }
}

/// What SmartBill is asked to issue.
enum InvoicePaper: Sendable {
    case invoice(SmartBillInvoice)
    /// The whole of an invoice taken back, which SmartBill does once.
    case storno(of: SmartBillDocument, on: SmartBillDate)
}
