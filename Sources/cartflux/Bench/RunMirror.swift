// What a checkout costs the engine alone: the journal of a real one is done again, step by step, with nothing
// behind the steps. Every record comes back as a step or a transaction of the same kind, with a result of the
// same size, in a run of the same family; announcements, the wait for the payment and the published stages
// too. Only what the shop and its vendors do is missing. Children come one after the other, where real ones
// run side by side: that changes when they run and not what they cost.

import Durable
import Foundation
import Workflows

/// A run without what it did.
struct MirroredRun: Codable, Sendable, Equatable {
    struct Record: Codable, Sendable, Equatable {
        enum Kind: String, Codable { case step, transaction, payment, now, child }

        let kind: Kind
        /// Of its result, as JSON text.
        var bytes = 0
        /// Whether an outside call was announced before it.
        var isAnnounced = false
        var child: MirroredRun?
    }

    var records: [Record] = []
    /// How often it publishes where it stands.
    var stages = 0
}

/// A line of a run's journal.
struct JournalLine: Sendable {
    let run: UUID
    let workflow: String
    let name: String
    let item: String
    let bytes: Int
    let isAnnounced: Bool
    /// The run that this line started.
    let child: UUID?
}

extension MirroredRun {
    /// The run of that id with its children, from the lines of all of them in the order of time.
    init(of run: UUID, in journal: [JournalLine]) {
        let lines = journal.filter { $0.run == run }
        let children = Set(
            lines.filter(\.startsChild).map { "\($0.name.dropFirst(Self.start.count)) \($0.item)" })
        for line in lines where !children.contains("\(line.name) \(line.item)") {
            guard let kind = Kinds.kind(of: line) else { continue }
            var record = Record(kind: kind, bytes: line.bytes, isAnnounced: line.isAnnounced)
            if let child = line.child { record.child = MirroredRun(of: child, in: journal) }
            records.append(record)
        }
        if lines.first?.workflow == CheckoutToFulfilment.name.rawValue { stages = Kinds.stages.count }
    }

    fileprivate static let start = "start:"
}

extension JournalLine {
    fileprivate var startsChild: Bool { name.hasPrefix(MirroredRun.start) }
}

/// What the journal does not say about its lines.
private enum Kinds {
    /// The `transaction` and `write` steps on the way of a checkout that goes well.
    static let transactions: [String: Set<String>] = [
        CheckoutToFulfilment.name.rawValue: raw([
            CheckoutToFulfilment.Step.reprice, .place, .recordPayment, .split, .close,
        ]),
        ForwardSupplierOrder.name.rawValue: raw([
            ForwardSupplierOrder.Step.begin, .submitting, .recount, .accept,
        ]),
        FollowParcels.name.rawValue: raw([FollowParcels.Step.record]),
        InvoiceOrder.name.rawValue: raw([InvoiceOrder.Step.open]),
        SendOrderEmail.name.rawValue: raw([SendOrderEmail.Step.write, .noteSent]),
    ]

    /// What such a checkout publishes on its way; only the last one stays to be seen.
    static let stages: [CheckoutProgress.Stage] = [
        .pricing, .askingSupplier, .openingPayment, .awaitingPayment, .forwarding, .underWay, .delivered,
        .closed,
    ]

    private static let payment = "wait:\(Signal<PaymentSignal>.payment.name)"

    /// Nil for a record that waits and sleeps bring along.
    static func kind(of line: JournalLine) -> MirroredRun.Record.Kind? {
        if line.name.hasPrefix("deadline:") || line.name.hasPrefix("sleep:") { return nil }
        if line.name == payment { return .payment }
        if line.name == "now" { return .now }
        if line.startsChild { return .child }
        return transactions[line.workflow]?.contains(line.name) == true ? .transaction : .step
    }

    private static func raw<Step: WorkflowStep>(_ steps: [Step]) -> Set<String> {
        Set(steps.map(\.rawValue))
    }
}

/// Goes through the records of a run and does nothing in them.
struct RunMirror: Workflow {
    static let name: WorkflowName = "bench.mirror"
    enum Step: String, WorkflowStep { case step, transaction, child }
    typealias Progress = Int

    static let paid: Signal<Nothing> = "bench_paid"
    private static let patience: Duration = .seconds(3_600)

    let transactions: StoreTransactions

    func run(_ input: MirroredRun, _ flow: Flow<RunMirror>) async throws -> Nothing {
        for (place, record) in input.records.enumerated() {
            if place < input.stages { try await flow.progress(place) }
            try await repeatRecord(record, at: place, flow)
        }
        return Nothing()
    }

    private func repeatRecord(
        _ record: MirroredRun.Record, at place: Int, _ flow: Flow<RunMirror>
    ) async throws {
        // As JSON text it has two quotation marks more.
        let result = String(repeating: "r", count: max(0, record.bytes - 2))
        switch record.kind {
        case .step:
            _ = try await flow.step(.step, for: place) { attempt in
                if record.isAnnounced { try await attempt.announce() }
                return result
            }
        case .transaction:
            _ = try await flow.transaction(.transaction, for: place, on: transactions) { _ in result }
        case .payment: _ = try await flow.wait(Self.paid, upTo: Self.patience)
        case .now: _ = try await flow.now()
        case .child:
            guard let child = record.child else { return }
            _ = try await flow.child(.child, for: place, RunMirror.self, child)
        }
    }
}
