import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation

extension World {
    /// An order as its run would place it, without the run.
    func placedOrder() async throws -> OrderID {
        try await transaction { tx in
            let cart = try await Carts().open(
                token: UUID().uuidString, language: .english, country: .romania, in: tx)
            try await Carts().add(1, of: products[0], to: cart.id, in: tx)
            let now = fleet.clock.now
            let frozen = try await Quotes().freeze(cart.id, at: now, in: tx)
            let request = Checkouts.Request(
                quote: frozen.id, email: EmailAddress(unchecked: "ana@example.test"), phone: "+40711111111",
                address: Self.address, language: .english, seenTotal: frozen.total.gross)
            let checkout = try await Checkouts().create(request, at: now, in: tx).checkout
            let quote = try await Quotes().confirm(checkout, in: tx)
            return try await Orders().place(checkout, quote: quote, run: nil, at: now, in: tx).id
        }
    }

    /// As a fleet of many workers would: everything that is ready at once is served at once.
    func settleTogether(upTo horizon: Duration) async throws {
        let end = fleet.clock.now.adding(horizon)
        while true {
            let ready = fleet.journal.ready
            if !ready.isEmpty {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for run in ready { group.addTask { try await fleet.stay(run) } }
                    try await group.waitForAll()
                }
            } else if let wake = fleet.journal.nextWake, wake <= end {
                fleet.clock.advance(to: wake)
            } else {
                return
            }
        }
    }
}
