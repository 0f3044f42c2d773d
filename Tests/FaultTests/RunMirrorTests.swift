import Foundation
import Testing

@testable import cartflux

@Suite("What the bench repeats of a journal")
struct RunMirrorTests {
    private let checkout = UUID()
    private let invoice = UUID()

    private func line(
        _ name: String, item: String = "", bytes: Int = 10, of run: UUID? = nil,
        _ workflow: String = "checkout_to_fulfilment", isAnnounced: Bool = false, starts child: UUID? = nil
    ) -> JournalLine {
        JournalLine(
            run: run ?? checkout, workflow: workflow, name: name, item: item, bytes: bytes,
            isAnnounced: isAnnounced, child: child)
    }

    @Test("a record comes back as what it was, in its order and with its size")
    func kinds() {
        let mirror = MirroredRun(
            of: checkout,
            in: [
                line("reprice", bytes: 4), line("create_payment", bytes: 29, isAnnounced: true),
                line("now", item: "0"), line("wait:payment", item: "0"), line("record_payment"),
            ])

        #expect(mirror.records.map(\.kind) == [.transaction, .step, .now, .payment, .transaction])
        #expect(mirror.records.map(\.bytes) == [4, 29, 10, 10, 10])
        #expect(mirror.records.map(\.isAnnounced) == [false, true, false, false, false])
        #expect(mirror.stages == 8)
    }

    @Test("what waits and sleeps record by themselves is left to the mirror's own waits")
    func ownRecords() {
        let mirror = MirroredRun(
            of: checkout,
            in: [line("deadline:wait:payment", item: "0"), line("sleep:withdrawal period", item: "0")])

        #expect(mirror.records.isEmpty)
    }

    @Test("a child stands where it was started, with its own records, and its end is not repeated")
    func children() {
        let mirror = MirroredRun(
            of: checkout,
            in: [
                line("split"), line("start:invoice", starts: invoice),
                line("open", of: invoice, "smartbill_invoice"),
                line("issue", of: invoice, "smartbill_invoice", isAnnounced: true),
                line("invoice"), line("close"),
            ])

        #expect(mirror.records.map(\.kind) == [.transaction, .child, .transaction])
        let child = mirror.records[1].child
        #expect(child?.records.map(\.kind) == [.transaction, .step])
        #expect(child?.stages == 0)
    }

    @Test("a step of the same name as a child's, for another item, is a step")
    func otherItems() {
        let mirror = MirroredRun(
            of: checkout,
            in: [
                line("start:forward", item: "a", starts: invoice), line("forward", item: "a"),
                line("forward", item: "b"),
            ])

        #expect(mirror.records.map(\.kind) == [.child, .step])
    }

    @Test("a rush takes about the time it is given, within bounds")
    func counts() {
        #expect(CheckoutsBench.count(at: 40, for: 12) == 480)
        #expect(CheckoutsBench.count(at: 1, for: 12) == 100)
        #expect(CheckoutsBench.count(at: 9_000, for: 12) == 3_000)
    }
}
