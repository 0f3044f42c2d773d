// A supplier of the platform charges something else now, or tells something else of the safety of what it
// sells. Each store that sells from it meets the costs by its own policy, and the guard looks at every
// product it touches; what lacks the data that the law wants comes off the shelf whatever the policy.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials

/// Brings one store's products up to what a supplier charges and tells.
package struct MeetSupplierCosts: Workflow {
    package static let name: WorkflowName = "meet_supplier_costs"

    package enum Step: String, WorkflowStep { case reprice, safety, tell }

    package struct Input: Codable, Sendable {
        package let supplier: SupplierID
        package init(supplier: SupplierID) { self.supplier = supplier }
    }

    /// Pages of one run; what is left over is met by the next.
    private static let pageLimit = 500

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> SupplierCosts.Page {
        var total = SupplierCosts.Page()
        for number in 1...Self.pageLimit {
            let page = try await flow.transaction(.reprice, for: number, on: shop.transactions) { tx in
                try await SupplierCosts().apply(of: input.supplier, in: tx)
            }
            total = total.adding(page)
            if page.isLast { break }
        }
        for number in 1...Self.pageLimit {
            let page = try await flow.transaction(.safety, for: number, on: shop.transactions) { tx in
                try await SupplierSafety().apply(of: input.supplier, in: tx)
            }
            if page.isLast { break }
        }
        let told = total
        try await flow.write(.tell, in: shop) { tx in
            try await SupplierCosts().tell(told, subject: "\(flow.id)", in: tx)
        }
        return total
    }
}
