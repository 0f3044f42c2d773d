import FoundationEssentials
import Testing

@testable import Commerce

@Suite struct PaymentStatusTests {
    static let paid = PaymentEvent.succeeded(.eur(1500))

    static func at(_ seconds: Double, _ outcome: PaymentAttempt.Outcome) -> PaymentEvent {
        .attempted(PaymentAttempt(outcome, at: Sample.now.addingTimeInterval(seconds)))
    }

    static let stories: [(events: [PaymentEvent], status: PaymentStatus)] = [
        ([], .awaitingPayment),
        ([at(1, .requiresAction)], .requiresAction),
        ([at(1, .requiresAction), at(2, .processing)], .processing),
        ([at(1, .requiresAction), at(2, .failed)], .failed),
        ([at(1, .failed), at(5, .requiresAction)], .requiresAction),
        ([at(1, .failed), paid], .paid),
        ([paid, at(9, .failed)], .paid),
        ([paid, .canceled], .paid),
        ([.canceled], .canceled),
        ([at(4, .processing), .expired], .canceled),
        ([.expired, .canceled, paid], .latePaid),
        ([paid, paid, paid], .paid),
    ]

    @Test("the status follows from what is known, in whatever order it came", arguments: stories)
    func derived(events: [PaymentEvent], status: PaymentStatus) {
        var random = SeededRandom(5)
        for _ in 0..<20 {
            var facts = PaymentFacts()
            for event in (events + events).shuffled(using: &random) { facts.take(event) }
            #expect(facts.status == status)
        }
    }

    @Test("refunds add up to partially and then fully refunded")
    func refunds() {
        let (one, two) = (RefundID(), RefundID())
        var facts = PaymentFacts()
        facts.take(Self.paid)

        facts.take(.refundSettled(one, .eur(500), replacing: nil))
        #expect(facts.status == .partiallyRefunded)
        #expect(facts.refunded == .eur(500))

        facts.take(.refundSettled(one, .eur(500), replacing: nil))
        #expect(facts.refunded == .eur(500))

        facts.take(.refundSettled(two, .eur(1000), replacing: nil))
        #expect(facts.status == .refunded)
    }

    @Test("a refund that fails after it settled does not count twice when it is repeated")
    func repeatedRefund() {
        let (one, two) = (RefundID(), RefundID())
        let events: [PaymentEvent] = [
            .succeeded(.eur(1000)), .refundSettled(one, .eur(500), replacing: nil),
            .refundFailed(one, .eur(500), replacing: nil),
            .refundSettled(two, .eur(500), replacing: one),
        ]
        var random = SeededRandom(3)

        for _ in 0..<30 {
            var facts = PaymentFacts()
            for event in (events + events).shuffled(using: &random) { facts.take(event) }
            #expect(facts.status == .partiallyRefunded)
            #expect(facts.refunded == .eur(500))
        }
    }

    @Test("a dispute is seen until it is won")
    func disputes() {
        var facts = PaymentFacts()
        facts.take(Self.paid)
        #expect(!facts.isDisputed)

        facts.take(.disputeOpened("dp_1"))
        #expect(facts.isDisputed)

        facts.take(.disputeClosed("dp_1", won: true))
        facts.take(.disputeOpened("dp_1"))
        #expect(!facts.isDisputed)

        facts.take(.disputeClosed("dp_2", won: false))
        #expect(facts.isDisputed)
    }

    @Test(
        "any duplication and reordering of events ends in the same facts, and no rank falls",
        arguments: seeds)
    func confluent(seed: UInt64) throws {
        var random = SeededRandom(seed)
        let events = Self.randomStory(&random)
        var reference = PaymentFacts()
        for event in events { reference.take(event) }

        for _ in 0..<8 {
            var facts = PaymentFacts()
            var stored = PaymentStatus.awaitingPayment
            let copies = events + events.filter { _ in random.flip() } + events.filter { _ in random.flip() }
            for event in copies.shuffled(using: &random) {
                facts.take(event)
                let next = stored.raised(to: facts.status)
                #expect(next.rank >= stored.rank, "seed \(seed)")
                #expect(
                    next == facts.status, "seed \(seed): the derived status fell from \(stored) on \(event)")
                stored = next
            }
            #expect(facts == reference, "seed \(seed)")
            #expect(stored == reference.status, "seed \(seed)")
        }
        let restored = try JSONDecoder().decode(PaymentFacts.self, from: JSONEncoder().encode(reference))
        #expect(restored == reference)
    }

    private static func randomStory(_ random: inout SeededRandom) -> [PaymentEvent] {
        var events: [PaymentEvent] = (0..<random.int(0...4)).map { second in
            at(Double(second), PaymentAttempt.Outcome.allCases.randomElement(using: &random)!)
        }
        if random.int(0...4) == 0 { events.append(.canceled) }
        if random.int(0...4) == 0 { events.append(.expired) }
        if random.int(0...3) > 0 { events.append(paid) }
        for _ in 0..<random.int(0...3) {
            let refund = RefundID()
            events.append(.refundSettled(refund, .eur(500), replacing: nil))
            if random.int(0...3) == 0 {
                events.append(.refundFailed(refund, .eur(500), replacing: nil))
                if random.flip() { events.append(.refundSettled(RefundID(), .eur(500), replacing: refund)) }
            }
        }
        if random.flip() { events.append(.disputeOpened("dp_1")) }
        if random.flip() { events.append(.disputeClosed("dp_1", won: random.flip())) }
        return events
    }
}

@Suite struct FulfilmentStatusTests {
    static let stories: [(units: [UnitState], orders: [SupplierOrderState], status: FulfilmentStatus)] = [
        ([], [], .unfulfilled),
        ([.allocated], [.planned], .unfulfilled),
        ([.allocated], [.checking], .forwarding),
        ([.allocated], [.unknown], .forwarding),
        ([.allocated, .allocated], [.onHold, .submitting], .onHold),
        ([.forwarded, .allocated], [.submitted, .onHold], .inProgress),
        ([.forwarded], [.accepted], .inProgress),
        ([.forwarded, .canceled], [.partiallyCanceled], .partiallyCanceled),
        ([.allocated, .canceled], [.planned, .rejected], .partiallyCanceled),
        ([.shipped, .forwarded], [.accepted, .shipped], .partiallyShipped),
        ([.shipped, .canceled], [.shipped], .shipped),
        ([.shipped, .delivered], [.shipped, .delivered], .partiallyDelivered),
        ([.delivered, .forwarded], [.delivered, .accepted], .partiallyDelivered),
        ([.delivered, .delivered], [.delivered], .delivered),
        ([.delivered, .canceled], [.delivered, .canceled], .delivered),
        ([.returned, .delivered], [.delivered], .delivered),
        ([.canceled, .canceled], [.rejected, .canceled], .canceled),
    ]

    @Test("the status follows from units and supplier orders", arguments: stories)
    func derived(units: [UnitState], orders: [SupplierOrderState], status: FulfilmentStatus) {
        #expect(FulfilmentStatus(units: units, supplierOrders: orders) == status)
    }

    @Test("no legal move of any unit or supplier order lowers the rank", arguments: seeds)
    func rises(seed: UInt64) {
        var random = SeededRandom(seed)
        var units = [UnitState](repeating: .allocated, count: random.int(1...6))
        var orders = [SupplierOrderState](repeating: .planned, count: random.int(1...3))
        var status = FulfilmentStatus(units: units, supplierOrders: orders)

        for _ in 0..<60 {
            if random.flip() {
                let place = random.int(0...units.count - 1)
                units[place] = units[place].next.sorted(using: &random).first ?? units[place]
            } else {
                let place = random.int(0...orders.count - 1)
                orders[place] = orders[place].next.sorted(using: &random).first ?? orders[place]
            }
            // A supplier order that went back to `planned` does not exist, so leaving it is for good.
            let next = FulfilmentStatus(units: units, supplierOrders: orders)
            #expect(next.rank >= status.rank, "seed \(seed): \(status) became \(next)")
            status = next
        }
    }

    @Test("shuffled and repeated tracking news end in the same units", arguments: seeds)
    func trackingIsConfluent(seed: UInt64) {
        var random = SeededRandom(seed)
        let news: [UnitState] = [
            .forwarded, .shipped, .delivered, .forwarded, .shipped, .delivered, .shipped,
        ]
        var state = UnitState.forwarded
        var status = FulfilmentStatus(units: [state, .allocated], supplierOrders: [.submitted, .planned])

        for next in news.shuffled(using: &random) {
            if state.receiving(next) == .moved { state = next }
            let derived = FulfilmentStatus(
                units: [state, .allocated], supplierOrders: [.submitted, .planned])
            #expect(derived.rank >= status.rank, "seed \(seed)")
            status = derived
        }

        #expect(state == .delivered)
    }
}

extension Set where Element: RawRepresentable, Element.RawValue == String {
    /// In a random order that depends on the generator alone: a set's own order changes from run to run.
    func sorted(using random: inout SeededRandom) -> [Element] {
        sorted { $0.rawValue < $1.rawValue }.shuffled(using: &random)
    }
}

@Suite struct InvoiceStatusTests {
    @Test(
        "the status follows from what is known of the invoice",
        arguments: [
            (InvoiceFacts(), InvoiceStatus.notDue), (InvoiceFacts(isDue: true), .pending),
            (InvoiceFacts(isDue: true, failedAttempts: 3), .retrying),
            (InvoiceFacts(isDue: true, failedAttempts: 3, needsPerson: true), .manual),
            (InvoiceFacts(isDue: true, failedAttempts: 3, needsPerson: true, isIssued: true), .issued),
            (InvoiceFacts(isDue: true, isIssued: true, isReversed: true), .storno),
        ] as [(InvoiceFacts, InvoiceStatus)])
    func derived(facts: InvoiceFacts, status: InvoiceStatus) {
        #expect(InvoiceStatus(facts) == status)
    }

    @Test("an order shows its most urgent reason, and nothing when there is none")
    func attention() {
        #expect(AttentionKind.headline([AttentionKind]()) == .none)
        #expect(AttentionKind.headline([.invoice, .refundFailed, .address]) == .refundFailed)
        #expect(Set(AttentionKind.allCases.map(\.urgency)).count == AttentionKind.allCases.count)
    }

    @Test("an order's statuses rise together while attention comes and goes")
    func orderStatus() {
        let stored = OrderStatus(
            payment: .refunded, fulfilment: .shipped, invoice: .issued, attention: .refundFailed,
            isDisputed: true)
        let derived = OrderStatus(payment: .paid, fulfilment: .delivered, invoice: .pending)

        let next = stored.raised(to: derived)

        #expect(next == OrderStatus(payment: .refunded, fulfilment: .delivered, invoice: .issued))
    }
}
