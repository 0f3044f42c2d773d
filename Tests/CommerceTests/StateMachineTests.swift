import Testing

@testable import Commerce

@Suite struct StateMachineTests {
    @Test("a supplier order takes the straight road")
    func straightRoad() throws {
        var state = SupplierOrderState.planned

        for next in [SupplierOrderState.checking, .submitting, .submitted, .accepted, .shipped, .delivered] {
            state = try state.moved(to: next)
        }

        #expect(state == .delivered)
        #expect(state.isTerminal)
    }

    @Test("an unanswered submission is looked up before it is repeated")
    func unknown() throws {
        let unknown = try SupplierOrderState.submitting.moved(to: .unknown)

        #expect(unknown.next == [.submitted, .submitting])
        #expect(unknown.mayBeAtSupplier)
    }

    @Test(
        "an illegal move of a supplier order is refused by name",
        arguments: [
            (SupplierOrderState.planned, SupplierOrderState.submitted), (.delivered, .canceled),
            (.shipped, .canceled),
            (.submitted, .submitting), (.rejected, .accepted), (.unknown, .canceled), (.onHold, .submitting),
            (.accepted, .accepted),
        ] as [(SupplierOrderState, SupplierOrderState)])
    func illegal(from: SupplierOrderState, to: SupplierOrderState) {
        #expect(
            throws: CommerceError.illegalMove(
                machine: "supplier order", from: from.rawValue, to: to.rawValue)
        ) {
            try from.moved(to: to)
        }
    }

    @Test("every state of both machines can be reached, and ends")
    func reachable() {
        #expect(
            SupplierOrderState.reachable(from: .planned).union([.planned])
                == Set(SupplierOrderState.allCases))
        #expect(UnitState.reachable(from: .allocated).union([.allocated]) == Set(UnitState.allCases))
        for state in SupplierOrderState.allCases where !state.isTerminal {
            let ends = SupplierOrderState.reachable(from: state).filter(\.isTerminal)
            #expect(!ends.isEmpty)
        }
    }

    @Test("late, repeated and contradictory news are told apart")
    func receptions() {
        #expect(UnitState.forwarded.receiving(.shipped) == .moved)
        #expect(UnitState.forwarded.receiving(.delivered) == .moved)
        #expect(UnitState.shipped.receiving(.shipped) == .unchanged)
        #expect(UnitState.delivered.receiving(.shipped) == .stale)
        #expect(UnitState.canceled.receiving(.shipped) == .illegal)
        #expect(SupplierOrderState.delivered.receiving(.accepted) == .stale)
        #expect(SupplierOrderState.rejected.receiving(.shipped) == .illegal)
    }

    @Test("raw values are what the database stores")
    func rawValues() {
        #expect(
            SupplierOrderState.allCases.map(\.rawValue).sorted() == [
                "accepted", "cancel_requested", "canceled", "checking", "delivered", "on_hold",
                "partially_canceled",
                "planned", "rejected", "shipped", "submitted", "submitting", "unknown",
            ])
        #expect(
            PaymentStatus.allCases.map(\.rawValue).sorted() == [
                "awaiting_payment", "canceled", "failed", "late_paid", "paid", "partially_refunded",
                "processing",
                "refunded", "requires_action",
            ])
        #expect(
            FulfilmentStatus.allCases.map(\.rawValue).sorted() == [
                "canceled", "delivered", "forwarding", "in_progress", "on_hold", "partially_canceled",
                "partially_delivered", "partially_shipped", "shipped", "unfulfilled",
            ])
        #expect(
            InvoiceStatus.allCases.map(\.rawValue).sorted() == [
                "issued", "manual", "not_due", "pending", "retrying", "storno",
            ])
        #expect(
            AttentionKind.allCases.map(\.rawValue).sorted() == [
                "address", "dispute", "invoice", "merchant_restricted", "none", "refund_failed",
                "supplier_out_of_stock", "supplier_price_up", "supplier_unknown", "unmatched_payment",
            ])
    }
}
