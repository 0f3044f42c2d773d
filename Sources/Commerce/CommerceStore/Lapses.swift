internal import Commerce
package import Foundation
internal import Postgres

// What is left behind when a run ends where it should not: units that nobody will pay for, and money that
// nobody took. Both are found by what the rows say, in all stores at once, and each is settled in a
// transaction of its own store and under the order's lock. So any number of these sweeps may run at the same
// time as each other and as the runs themselves.

package struct Lapses: Sendable {
    /// A run takes the money within seconds of the news; whoever has not done so after this long is not
    /// about to.
    private static let serviceLimit: TimeInterval = 3_600
    /// Orders of one round. What is left over comes up again in the next.
    private static let limit = 500

    private let database: Database

    /// The database needs the platform's pool: a store can only see its own orders.
    package init(_ database: Database) {
        self.database = database
    }

    package struct Found: Sendable, Equatable {
        /// Orders whose units came back.
        package var freed = 0
        /// Payments that a person was told of.
        package var unserved = 0

        package init() {}
    }

    /// Settles what lapsed by `now`. An order that cannot be settled stops no other; the first such error is
    /// thrown at the end.
    @discardableResult
    package func sweep(at now: Date) async throws -> Found {
        var found = Found()
        var failure: (any Error)?
        for (tenant, order) in try await lapsedReservations(at: now) {
            do {
                let isFreed = try await database.transaction(for: tenant) { tx in
                    try await Reservations().expire(order, at: now, in: tx)
                }
                if isFreed { found.freed += 1 }
            } catch {
                failure = failure ?? error
            }
        }
        for (tenant, payment) in try await unservedPayments(at: now) {
            do {
                let isTold = try await database.transaction(for: tenant) { tx in
                    try await Payments().askAboutUnserved(payment, at: now, in: tx)
                }
                if isTold { found.unserved += 1 }
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return found
    }

    private func lapsedReservations(at now: Date) async throws -> [(TenantID, OrderID)] {
        try await database.platformTransaction { tx in
            try await tx.execute(
                """
                select r.tenant_id, r.order_id from shop.reservation r
                join shop.orders o on o.tenant_id = r.tenant_id and o.id = r.order_id
                where \(Reservations.isLapsed(at: now))
                group by r.tenant_id, r.order_id order by min(r.expires_at) limit \(Self.limit)
                """
            ).rows.map { (try $0.id("tenant_id"), try $0.id("order_id")) }
        }
    }

    private func unservedPayments(at now: Date) async throws -> [(TenantID, PaymentID)] {
        try await database.platformTransaction { tx in
            try await tx.execute(
                """
                select tenant_id, id from shop.payment
                where reported_paid_at <= \(now.addingTimeInterval(-Self.serviceLimit))
                    and paid_at is null and unattended_since is null
                order by reported_paid_at limit \(Self.limit)
                """
            ).rows.map { (try $0.id("tenant_id"), try $0.id("id")) }
        }
    }
}
