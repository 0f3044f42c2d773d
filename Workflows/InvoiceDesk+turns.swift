// What a run does at the desk, whatever it issues: wait for the series, pass it on, keep the document.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import SmartBill

extension InvoiceDesk {
    /// Issues as soon as the series is ours. While others have it the run sleeps, and is called.
    func issueInTurn<W: Workflow>(
        _ brief: InvoiceBrief, as step: W.Step, calling callStep: W.Step, since earlier: Int? = nil,
        _ flow: Flow<W>, _ compose: @Sendable @escaping () async throws -> InvoicePaper
    ) async throws -> SmartBillDocument {
        let run = flow.id
        var round = 1
        while true {
            // The first round keeps the step's plain name, as runs have it that began before there were more.
            let answer = try await flow.step(step, for: round == 1 ? "" : "\(round)", retry: .patient) {
                try await issue(brief, for: run, $0, since: earlier, compose)
            }
            try await call(answer.next, to: brief.place, as: callStep, flow)
            if let document = answer.document { return document }
            let pause = Self.pause(round: round, ahead: answer.ahead, leaseLeft: answer.leaseLeft)
            _ = try await flow.wait(.invoiceTurn, upTo: pause)
            round += 1
        }
    }

    /// Tells the next run that the series is its own. One that has ended meanwhile is passed over.
    func call<W: Workflow>(
        _ first: Invoices.Call?, to series: Invoices.Series, as step: W.Step, _ flow: Flow<W>
    ) async throws {
        var next = first
        while let call = next {
            next = try await flow.step(step, for: call.fence, retry: .patient) { _ in
                let turn = InvoiceTurn(series: series, fence: call.fence)
                let isAwaited = try await shop.signals.send(
                    .invoiceTurn, turn, to: RunID(rawValue: call.run), once: turn.key)
                guard !isAwaited else { return nil }
                return try await shop.inStore(tenant) {
                    try await Invoices().passOver(call, in: series, in: $0)
                }
            }
        }
    }

    /// The PDF is the shopper's copy, and is kept as long as the law asks.
    func keep<W: Workflow>(
        _ document: SmartBillDocument, of brief: InvoiceBrief, as step: W.Step, _ flow: Flow<W>
    ) async throws {
        _ = try await flow.step(step, retry: .patientForDays) { _ in
            let pdf = try await open(brief).pdf(of: document)
            try await shop.inStore(tenant) { tx in
                try await Invoices().storeDocument(Data(pdf), of: brief.id, in: tx)
            }
            return pdf.count
        }
    }

    /// The merchant finds out; the others of the series go on meanwhile.
    static func askPerson(
        about brief: InvoiceBrief, _ run: RunID, problem: String, in tx: Transaction<OneTenant>
    ) async throws -> NextTurn {
        try await Invoices().markWaiting(brief.id, .manual, problem: problem, in: tx)
        try await Attention().open(
            .order(.invoice), subject: "\(brief.id)", order: brief.order,
            message: "the invoice needs you: \(problem)", in: tx)
        try await Orders().refreshStatus(brief.order, in: tx)
        return NextTurn(call: try await Invoices().endTurn(of: run.rawValue, in: brief.place, in: tx))
    }
}

/// Who has the series after a run that gives up.
struct NextTurn: Codable, Sendable {
    let call: Invoices.Call?
}

extension RetryPolicy {
    fileprivate static let patientForDays = RetryPolicy(
        attempts: nil, within: .seconds(3 * 86_400), base: .seconds(1), cap: .seconds(1_800))
}

/// The news that a series is the receiver's own.
package struct InvoiceTurn: Codable, Sendable, Hashable {
    package let series: Invoices.Series
    package let fence: Int64

    var key: String { "\(series.company)/\(series.name)/\(fence)" }
}

extension Signal where Payload == InvoiceTurn {
    package static var invoiceTurn: Signal<InvoiceTurn> { "invoice_turn" }
}
