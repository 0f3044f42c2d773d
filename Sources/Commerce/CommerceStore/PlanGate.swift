package import Commerce
internal import Foundation
internal import Postgres

// What a plan allows, asked in the transaction that would use it, so the answer holds at the instant that
// counts. A refusal is `CommerceError.planLimit` and names the plan that allows it.

package struct PlanGate: Sendable {
    package init() {}

    /// Whether this person may own one more store. Holds the account until the transaction ends: of two new
    /// stores at once, one sees the other. Returns the plan that the new store begins on.
    package func holdForAnotherStore(of owner: UserID, in tx: Transaction<OneTenant>) async throws -> PlanID {
        let found = try await tx.first(
            "select owned, plan from shop.hold_account(\(owner.rawValue))")
        guard let row = found else { throw StoreError.notFound(.user, "\(owner)") }
        let plan: PlanID = try row.raw("plan")
        try await catalogue(in: tx).check(.anotherStore(owned: try row.int("owned")), on: plan)
        return plan
    }

    /// Whether the store of this transaction may have an own supplier or a custom domain.
    package func check(_ wish: PlanWish, in tx: Transaction<OneTenant>) async throws {
        try await catalogue(in: tx).check(wish, on: try await Stores().load(in: tx).plan)
    }

    private func catalogue(in tx: Transaction<OneTenant>) async throws -> PlanCatalogue {
        PlanCatalogue(try await tx.execute("select * from shop.plan order by rank").rows.map(Plan.init(row:)))
    }
}
